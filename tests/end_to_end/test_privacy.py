"""After two refreshes of everything: no address, name, phone or text of a person anywhere in what was written."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from flows.places import Places
from sandbox.events import World
from tests.end_to_end.conftest import Refreshed

DATABASES = (".duckdb",)  # their strings are compressed: read by SQL


def personal(world: World) -> re.Pattern[str]:
    """What must not be found: an address of any domain of the world, whole names, phones, streets, what was written."""
    domains = {re.escape(one.email.rpartition("@")[2]) for one in world.people} | {r"xn--[a-z0-9-]+\.example"}
    names = {f"{one.first_name} {one.last_name}" for one in world.people}
    texts = (
        {one.message for one in world.comments}
        | {one.comment for one in world.answers}
        | {one.comment for one in world.ticket_ratings}
        | {one.text for one in world.reviews}
        | {one.subject for one in world.tickets}
    )
    written = sorted(re.escape(text) for text in {*names, *texts} if text)
    return re.compile(rf"(?i)@({'|'.join(sorted(domains))})|\+3361\d{{7}}|rue des Essais|\b({'|'.join(written)})\b")


def strings_of(database: Path) -> Iterator[tuple[str, str]]:
    """Every text column of a database, as one text."""
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' "
            "and not internal and schema_name != 'staging'"
        ).fetchall()
        for schema, table, column in columns:
            found = connection.execute(f'select string_agg(distinct "{column}", chr(10)) from "{schema}"."{table}"')
            yield f"{database.name}: {schema}.{table}.{column}", (found.fetchone() or ("",))[0] or ""


def text_of(path: Path) -> str:
    """A file's content, whatever wraps it."""
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        return "\n".join(str(table.column(name).to_pylist()) for name in table.column_names)
    content = path.read_bytes()
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8", "replace")


def everything_written(places: Places) -> Iterator[tuple[str, str]]:
    for path in sorted(places.data.rglob("*")):
        if path.suffix in DATABASES:
            yield from strings_of(path)
        elif path.is_file():
            yield str(path.relative_to(places.data)), text_of(path)


def test_the_scan_would_find_what_it_looks_for(world: World) -> None:
    pattern, person = personal(world), world.people[7]
    for text in (person.email, person.email.upper(), person.phone, person.street, world.comments[0].message):
        assert pattern.search(f'{{"x": "{text}"}}'), text
    assert pattern.search(f"von {person.first_name} {person.last_name},")
    assert not pattern.search("google_analytics@1234, purchases, 2026-03-01T10:00:00Z, Savon")


def test_nothing_personal_is_in_any_table_file_or_log(refreshed: Refreshed, world: World) -> None:
    pattern = personal(world)
    scanned = dict(everything_written(refreshed.places))
    assert sum("raw_" in name for name in scanned) > 200
    assert any(name.startswith("dlt/") for name in scanned)
    assert any(name.endswith("dbt.log") for name in scanned)
    found = {name: match.group() for name, text in scanned.items() if (match := pattern.search(text))}
    assert found == {}
