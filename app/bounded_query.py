"""One query of a stranger over the published file, in a process of its own: it reads that file, and nothing else.

`python -m app.bounded_query MARTS` takes the query on its input and answers in JSON. It imports nothing of ours,
so that it starts at once; `app.queries` starts it, and ends it in time.
"""

import json
import resource
import sys
from decimal import Decimal
from typing import Any

import duckdb

SECONDS = 10
ROWS = 500
CHARACTERS = 100_000  # of an answer
MEMORY = 4 << 30  # bytes that the process may have; DuckDB keeps its tables in a quarter of it
# Set once the file is attached: from then on no other file, no extension, no variable of Python, no change of these.
BOUNDS = """
set timezone = 'UTC';
set memory_limit = '1GB';
set temp_directory = '';
set threads = 1;
set python_enable_replacements = false;
set enable_external_access = false;
set lock_configuration = true;
"""


def _answer(marts: str, query: str) -> dict[str, Any]:
    with duckdb.connect() as connection:
        quoted = marts.replace("'", "''")
        connection.execute(f"attach '{quoted}' as marts (read_only); use marts;{BOUNDS}")
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            return {"refused": "Only one query that reads is allowed: a single select."}
        result = connection.execute(statements[0])
        columns = [column[0] for column in result.description or []]
        rows = result.fetchmany(ROWS + 1)
    return {"columns": columns, "rows": rows[:ROWS], "has_more": len(rows) > ROWS}


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)


def _bound() -> None:
    """What DuckDB does not hold itself to, the system does: memory, time of the processor, no byte into any file."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(kind, (most, most))


def main() -> None:
    """Answer the query on the input."""
    _bound()
    try:
        text = json.dumps(_answer(sys.argv[1], sys.stdin.read()), default=_plain)
        if len(text) > CHARACTERS:
            text = json.dumps({"refused": "The answer is too long: ask for fewer columns or rows."})
    except (duckdb.Error, MemoryError) as error:
        text = json.dumps({"refused": str(error)})
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
