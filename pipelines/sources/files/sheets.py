"""What every reader of files gives: a table of texts, where its rows stand, and those that are none."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa

from pipelines.sources.files.places import Content
from pipelines.sources.files.settings import Column, Feed

CHUNK_ROWS = 10_000  # few enough for the garbage collector not to walk through them again and again
PORTION_ROWS = 100_000
HEADER_WITHIN = 50  # lines: a title, a period, a comment or two stand above a header, not a table
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# A cell that is one of these words, perhaps with what it is the total of: "Total: Account", "Totale generale (3)".
TOTAL_WORDS = (
    "(grand |sub|sub-|overall |report |sous-)?totals?( g[ée]n[ée]ral)?|sub total|totaux|somme|suma|"
    "(zwischen|gesamt)?summe|gesamt(ergebnis)?|insgesamt|totale( generale)?|totaal|eindtotaal|totalt|razem"
)
TOTAL = rf" *(?:{TOTAL_WORDS}) *(?:[:(].*)?".replace(" ", "[ \u00a0\u202f]")
TOTAL_LINE = re.compile(TOTAL, re.IGNORECASE)


@dataclass(frozen=True)
class Reject:
    """A row that was refused; `field` is '' where the whole row is at fault."""

    row_number: int
    field: str
    reason: str


@dataclass
class Sheet:
    """A file as it is read, a portion of rows after the other. Column i of each of `tables` is `str(i)`, a text, named
    `names[i]` in the file; the last is `row_number`. There is at least one table.

    `native` are the columns whose type the file itself knows: their texts are ISO times and plain numbers; `typed`
    those of which it knows some cells' times. What follows is known when all tables are read: `rejects`; `read`, the
    number of rows, counted apart from the reading where that can be done; `broken`, the cells of rows that were refused
    as a whole, by row number.
    """

    names: list[str]
    tables: Iterable[pa.Table]
    native: frozenset[int]
    rejects: list[Reject] = field(default_factory=list)
    read: int = 0
    may_lack: bool = False  # rows may leave out a column, so that a whole file may
    typed: frozenset[int] = frozenset()
    broken: dict[int, list[str]] = field(default_factory=dict)


def is_utf8(feed: Feed) -> bool:
    """Whether a feed says utf-8, or nothing."""
    return feed.encoding.lower().replace("_", "-") in ("utf-8", "utf8")


def text_of(content: Content, feed: Feed) -> TextIOWrapper:
    """The decoded text; a byte order mark is no part of it."""
    encoding = feed.encoding
    if is_utf8(feed):
        encoding = "utf-16" if content.read(2) in UTF16_MARKS else "utf-8-sig"
    return TextIOWrapper(content.open(), encoding=encoding, newline="")


def wanted(feed: Feed) -> list[list[str]]:
    """The names that a header must hold: of each list one."""
    columns: Iterable[Column] = feed.columns.values()
    return [names for at in columns if not at.optional for names in (at.column, at.time) if names]


def fit(names: Sequence[str], feed: Feed) -> int:
    """How many of the wanted columns a header holds."""
    has = set(names)
    return sum(not has.isdisjoint(alternatives) for alternatives in wanted(feed))


def chunks(rows: Iterable[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    """Rows in portions."""
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK_ROWS)):
        yield chunk


def texts(chunk: list[tuple[int, Sequence[str | None]]]) -> pa.Table:
    """Rows of as many cells as one Arrow table."""
    columns = zip(*(line for _, line in chunk), strict=True)
    arrays = {str(index): pa.array(column, pa.string()) for index, column in enumerate(columns)}
    return pa.table(arrays | {"row_number": pa.array([number for number, _ in chunk], pa.int64())})


def joined(width: int, tables: list[pa.Table]) -> pa.Table:
    """Tables below each other; a column that one lacks is null there."""
    schema = pa.schema({str(index): pa.string() for index in range(width)} | {"row_number": pa.int64()})
    return pa.concat_tables([schema.empty_table(), *tables], promote_options="default").select(schema.names)


def portions(width: int, tables: Iterable[pa.Table], is_whole: bool) -> Iterator[pa.Table]:
    """The same rows in tables of as many as are mapped together, or in one; at least one table."""
    waiting: list[pa.Table] = []
    rows = given = 0
    for table in tables:
        waiting.append(table)
        rows += len(table)
        if rows >= PORTION_ROWS and not is_whole:
            yield joined(width, waiting)
            waiting, rows, given = [], 0, given + 1
    if waiting or not given:
        yield joined(width, waiting)


def cell_text(value: Any) -> str | None:
    """Any value as text, as a CSV file would write it."""
    if value is None or (isinstance(value, (float, Decimal)) and value != value):
        return None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # JSON can hold half a character, Arrow cannot
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return json.dumps(value, default=str, ensure_ascii=False)
