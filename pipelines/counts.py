"""How many rows a load was given, by account and definition, as its lines in the load log say."""

from collections import Counter

import pyarrow as pa

from pipelines.connector import Plan, Pull, Table


def count(name: str, table: Table, batch: pa.Table, plan: Plan, counts: Counter[tuple[str, ...]]) -> None:
    """Rows per account and definition; all together where one pull covers the whole table."""
    if not any(pull.account_id for pull in plan.of(name)):
        counts[name, ""] += batch.num_rows
        return
    by = [table.key[0]] + (["definition"] if "definition" in table.key else [])
    for row in batch.group_by(by).aggregate([([], "count_all")]).to_pylist():
        counts[name, *(str(row[column]) for column in by)] += row["count_all"]


def rows_of(pull: Pull, table: Table, counts: Counter[tuple[str, ...]]) -> int:
    """Rows of one pull; a pull of account '' covers the whole table."""
    if not pull.account_id:
        return sum(n for key, n in counts.items() if key[0] == pull.table)
    key = (pull.table, pull.account_id) + ((pull.definition,) if "definition" in table.key else ())
    return counts[key]
