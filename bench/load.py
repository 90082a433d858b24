"""How long a load takes: `python bench/load.py [rows]` prints ratios against the first load of Arrow rows in this run.

Linear means: twice the rows, twice the time; and replacing rows costs about what loading them did.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.load import load
from pipelines.plan import Asked

FIRST_DAY, DAYS = date(2026, 1, 1), 28
COLUMNS: dict[str, pa.DataType] = {
    "account_id": pa.string(),
    "date_day": pa.date32(),
    "campaign": pa.string(),
    "clicks": pa.string(),
}
REPORT = Table(
    pa.schema(list(COLUMNS.items())),
    ("account_id", "date_day", "campaign"),
    "slices",
    DAYS,
    ("account_id", "date_day"),
)


def connector(rows: int, as_arrow: bool) -> Connector:
    """A vendor in memory with so many rows over 28 days."""
    days = [FIRST_DAY + timedelta(days=number % DAYS) for number in range(rows)]
    columns: dict[str, list[Any]] = {
        "account_id": ["1"] * rows,
        "date_day": days,
        "campaign": [str(number) for number in range(rows)],
        "clicks": ["7"] * rows,
    }
    table = pa.table(columns, schema=REPORT.columns)

    @dlt.source(name="toy", section="toy", max_table_nesting=0)
    def toy(_options: Options, _plan: Plan) -> list[DltResource]:
        def report() -> Iterator[Any]:
            yield table if as_arrow else table.to_pylist()

        return [dlt.resource(report, name="report")]

    return Connector("toy", "Toy", {"report": REPORT}, Options, toy, lambda _, __: [Scope("1")], lambda _: [])


def seconds(folder: Path, rows: int, as_arrow: bool, hour: int) -> float:
    """One load into a folder; a second one with another hour replaces the first's rows."""
    through = FIRST_DAY + timedelta(days=DAYS - 1)
    asked = Asked(through, datetime(2026, 2, 1, hour, tzinfo=UTC), ZoneInfo("UTC"), FIRST_DAY)
    vendor = connector(rows, as_arrow)
    started = time.monotonic()
    load(vendor, Options(), folder / "warehouse.duckdb", folder / "state", asked)
    return time.monotonic() - started


def main(rows: int) -> None:
    """Measure, and print each ratio beside its baseline."""
    os.environ.setdefault("PARCOURS_IDENTITY_KEY", "a key for benchmarks only")
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        tempfile.TemporaryDirectory() as three,
    ):
        seconds(Path(three), 100, True, 0)  # imports and the first connection
        first = seconds(Path(one), rows, True, 1)
        measured = {
            f"replacing {rows:,} Arrow rows": seconds(Path(one), rows, True, 2),
            f"first load of {2 * rows:,} Arrow rows": seconds(Path(two), 2 * rows, True, 1),
            f"first load of {rows:,} dict rows": seconds(Path(three), rows, False, 1),
        }
    print(f"baseline: first load of {rows:,} Arrow rows, {first:.2f} s, {rows / first:,.0f} rows/s")
    for what, took in measured.items():
        print(f"{took / first:5.2f} × {what}, {took:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
