"""CSV to a sheet: where its header stands, its rows, and the quotes that are never closed."""

import csv
import re
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa

from pipelines.connector import ConnectorError
from pipelines.sources.files.blocks import Lines, plain_rows
from pipelines.sources.files.places import Content, expanded, is_url
from pipelines.sources.files.settings import Feed, plain
from pipelines.sources.files.sheets import (
    HEADER_WITHIN,
    TOTAL_LINE,
    UTF16_MARKS,
    Reject,
    Sheet,
    chunks,
    fit,
    is_utf8,
    portions,
    text_of,
    texts,
    wanted,
)

DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 10_000_000
SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # Excel's way to tell the delimiter
LEAST_SWALLOWED = 3  # delimiters that stand where those of swallowed rows would: fewer do so by chance
QUOTE_ADVICE = "Mend the quote, or leave the line out: what follows cannot be told from the text of a cell."

csv.field_size_limit(LONGEST_CELL)


def read_csv(content: Content, feed: Feed, limit: int | None, is_whole: bool) -> Sheet:
    """Row 1 is the first one under the header; lines whose cells are all blank are no rows."""
    if is_utf8(feed) and content.read(2) not in UTF16_MARKS and b"\0" in content.read(1000):
        raise ConnectorError('is no text in utf-8: declare `encoding`, for example "utf-16-le".')
    start, delimiter = _header(text_of(content, feed), feed)
    text = text_of(content, feed)
    for _ in range(start):
        next(text, "")
    lines = Lines(text)
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = [plain(name) for name in next((line for line in records if line), [])]
    except csv.Error as error:
        raise ConnectorError(f"has a header that is no CSV ({error}).") from None
    if not names:
        raise ConnectorError("is empty: there is no header with the names of the columns.")
    sheet = Sheet(names, (), frozenset())
    rows = _Rows(lines, records, sheet, start, delimiter)
    under = start + lines.number
    found = rows.tables() if limit is None else map(texts, chunks(islice(rows.whole(), limit)))
    sheet.tables = portions(len(names), _checked(found, rows, content, feed, under, limit is None), is_whole)
    return sheet


def _checked(
    tables: Iterable[pa.Table], rows: "_Rows", content: Content, feed: Feed, under: int, is_all: bool
) -> Iterator[pa.Table]:
    """The tables of a text, and what can only be seen when the last row is read."""
    yield from tables
    if is_all:
        _see_cut(rows, content, feed)
    _see_broken(rows, text_of(content, feed), rows.delimiter)
    # without quotes every line is a row, so that the lines can be counted by themselves
    rows.sheet.read = rows.number
    if is_all and not rows.has_quotes:
        below = islice(text_of(content, feed), under, None)
        rows.sheet.read = sum(1 for line in below if line.replace(rows.delimiter, "").strip())


