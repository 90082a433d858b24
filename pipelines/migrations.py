"""The schema version of a warehouse, and the steps that bring one of before to it (decision 15 says how to add one)."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from pipelines import kept
from pipelines.connector import ConnectorError

log = logging.getLogger(__name__)
Migration = Callable[[duckdb.DuckDBPyConnection], None]

VERSION_TABLE = "create table if not exists raw_parcours.schema_version (version integer, migrated_at timestamptz)"


def _version_1(connection: duckdb.DuckDBPyConnection) -> None:
    """What rows of before were not asked for is asked once, from the first day of history."""
    ask_again(connection, "shopify", "orders")  # the shop's own money, and each order as it was first paid
    # Stripe: what a credit note took off before payment; its lists are filtered by creation, so none shows it later.
    ask_again(connection, "stripe", "invoices", "invoice_lines")


def _version_2(connection: duckdb.DuckDBPyConnection) -> None:
    """Typeform's scores are numbers of any kind: 4.5 is one."""
    for table in ("nps_responses", "csat_responses"):
        found = connection.execute(
            "select 1 from duckdb_columns() "
            "where schema_name = 'raw_typeform' and table_name = ? and column_name = 'score'",
            [table],
        )
        if found.fetchone():
            connection.execute(f"alter table raw_typeform.{table} rename score to answer")
            connection.execute(f"alter table raw_typeform.{table} alter answer type double")


def _version_3(connection: duckdb.DuckDBPyConnection) -> None:
    """Whom the warehouse has forgotten is a table of its own: a program that does not read it would bring them back."""


# The first is that of version 1. A version that a user may have is never changed any more: the next one follows it.
MIGRATIONS: Sequence[Migration] = (_version_1, _version_2, _version_3)


def ask_again(connection: duckdb.DuckDBPyConnection, source: str, *tables: str) -> None:
    """The tables count as never loaded: their rows stay, and the next load asks for all of their history."""
    for table in tables:
        connection.execute("delete from raw_parcours.loads where source = ? and table_name = ?", [source, table])


def version(connection: duckdb.DuckDBPyConnection) -> int:
    """The version that a warehouse carries; 0 is that of one made before there were versions, or of an empty file."""
    try:
        found = connection.execute("select coalesce(max(version), 0) from raw_parcours.schema_version").fetchone()
    except duckdb.CatalogException:
        return 0
    return int(found[0]) if found else 0


def is_behind(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a warehouse lacks migrations; one that a newer program has migrated is refused, and left as it is."""
    here = version(connection)
    if here > len(MIGRATIONS):
        raise ConnectorError(
            f"The warehouse has schema version {here}, and this version of Parcours knows those up to "
            f"{len(MIGRATIONS)}: a newer one has written it. Install that version again, or start a new warehouse."
        )
    return here < len(MIGRATIONS)


def migrate(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Every step that the warehouse lacks, after a copy of what no refresh can make again; a new file has nothing."""
    here = version(connection)
    if here < len(MIGRATIONS) and connection.execute("select 1 from raw_parcours.refreshes limit 1").fetchone():
        copy = warehouse.with_name(f"{warehouse.stem}.version-{here}.duckdb")
        kept.copy(connection, warehouse.stem, copy)
        for older in warehouse.parent.glob(f"{warehouse.stem}.version-*.duckdb"):
            if older != copy:  # of an upgrade before this one, which has held since
                older.unlink()
        log.warning(
            "The warehouse is brought from schema version %s to %s. What it held before is in %s: "
            "delete that once you have seen that all is well.",
            *(here, len(MIGRATIONS), copy),
        )
    apply(connection)


def apply(connection: duckdb.DuckDBPyConnection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Every step that the warehouse lacks, each whole or not at all, with a line that says when it was taken."""
    for number, migration in enumerate(migrations, start=1):
        if number <= version(connection):
            continue
        connection.execute("begin")
        try:
            connection.execute(VERSION_TABLE)
            migration(connection)
            connection.execute("insert into raw_parcours.schema_version values (?, now())", [number])
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")
