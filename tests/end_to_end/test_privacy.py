"""After two refreshes of everything: no address, name, phone or text of a person anywhere in what was written."""

import base64
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


PACKED = re.compile(r'(?<=<script type="text/plain" id=")\w+">([^<]+)')  # in the page
ADDRESS = re.compile(r"[^\s\"'<>(),;:=\\]+@[\w.-]+")


class Personal:
    """What must not be found: an address, phone or street, a whole name, whatever somebody wrote."""

    def __init__(self, world: World) -> None:
        spelled = [spelling for one in world.people for spelling in (one.email, *one.other_emails)]
        spelled += [one.email for one in world.orders]
        self.addresses = {form for address in spelled if address for form in _forms(address)}
        names = {f"{one.first_name} {one.last_name}" for one in world.people}
        written = (
            {one.message for one in world.comments}
            | {one.comment for one in world.answers}
            | {one.comment for one in world.ticket_ratings}
            | {one.text for one in world.reviews}
            | {one.subject for one in world.tickets}
        )
        texts = sorted(re.escape(text) for text in {*names, *written} if text)
        self.texts = re.compile(rf"\+3361\d{{7}}|rue des Essais|\b({'|'.join(texts)})\b")

    def found_in(self, text: str) -> str:
        """The first that a text holds, or ''."""
        match = self.texts.search(text)
        if match:
            return match.group()
        return next((one for one in ADDRESS.findall(text) if one.strip(".").lower() in self.addresses), "")


def _forms(address: str) -> set[str]:
    """An address in lower case, as typed and with its domain in ASCII."""
    local, _, domain = address.strip().lower().rpartition("@")
    return {f"{local}@{domain}", f"{local}@{domain.encode('idna').decode()}"}


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
    text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8", "replace")
    return PACKED.sub(lambda packed: gzip.decompress(base64.b64decode(packed[1])).decode(), text)


def everything_written(places: Places) -> Iterator[tuple[str, str]]:
    for folder in (places.data, places.dbt_target, places.dbt_ran):
        for path in sorted(folder.rglob("*")):
            if path.suffix in DATABASES:
                yield from strings_of(path)
            elif path.is_file():
                yield str(path.relative_to(folder)), text_of(path)


def test_the_scan_would_find_what_it_looks_for(world: World) -> None:
    personal, person = Personal(world), world.people[7]
    for text in (person.email, person.email.upper(), person.phone, person.street, world.comments[0].message):
        assert personal.found_in(f'{{"x": "{text}"}}'), text
    assert personal.found_in(f"von {person.first_name} {person.last_name},")
    assert not personal.found_in("google_analytics@1234, test-support@gmail.com, 2026-03-01T10:00:00Z, Savon")


def test_nothing_personal_is_in_any_table_file_or_log(refreshed: Refreshed, world: World) -> None:
    personal = Personal(world)
    scanned = dict(everything_written(refreshed.places))
    assert sum("raw_" in name for name in scanned) > 200
    assert any(name.startswith("dlt/") for name in scanned)
    assert any(name.endswith("dbt.log") for name in scanned)
    assert '"cost_per_prospect"' in scanned["dashboard.html"]
    assert {name: found for name, text in scanned.items() if (found := personal.found_in(text))} == {}
