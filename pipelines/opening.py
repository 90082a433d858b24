"""Opens the warehouse, or says in a sentence why it cannot be opened and what to do."""

from pathlib import Path

import duckdb

from pipelines.connector import ConnectorError

HELD = "Could not set lock"  # so DuckDB says of a file that another process has open
TORN = ("not a valid DuckDB database file", "Corrupt database file", "Could not read", "has been invalidated")


class WarehouseRefused(ConnectorError):
    """The warehouse cannot be opened or read; the message says what to do."""


def opened(warehouse: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse."""
    try:
        return duckdb.connect(str(warehouse), read_only=read_only)
    except duckdb.Error as error:
        raise refused(warehouse, error) from None


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB says that a file is no whole database."""
    return isinstance(error, duckdb.Error) and any(said in str(error) for said in TORN)


def refused(warehouse: Path, error: duckdb.Error) -> WarehouseRefused:
    """Why the warehouse cannot be used."""
    if HELD in str(error):
        return WarehouseRefused(
            f"{warehouse} is open in another program, or a refresh is running (see: parcours status). "
            "Close it there, or wait; then run this again."
        )
    if is_damage(error):
        return WarehouseRefused(
            f"{warehouse} is damaged. Restore the last backup: parcours restore FILE --force; without one, move the "
            "file away and refresh: what vendors still have is loaded again, history and captures are lost."
        )
    return WarehouseRefused(f"{warehouse} cannot be opened: {str(error).splitlines()[0]}")
