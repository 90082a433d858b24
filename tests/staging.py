"""A vendor's staging models over what a load left in a warehouse."""

from pathlib import Path
from typing import Any

import duckdb

from flows.places import Places
from flows.replay import relations
from flows.transform import build
from pipelines.connector import Connector
from pipelines.load import create_empty


def stage(data: Path, connector: Connector) -> None:
    """Build the vendor's staging models over `data / "warehouse.duckdb"`."""
    places = Places(data)
    create_empty(connector, places.warehouse)
    is_first = not any(name.startswith(f"staging.stg_{connector.name}__") for name in relations(places))
    build(places, f"staging.{connector.name}", is_first)


def staged(data: Path, model: str, columns: str = "*", where: str = "true") -> list[tuple[Any, ...]]:
    """Rows of a staging model, in order; times in UTC."""
    with duckdb.connect(str(Places(data).warehouse), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        return warehouse.execute(f"select {columns} from staging.{model} where {where} order by all").fetchall()