def _header(text: TextIOWrapper, feed: Feed) -> tuple[int, str]:
    """How many lines stand above the header, and the delimiter under which it shows most of the wanted columns.

    The first line that holds every wanted column is the header; where none does, it is the first that is not blank.
    """
    lines = list(islice(text, feed.skip_rows + HEADER_WITHIN))
    said = SEP_LINE.fullmatch(lines[0].strip("\ufeff \r\n")) if lines else None
    first = feed.skip_rows or (1 if said else 0)
    delimiters = (feed.delimiter,) if feed.delimiter else (said[1],) if said else DELIMITERS

    def shown(at: int, delimiter: str) -> tuple[int, int]:
        try:
            record = next(csv.reader(lines[at : at + HEADER_WITHIN], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        names = [plain(name) for name in record]
        return fit(names, feed), len(names)

    not_blank = [at for at in range(first, len(lines)) if lines[at].strip()]
    best = {at: max(delimiters, key=lambda delimiter: shown(at, delimiter)) for at in not_blank[:1]}
    for at in [] if feed.skip_rows else not_blank:
        best[at] = max(delimiters, key=lambda delimiter: shown(at, delimiter))
        if shown(at, best[at])[0] == len(wanted(feed)):
            return at, best[at]
    at = next(iter(not_blank), first)
    return at, best.get(at, delimiters[0])


class _Rows:
    """The rows under a header with their numbers; those that do not fit under it go to the sheet's `rejects`."""

    def __init__(self, lines: Lines, records: Any, sheet: Sheet, start: int, delimiter: str) -> None:
        self.lines = lines
        self.records = records
        self.sheet = sheet
        self.width = len(sheet.names)
        self.named = max((place for place, name in enumerate(sheet.names, start=1) if name), default=0)
        self.start = start
        self.delimiter = delimiter
        self.number = 0
        self.has_quotes = False
        self.rejects, self.broken = sheet.rejects, sheet.broken
        self.unread: dict[int, int] = {}  # line of the file → row

    def tables(self) -> Iterator[pa.Table]:
        """All rows, those of plain blocks at once."""
        while block := self.lines.next_block():
            self.has_quotes = self.has_quotes or '"' in block
            found = plain_rows(block, self.delimiter, self.width, LONGEST_CELL)
            if found is None:
                yield from (texts(chunk) for chunk in chunks(self.whole(of_block=True)))
                continue
            table, lines = found
            numbers = range(self.number + 1, self.number + 1 + table.num_rows)
            self.lines.take_out(lines)
            self.number += table.num_rows
            yield table.append_column("row_number", pa.array(numbers, pa.int64()))

    def whole(self, of_block: bool = False) -> Iterator[tuple[int, list[str]]]:
        """Rows cell by cell, to the end of the text or to where the last block is over, and its last row, too."""
        lines, records, width = self.lines, self.records, self.width
        above = lines.number
        while not (of_block and lines.is_between_blocks):
            try:
                line = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                self.number += 1
                self._no_csv(str(error), above)
                above = lines.number
                continue
            here = lines.number
            if not line or not (line[0].strip() or "".join(line).strip()):
                above = here
                continue
            self.number += 1
            line, cells = self._under_header(line), line
            if here - above > 1 and (len(line) != width or self._has_swallowed(cells)):
                raise ConnectorError(self._open_quote(above, "closed some lines below"))
            above = here
            if len(line) == width:
                yield self.number, line
            elif TOTAL_LINE.fullmatch(next(filter(None, line), "")):
                yield self.number, (line + [""] * width)[:width]
            else:
                self.broken[self.number] = line
                self.rejects.append(Reject(self.number, "", f"has {len(line)} cells under {width} columns"))

    def _under_header(self, line: list[str]) -> list[str]:
        """The line as wide as the header, where only blank cells or columns without a name make the difference."""
        if not "".join(line[self.width :]).strip():
            line = line[: self.width]
        return line + [""] * (self.width - len(line)) if len(line) >= self.named else line

    def _no_csv(self, said: str, above: int) -> None:
        if "unexpected end of data" in said:
            raise ConnectorError(self._open_quote(above, "never closed"))
        if self.lines.number - above > 1:
            raise ConnectorError(self._open_quote(above, "closed some lines below"))
        self.unread[self.start + self.lines.number - 1] = self.number
        self.rejects.append(Reject(self.number, "", f"is no CSV: {said}"))

    def _open_quote(self, above: int, how: str) -> str:
        return f"has a quote in row {self.number} (line {self.start + above + 1}) that is {how}. {QUOTE_ADVICE}"

    def _has_swallowed(self, line: list[str]) -> bool:
        """Whether a cell of several lines is made of rows: its delimiters stand where theirs would."""
        for place, cell in enumerate(line):
            parts = cell.splitlines()
            between = len(line) - 1
            if len(parts) < 2 or (len(parts) - 1) * between < LEAST_SWALLOWED:
                continue
            counts = [part.count(self.delimiter) for part in parts]
            if counts == [between - place, *[between] * (len(parts) - 2), place]:
                return True
        return False


def _see_cut(rows: _Rows, content: Content, feed: Feed) -> None:
    """Refuse a file whose last line is too short and has no end: it was cut, and what else it lacks is not known.

    A note under a table can look like it, too: it is one cell, and not in what is read from an address.
    """
    last = rows.broken.get(rows.number, [])
    if content.last_byte() not in b"\r\n" and (len(last) > 1 or (last and is_url(expanded(feed.location)))):
        raise ConnectorError(
            f"ends within row {rows.number}, after {len(last)} of {rows.width} cells: it was cut when it was written "
            "or sent. Fetch or write it again."
        )


def _see_broken(rows: _Rows, text: TextIOWrapper, delimiter: str) -> None:
    """The cells of lines that are no CSV, as far as they can be told: of which order they were."""
    if rows.unread:
        for at, line in enumerate(text):
            if at in rows.unread:
                rows.broken[rows.unread[at]] = [cell.strip(' "\r\n') for cell in line.split(delimiter)]
