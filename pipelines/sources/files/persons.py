"""Persons in a file: their addresses and other keys, hashed before anything is written."""

from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connector import ConnectorError
from pipelines.identity import email_key, keyed_hash
from pipelines.sources.files.amounts import AROUND
from pipelines.sources.files.entities import ENTITIES, Field
from pipelines.sources.files.filling import Places
from pipelines.sources.files.settings import Feed
from pipelines.sources.files.sheets import Sheet

ADDRESS = r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"


def with_keys(sheet: Sheet, feed: Feed, places: Places) -> pa.Table:
    """The sheet, and for each field that is a person its keyed hash, so that no address goes beyond a filter."""
    table = sheet.table
    for name, field in ENTITIES[feed.entity].fields.items():
        if field.holds in ("address", "person") and name in places:
            column = table[str(places[name][0])]
            keys = _keys(column, field)
            if field.holds == "address":
                _check_addresses(keys, name, feed)
            table = table.append_column(f"{name} key", keys)
    return table


def _keys(column: Any, field: Field) -> Any:
    """Each person hashed once; what is no address becomes '', what is empty stays null."""
    distinct = pc.unique(column)
    keys = [person_key(text, field.holds) if text and text.strip(AROUND) else None for text in distinct.to_pylist()]
    return pa.array(keys, pa.string()).take(pc.index_in(column, distinct))


def person_key(text: str, holds: str) -> str:
    """The keyed hash of an address, or of another key of a person, which can never be that of an address."""
    return email_key(text) if holds == "address" else keyed_hash(f"person:{text.strip(AROUND)}")


def _check_addresses(keys: Any, name: str, feed: Feed) -> None:
    """A column without one address is another one: its persons would silently be nobody."""
    said = pc.drop_null(keys)
    if pc.unique(said).to_pylist() == [""]:
        other = "" if name == "respondent_key" else " Is it another key of a person? Then map it as person_id."
        at = " or ".join(repr(one) for one in feed.columns[name].column)
        raise ConnectorError(f"has no e-mail address in {at} (for {name}), in none of {len(said):,} rows.{other}")


def nobodys(rows: pa.Table, feed: Feed) -> int:
    """Rows of leads that count for nobody: what stands for the address is none."""
    if feed.entity != "leads":
        return 0
    counted = duckdb.sql(
        "select count(*) from rows where filtered_by = '' and coalesce(email_key, '') = '' and person_id is null"
    )
    return int((counted.fetchone() or (0,))[0])


def without_addresses(rows: pa.Table, feed: Feed) -> pa.Table:
    """An address that stands in a field of another kind, such as a customer's id, is hashed there too."""
    for name, field in ENTITIES[feed.entity].fields.items():
        if field.holds not in ("id", "text"):
            continue
        cells: Any = rows[name]
        is_address = pc.fill_null(pc.match_substring_regex(cells, ADDRESS), False)
        if pc.any(is_address).as_py():
            hashed = pc.if_else(is_address, _keys(cells, Field("address")), cells)
            rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), hashed)
    return rows
