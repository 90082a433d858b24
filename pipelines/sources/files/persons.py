"""Persons in a file: their addresses and other keys, hashed before anything is written."""

from collections import Counter
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connector import ConnectorError
from pipelines.identity import email_key, keyed_hash
from pipelines.sources.files.amounts import AROUND
from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.filling import Places
from pipelines.sources.files.settings import Feed

MOST_KNOWN = 200_000  # persons that are remembered, not to be hashed again
ADDRESS = r"^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$"


class Persons:
    """The persons of one file: each is hashed once, and whether a column has any address is seen at the end."""

    def __init__(self, feed: Feed, places: Places) -> None:
        self.feed = feed
        fields = ENTITIES[feed.entity].fields
        self.fields = {name: fields[name].holds for name in ENTITIES[feed.entity].hashed if name in places}
        self.places = places
        self.known: dict[tuple[str, str], str] = {}
        self.said: Counter[str] = Counter()  # field → rows that say something
        self.have_addresses: set[str] = set()

    def with_keys(self, table: pa.Table) -> pa.Table:
        """The sheet, and for each field that is a person its keyed hash, so that no address goes beyond a filter."""
        for name, holds in self.fields.items():
            keys = self._keys(table[str(self.places[name][0])], holds)
            self.said[name] += len(keys) - keys.null_count
            if name not in self.have_addresses and pc.any(pc.not_equal(keys, pa.scalar(""))).as_py():
                self.have_addresses.add(name)
            table = table.append_column(f"{name} key", keys)
        return table

    def _keys(self, column: Any, holds: str) -> Any:
        """What is no address becomes '', what is empty stays null."""
        distinct = pc.unique(column)
        keys = [self._key(text, holds) if text and text.strip(AROUND) else None for text in distinct.to_pylist()]
        return pa.array(keys, pa.string()).take(pc.index_in(column, distinct))

    def _key(self, text: str, holds: str) -> str:
        key = self.known.get((text, holds))
        if key is None:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            key = self.known[text, holds] = person_key(text, holds)
        return key

    def check(self) -> None:
        """A column without one address is another one: its persons would silently be nobody."""
        for name, holds in self.fields.items():
            if holds == "address" and self.said[name] and name not in self.have_addresses:
                other = "" if name == "respondent_key" else " Is it another key of a person? Then map it as person_id."
                at = " or ".join(repr(one) for one in self.feed.columns[name].column)
                rows = f"{self.said[name]:,} rows"
                raise ConnectorError(f"has no e-mail address in {at} (for {name}), in none of {rows}.{other}")

    def hidden(self, cells: Any) -> Any:
        """Texts of another kind, such as customers' ids, of which those that are addresses are hashed."""
        if not pc.any(pc.match_substring(cells, "@")).as_py():
            return cells
        is_address = pc.fill_null(pc.match_substring_regex(cells, ADDRESS), False)
        return pc.if_else(is_address, self._keys(cells, "address"), cells)

    def without_addresses(self, rows: pa.Table) -> pa.Table:
        """An address that stands in a field of another kind is hashed there too."""
        for name, field in ENTITIES[self.feed.entity].fields.items():
            if field.holds in ("id", "text"):
                rows = rows.set_column(
                    rows.schema.get_field_index(name), rows.schema.field(name), self.hidden(rows[name])
                )
        return rows


def person_key(text: str, holds: str) -> str:
    """The keyed hash of an address, or of another key of a person, which can never be that of an address."""
    return email_key(text) if holds == "address" else keyed_hash(f"person:{text.strip(AROUND)}")


def nobodys(rows: pa.Table, feed: Feed) -> int:
    """Rows of leads that count for nobody: what stands for the address is none."""
    if feed.entity != "leads":
        return 0
    counted = duckdb.sql(
        "select count(*) from rows where filtered_by = '' and coalesce(email_key, '') = '' and person_id is null"
    )
    return int((counted.fetchone() or (0,))[0])
