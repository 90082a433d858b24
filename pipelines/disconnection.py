"""What the warehouse holds of a source, or of one account of it, and how all of it goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb

from pipelines import load, slices
from pipelines.registry import CONNECTORS
from pipelines.sql import literal

OF_SETTINGS = ("sources", "setting_items", "scopes", "feeds")  # written anew from the settings
Rows = dict[str, int]  # table → rows


@dataclass(frozen=True)
class Part:
    """A source, or one of the accounts that its options list."""

    source: str
    account: str = ""

    def __str__(self) -> str:
        return f"{self.source}/{self.account}" if self.account else self.source


def accounts(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """The accounts of which raw tables hold rows."""
    columns = CONNECTORS[source].account_columns.items()
    there = _tables(connection, f"raw_{source}")
    asked = [f'select "{column}" from raw_{source}.{name}' for name, column in columns if name in there]
    if not asked:
        return []
    return [found for (found,) in connection.execute(f"{' union '.join(asked)} order by 1").fetchall()]


def count(connection: duckdb.DuckDBPyConnection, part: Part) -> Rows:
    """The rows of each raw table and of each table of the load log, where there are some."""
    counted = {}
    for table, condition in [*_raw(connection, part, f"raw_{part.source}"), *_log(connection, part)]:
        [(rows,)] = connection.execute(f"select count(*) from {table} where {condition}").fetchall()
        if rows:
            counted[table] = rows
    return counted


def remove(connection: duckdb.DuckDBPyConnection, part: Part, zone: ZoneInfo, at: datetime) -> None:
    """Take all of it out, dlt's own tables too where the whole source goes, and note that it went at this instant."""
    schemas = (f"raw_{part.source}", f"raw_{part.source}_staging")  # what dlt merged last is in the other one
    gone = [*(one for schema in schemas for one in _raw(connection, part, schema)), *_log(connection, part)]
    for table, condition in gone:
        connection.execute(f"delete from {table} where {condition}")
    if part.account:
        _remove_from_shared(connection, part, zone, at)
    else:
        for schema in schemas:
            connection.execute(f"drop schema if exists {schema} cascade")
        load.add_tables(connection, CONNECTORS[part.source])
    connection.execute("insert into raw_parcours.disconnections values (?, ?)", [str(part), at])


def is_noted(connection: duckdb.DuckDBPyConnection, what: str) -> bool:
    """Whether it went before; of an account its own name does."""
    if "disconnections" not in _tables(connection, "raw_parcours"):
        return False
    asked = "select 1 from raw_parcours.disconnections where what = ? or ends_with(what, ?)"
    found = connection.execute(asked, [what, f"/{what}"]).fetchone()
    return found is not None


def _remove_from_shared(connection: duckdb.DuckDBPyConnection, part: Part, zone: ZoneInfo, at: datetime) -> None:
    """What the load log keeps of several accounts together."""
    connector = CONNECTORS[part.source]
    shared = {name: connector.tables[name] for name in connector.account_columns}
    slices.recount(connection, part.source, shared, zone, at)
    of_all = f"source = '{part.source}' and account_id = ''"
    # a hash may be the list of the accounts that were read whole, with spaces between
    connection.execute(
        "update raw_parcours.loads set content_hash = "
        "array_to_string(list_filter(string_split(content_hash, ' '), lambda one: one != ?), ' ') "
        f"where {of_all} and contains(content_hash, ?)",
        [part.account, part.account],
    )
    connection.execute(  # of tables that none of the others is loaded into
        f"delete from raw_parcours.fields where source = '{part.source}' and table_name not in "
        f"(select table_name from raw_parcours.loads where source = '{part.source}')"
    )
    connection.execute(
        f"delete from raw_parcours.held_back where {of_all} and contains(row_key, ?)", [f'"{part.account}"']
    )


def _raw(connection: duckdb.DuckDBPyConnection, part: Part, schema: str) -> Iterator[tuple[str, str]]:
    """Each of the source's tables that there is, and which of its rows are meant."""
    connector = CONNECTORS[part.source]
    for name in sorted(_tables(connection, schema) & connector.tables.keys()):
        if not part.account:
            yield f"{schema}.{name}", "true"
        elif name in connector.account_columns:
            yield f"{schema}.{name}", f'"{connector.account_columns[name]}" = {literal(part.account)}'


def _log(connection: duckdb.DuckDBPyConnection, part: Part) -> Iterator[tuple[str, str]]:
    """Each table of the load log that tells of sources, and which of its rows are meant."""
    of_source = f"source = '{part.source}'"
    found = connection.execute(
        "select table_name, list(column_name) from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'raw_parcours' group by 1 having list_contains(list(column_name), 'source') order by 1"
    ).fetchall()
    for name, columns in found:
        if name in OF_SETTINGS:
            continue
        if not part.account:
            yield f"raw_parcours.{name}", of_source
        elif "account_id" in columns:
            yield f"raw_parcours.{name}", f"{of_source} and {_is_of('account_id', part.account, '/')}"
        elif name == "fields":  # those of a feed's files
            yield f"raw_parcours.{name}", f"{of_source} and {_is_of('field', part.account, '.')}"


def _is_of(column: str, account: str, mark: str) -> str:
    """An account's own name, or that of something of it: a file of a feed, a metric of a page."""
    return f"({column} = {literal(account)} or starts_with({column}, {literal(account + mark)}))"


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> set[str]:
    found = connection.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = ?", [schema]
    ).fetchall()
    return {name for (name,) in found}
