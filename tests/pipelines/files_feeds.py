"""Feeds of the files connector as its tests declare them, and what a load of them leaves."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.load import LoadResult
from pipelines.plan import Asked
from pipelines.sources.files import CONNECTOR
from pipelines.sources.files.settings import FilesOptions
from tests.pipelines.loads import load_whole

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Paris")

HEADER = "order,day,email,item,units,price\n"
COLUMNS = {
    "order_id": "order",
    "paid_at": "day",
    "email_key": "email",
    "product_name": "item",
    "quantity": "units",
    "unit_price": "price",
}


def feed(location: Path | str, **more: Any) -> dict[str, Any]:
    """A feed of order lines in euros, in the columns of `HEADER` unless told otherwise."""
    said = {"entity": "order_lines", "location": str(location), "columns": COLUMNS, "constants": {"currency": "EUR"}}
    return said | more


def pull(folder: Path, days: int = 0, /, **feeds: dict[str, Any]) -> LoadResult:
    """Load the feeds, `days` days after the first load."""
    options = FilesOptions.model_validate({"feeds": feeds})
    asked = Asked(DAY, NOON + timedelta(days=days), ZONE, DAY)
    return load_whole(CONNECTOR, options, folder / "data" / "warehouse.duckdb", folder / "state", asked)


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        return warehouse.execute(sql).fetchall()


def lines(folder: Path, columns: str = "order_id, quantity, unit_price") -> list[tuple[Any, ...]]:
    return query(folder, f"select {columns} from raw_files.order_lines order by file_id, row_number")


def rejects(folder: Path) -> list[tuple[Any, ...]]:
    return query(folder, "select file_id, row_number, field, reason from raw_files.rejects order by all")


def write(path: Path, rows: str, header: str = HEADER, encoding: str = "utf-8") -> None:
    path.write_bytes((header + rows).encode(encoding))
