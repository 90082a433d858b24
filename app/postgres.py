"""`parcours export postgres`: every published table in a schema of PostgreSQL, in one transaction.

Rows of a table that has its columns already are deleted and written anew, rather than the table: who reads meanwhile
waits for nothing and reads what was there before, and views and rights of others stay.
"""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from app.tables import copy
from dashboard.published import Ask, Rows, opened
from pipelines.connector import ConnectorError
from pipelines.sql import literal

ADDRESS = "PARCOURS_POSTGRES_URL"
EXAMPLE = "postgresql://user:password@host:5432/database, with % and two digits for what is no letter or digit"
EXPORTED = "parcours_tables"  # says which tables of the schema are ours
TYPES = {  # as PostgreSQL calls them; a decimal is numeric, and what is not named is text
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(39,0)",
    "DOUBLE": "double precision",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
}
CONNECTS_WITHIN_SECONDS = 60
WAITS_FOR_OTHERS = "60s"  # who hold a table of which columns changed, or export at the same time
LONGEST_NAME = 63  # bytes; PostgreSQL cuts what is longer

Columns = list[tuple[str, str]]  # names and types


class DatabaseRefused(ConnectorError):
    """Nothing was exported; the message says what to do, and nothing of the address."""


def write_schema(marts: Path, schema: str) -> int:
    """Replace what the schema holds of the published tables, in the database that the environment names.

    Gives the number of tables. Raises `DatabaseRefused`; the schema then holds what it held before.
    """
    if not os.environ.get(ADDRESS):
        raise DatabaseRefused(f"{ADDRESS} is not set: put the address into .env beside the settings, as {EXAMPLE}.")
    if not 0 < len(schema.encode()) <= LONGEST_NAME:
        raise DatabaseRefused(f"A schema's name has 1 to {LONGEST_NAME} bytes: choose another --schema.")
    with opened(marts) as ask:
        try:
            return asyncio.run(_write(ask, schema))
        except asyncpg.LockNotAvailableError:
            raise DatabaseRefused(
                f"Another export, or a reader of a table whose columns change, held {schema!r} for "
                f"{WAITS_FOR_OTHERS}: try again."
            ) from None
        except asyncpg.PostgresError as error:
            said = " ".join(str(error).split())
            raise DatabaseRefused(
                f"PostgreSQL refuses the export, and keeps what it had ({said}): change that, or choose another "
                "--schema."
            ) from None
        except (OSError, asyncpg.InterfaceError):
            raise DatabaseRefused(f"The database of {ADDRESS} hung up, and keeps what it had: try again.") from None


async def _write(ask: Ask, schema: str) -> int:
    connection = await _connected()
    try:
        async with connection.transaction():
            return await _replace(ask, connection, schema)
    finally:
        await connection.close(timeout=CONNECTS_WITHIN_SECONDS)


async def _connected() -> asyncpg.Connection:
    try:
        return await asyncpg.connect(os.environ[ADDRESS], timeout=CONNECTS_WITHIN_SECONDS)
    except asyncpg.PostgresError as error:
        raise DatabaseRefused(f"The database lets nobody in: {error}. Correct {ADDRESS}, or the database.") from None
    except OSError:  # a time that is spent, too
        raise DatabaseRefused(f"No database answers at {ADDRESS}: start it, or correct the address.") from None
    except (ValueError, asyncpg.InterfaceError):
        raise DatabaseRefused(f"{ADDRESS} is no address of PostgreSQL: write it as {EXAMPLE}.") from None


async def _replace(ask: Ask, connection: asyncpg.Connection, schema: str) -> int:
    await connection.execute(
        f"set local lock_timeout = '{WAITS_FOR_OTHERS}'; set local standard_conforming_strings = on"
    )
    await connection.execute("select pg_advisory_xact_lock(hashtext($1))", f"parcours {schema}")
    if not await connection.fetchval("select 1 from pg_namespace where nspname = $1", schema):
        await connection.execute(f"create schema {_name(schema)}")
    exported = f"{_name(schema)}.{_name(EXPORTED)}"
    await connection.execute(f"create table if not exists {exported} (table_name text, as_of timestamptz)")
    ours = {row["table_name"] for row in await connection.fetch(f"select table_name from {exported}")}
    tables = ask(
        "select table_name as name, comment from duckdb_tables() where database_name = 'marts' order by table_name"
    )
    for table in sorted(ours - {one["name"] for one in tables}):
        await connection.execute(f"drop table if exists {_name(schema)}.{_name(table)}")
    for table in tables:
        await _replace_table(ask, connection, schema, table["name"], table["comment"], table["name"] in ours)
    [published] = ask("select max(as_of) as as_of from marts.kpi_values")
    await connection.execute(f"delete from {exported}")
    await connection.executemany(
        f"insert into {exported} values ($1, $2)", [(table["name"], published["as_of"]) for table in tables]
    )
    return len(tables)


async def _replace_table(
    ask: Ask, connection: asyncpg.Connection, schema: str, table: str, comment: str | None, is_ours: bool
) -> None:
    name = f"{_name(schema)}.{_name(table)}"
    said = ask(
        "select column_name as name, data_type, comment from duckdb_columns() "
        "where database_name = 'marts' and table_name = $table order by column_index",
        {"table": table},
    )
    wanted = [(column["name"], _type(column["data_type"])) for column in said]
    there = await _columns(connection, schema, table)
    if there and not is_ours:
        raise DatabaseRefused(f"{schema}.{table} is there already, and no export made it: choose another --schema.")
    if there == wanted:
        await connection.execute(f"delete from {name}")
    else:
        await connection.execute(f"drop table if exists {name}")
        columns = ", ".join(f"{_name(column)} {kind}" for column, kind in wanted)
        await connection.execute(f"create table {name} ({columns})")
    comments = [f"comment on table {name} is {_said(comment)}"]
    comments += [f"comment on column {name}.{_name(one['name'])} is {_said(one['comment'])}" for one in said]
    await connection.execute(";".join(comments))
    await _fill(ask, connection, schema, table, said)


async def _fill(ask: Ask, connection: asyncpg.Connection, schema: str, table: str, columns: Rows) -> None:
    # No text of PostgreSQL holds the character zero.
    values = ", ".join(
        f"replace({_name(one['name'])}, chr(0), '') as {_name(one['name'])}"
        if one["data_type"] == "VARCHAR"
        else _name(one["name"])
        for one in columns
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        rows = copy(ask, f"(select {values} from marts.{_name(table)})", file, "csv")
        done = await connection.copy_to_table(table, schema_name=schema, source=file, format="csv", header=True)
    if done != f"COPY {rows}":
        raise DatabaseRefused(f"{table} has {rows} rows, and of them came {done}: report this; nothing was changed.")


async def _columns(connection: asyncpg.Connection, schema: str, table: str) -> Columns:
    found = await connection.fetch(
        "select attname, format_type(atttypid, atttypmod) as kind from pg_attribute "
        "join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname = $1 and relname = $2 and attnum > 0 and not attisdropped order by attnum",
        schema,
        table,
    )
    return [(row["attname"], row["kind"]) for row in found]


def _type(data_type: str) -> str:
    if data_type.startswith("DECIMAL("):
        return data_type.replace("DECIMAL", "numeric")
    return TYPES.get(data_type, "text")


def _said(comment: str | None) -> str:
    return literal(comment) if comment else "null"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
