"""A vendor's staging models over what a load left in a warehouse."""

from pathlib import Path
from typing import Any

import duckdb

from flows.places import Places
from flows.transform import build
from pipelines.connector import Connector
from pipelines.load import create_empty


def stage(data: Path, connector: Connector) -> None:
    """Build the vendor's staging models over `data / "warehouse.duckdb"`."""
    places = Places(data)
    create_empty(connector, places.warehouse)
    build(places, f"staging.{connector.name}")


def staged(data: Path, model: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
    """Rows of a staging model, in order; times in UTC."""
    with duckdb.connect(str(Places(data).warehouse), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        return warehouse.execute(f"select {columns} from staging.{model} where {where} order by all").fetchall()
