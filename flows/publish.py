"""Publish the marts: one read-only DuckDB file, swapped in whole, so that readers are never locked out."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from flows import own_models
from flows.places import Places
from flows.swapped import swapped_in
from pipelines.connector import ConnectorError
from pipelines.settings import Published
from pipelines.sql import literal

SCHEMA = "marts"
# Earlier parts of open periods are periods to the models alone (decision 20): readers find them in kpi_comparisons.
CALENDAR_PERIODS = "where not ends_with(grain, '_to_date')"
STORAGE_VERSION = "v1.0.0"  # the oldest that DuckDB still writes: every BI driver of today opens it


class PublishRefused(ConnectorError):
    """What people open cannot be put where the settings say; the message says what to change."""


def publish(
    places: Places,
    published: Published = Published(),  # noqa: B008  frozen
    warehouse: Path | None = None,
) -> list[str]:
    """Copy every table of the marts, with its comments, into a new file and swap it in; gives the tables' names.

    The business's own models are among them. `warehouse` is one that was built elsewhere.

    Of what is worked out per period, the calendar's periods are copied.

    Readers that hold the old file keep the old data; a reader that comes later sees the new. A failure leaves the old.
    """
    target = published.path(places.marts)
    _share(target.parent, published, places)
    with place(target, published) as fresh:
        _log_of(fresh).unlink(missing_ok=True)
        tables = _copy(warehouse or places.warehouse, fresh)
    link(places.marts, target)
    return tables


@contextmanager
def place(target: Path, published: Published) -> Iterator[Path]:
    """A path to write to; the file takes the target's place whole, for those who may read what is published."""
    with swapped_in(target) as fresh:
        yield fresh
        _give(fresh, published, published.bits)
        # A careless reader's write-ahead log would be replayed onto the new file.
        _log_of(target).unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _share(folder: Path, published: Published, places: Places) -> None:
    """A folder of its own can be entered by whoever may read the file; the data directory stays private."""
    if folder == places.data:
        return
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            _give(folder, published, published.bits | (published.bits & 0o444) >> 2)
    except OSError as error:
        raise PublishRefused(f"{folder} cannot be written ({error.strerror}): see [published] folder.") from None


def _give(path: Path, published: Published, mode: int) -> None:
    try:
        if published.group:
            shutil.chown(path, group=published.group)
        path.chmod(mode)
    except (LookupError, OSError) as error:
        raise PublishRefused(
            f"{path} cannot be given to the group {published.group!r} ({error}): see [published] group."
        ) from None


def link(here: Path, target: Path) -> None:
    """Where the file lies elsewhere, its name in the data directory leads there."""
    if here == target:
        return
    fresh = here.with_suffix(".link")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    os.replace(fresh, here)


def _copy(warehouse: Path, fresh: Path) -> list[str]:
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(warehouse)} as warehouse (read_only)")
        connection.execute(f"attach {literal(fresh)} as fresh (storage_version '{STORAGE_VERSION}')")
        of_marts = "where database_name = 'warehouse' and schema_name in (?, ?) order by 1"
        schemas = [SCHEMA, own_models.SCHEMA]
        tables = connection.execute(
            f"select table_name, comment, schema_name from duckdb_tables() {of_marts}", schemas
        ).fetchall()
        columns = connection.execute(
            f"select table_name, column_name, comment from duckdb_columns() semi join duckdb_tables() "
            f"using (database_name, schema_name, table_name) {of_marts}",
            schemas,
        ).fetchall()
        by_period = {table for table, column, _ in columns if column == "grain"}
        for table, _, schema in tables:
            rows = CALENDAR_PERIODS if table in by_period else ""
            connection.execute(
                f'create table fresh.main."{table}" as from warehouse.{schema}."{table}" {rows} order by all'
            )
        connection.execute("begin")
        for table, text, _ in tables:
            _comment(connection, f'table fresh.main."{table}"', text)
        for table, column, text in columns:
            _comment(connection, f'column fresh.main."{table}"."{column}"', text)
        connection.execute("commit")
        connection.execute("checkpoint fresh")
        return [table for table, _, _ in tables]


def _comment(connection: duckdb.DuckDBPyConnection, what: str, text: str | None) -> None:
    if text:
        connection.execute(f"comment on {what} is {literal(text)}")
