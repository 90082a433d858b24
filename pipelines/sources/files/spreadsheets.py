"""Spreadsheets (XLSX, and by the same reader XLS, XLSB and ODS) to a sheet of texts."""

from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from pipelines.connector import ConnectorError
from pipelines.sources.files.places import Content
from pipelines.sources.files.settings import Feed, plain
from pipelines.sources.files.sheets import HEADER_WITHIN, Sheet, cell_text, chunks, fit, joined, texts, wanted

Rows = list[list[Any]]


def read_spreadsheet(content: Content, feed: Feed, limit: int | None) -> Sheet:
    """The sheet that is named, or the only one whose header fits; blank rows are none."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content.read()))
        named = [feed.sheet] if feed.sheet else book.sheet_names
        if feed.sheet and feed.sheet not in book.sheet_names:
            raise ConnectorError(f"has no sheet {feed.sheet!r}; its sheets are: {', '.join(book.sheet_names)}.")
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in named}
    except (CalamineError, OSError, ValueError) as error:
        raise ConnectorError(f"is no whole spreadsheet ({type(error).__name__}).") from None
    rows, at = _fitting({name: rows for name, rows in sheets.items() if rows}, feed)
    names = _names(rows[at], feed)
    body = [row for row in rows[at + 1 :] if any(cell not in ("", None) for cell in row)][:limit]
    columns = list(zip(*body, strict=True))
    spoken = {place for place, cells in enumerate(columns) if any(isinstance(cell, str) and cell for cell in cells)}
    dated = {place for place, cells in enumerate(columns) if any(isinstance(cell, date) for cell in cells)}
    said = [[_text(cell, place in spoken, feed) for place, cell in enumerate(row)] for row in body]
    tables = [texts(chunk) for chunk in chunks(enumerate(said, start=1))]
    native = frozenset(range(len(names))) - spoken
    return Sheet(names, [joined(len(names), tables)], native, read=len(body), typed=native | dated)


def _fitting(sheets: dict[str, Rows], feed: Feed) -> tuple[Rows, int]:
    """The rows of the sheet to read, and at which of them its header stands."""
    headers = {name: _header(rows, feed) for name, rows in sheets.items()}
    plain = [name for name, at in headers.items() if at is not None]
    if len(plain) > 1:
        raise ConnectorError(f"has several sheets that fit ({', '.join(plain)}): name one in `sheet`.")
    name = next(iter(plain or sheets), None)
    if name is None:
        raise ConnectorError("is empty: there is no header with the names of the columns.")
    return sheets[name], headers[name] or min(feed.skip_rows, len(sheets[name]) - 1)


def _header(rows: Rows, feed: Feed) -> int | None:
    """The first row that holds every wanted column."""
    if feed.skip_rows:
        return feed.skip_rows if feed.skip_rows < len(rows) else None
    for at, row in enumerate(rows[:HEADER_WITHIN]):
        if fit(_names(row, feed), feed) == len(wanted(feed)):
            return at
    return None


def _names(row: list[Any], feed: Feed) -> list[str]:
    """A header's names; a year is no 2026.0."""
    return [plain(_text(cell, False, feed) or "") for cell in row]


def _text(cell: Any, is_spoken: bool, feed: Feed) -> str | None:
    """A cell as the feed's texts are written; where a column holds texts too, so are its numbers."""
    if cell == "":
        return None
    if isinstance(cell, float):
        said = str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        return said.replace(".", feed.decimal) if is_spoken else said
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return cell_text(cell)
