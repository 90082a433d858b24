"""Persons who have lapsed: from whom nothing has come for so long that they are to be forgotten."""

import re
from calendar import monthrange
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import duckdb

from pipelines import forgotten
from pipelines.connector import Connector, Table
from pipelines.slices import day_of
from pipelines.sql import named

HASH = re.compile("[0-9a-f]{64}")  # else it names no person, but the business itself


@dataclass(frozen=True)
class Lapsed:
    """How many persons the warehouse knows, how many of them have lapsed, and the marks of those."""

    known: int
    lapsed: int
    marks: set[str]


@dataclass
class Seen:
    """The last business day on which a person did something, and the first one of all that is known of them."""

    acted_on: date = date.min
    first_on: date = date.max

    @property
    def last_contact(self) -> date:
        """Who never did anything was collected on the first day; what has no day is as old as can be."""
        return self.acted_on if self.acted_on != date.min or self.first_on == date.max else self.first_on

    def add(self, other: "Seen") -> None:
        """What is known by another mark of the same person."""
        self.acted_on, self.first_on = max(self.acted_on, other.acted_on), min(self.first_on, other.first_on)


def knows_persons(connector: Connector) -> bool:
    """Whether a source tells of persons at all."""
    return any(forgotten.columns_of(table) for table in connector.tables.values())


def find(
    connection: duckdb.DuckDBPyConnection, connectors: Collection[Connector], since: date, zone: ZoneInfo
) -> Lapsed:
    """The persons whose last contact was before a business day: all marks that contacts tie together (decision 13)."""
    parents: dict[str, str] = {}
    seen: dict[str, Seen] = {}
    for marks, one in _rows(connection, connectors, zone):
        for mark in marks:
            parents.setdefault(mark, mark)
            parents[_root(parents, mark)] = _root(parents, marks[0])
            seen.setdefault(mark, Seen()).add(one)
    persons: dict[str, Seen] = {}
    for mark, one in seen.items():
        persons.setdefault(_root(parents, mark), Seen()).add(one)
    lapsed = {root for root, one in persons.items() if one.last_contact < since}
    return Lapsed(len(persons), len(lapsed), {mark for mark in seen if _root(parents, mark) in lapsed})


def first_day_kept(months: int, today: date) -> date:
    """The first business day whose contacts are no older than so many months."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _rows(
    connection: duckdb.DuckDBPyConnection, connectors: Collection[Connector], zone: ZoneInfo
) -> Iterator[tuple[list[str], Seen]]:
    """The marks that a contact ties together, or one alone, with the days of what is known by them."""
    nobodies = forgotten.nobodies(connection)
    for source, name, table in forgotten.person_tables(connection, connectors):
        columns = forgotten.columns_of(table)
        day = day_of(table, zone)
        found = connection.execute(
            f"select {named(columns)}, max({day}) filter (where {table.acts}), min({day}) "
            f"from raw_{source}.{name} group by {named(columns)}"
        ).fetchall()
        for *values, acted_on, first_on in found:
            held = dict(zip(columns, values, strict=True))
            if any(_is_nobody(held[column], nobodies) for column in table.contact):
                continue  # so are the addresses that it has had since
            marks = [
                forgotten.mark(source, table, column, value)
                for column, value in held.items()
                if _is_persons(table, column, value) and not _is_nobody(value, nobodies)
            ]
            one = Seen(acted_on or date.min, first_on or date.max)
            if table.contact and marks:
                yield marks, one
            else:
                yield from (([mark], one) for mark in marks)


def _is_persons(table: Table, column: str, value: str | int | None) -> bool:
    return value not in (None, "") and (column in table.contact or bool(HASH.fullmatch(str(value))))


def _is_nobody(value: str | int | None, nobodies: set[str]) -> bool:
    return value < 0 if isinstance(value, int) else value in nobodies


def _root(parents: dict[str, str], mark: str) -> str:
    while parents[mark] != mark:
        parents[mark] = parents[parents[mark]]
        mark = parents[mark]
    return mark
