"""CSV, JSONL and Parquet to one Arrow table of texts with row numbers; what is no row is refused with its reason."""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.connector import ConnectorError
from pipelines.sources.files.places import GZIP_MARK
from pipelines.sources.files.settings import Feed, Format

Cells = Any  # an Arrow column of whatever type
CHUNK_ROWS = 10_000  # few enough for the garbage collector not to walk through them again and again
DELIMITERS = (",", ";", "\t", "|")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
LONGEST_CELL = 10_000_000
EXACT_IN_DOUBLE = pa.scalar(2.0**53)

csv.field_size_limit(LONGEST_CELL)


@dataclass(frozen=True)
class Reject:
    """A row that was refused; `field` is '' where the whole row is at fault."""

    row_number: int
    field: str
    reason: str


@dataclass(frozen=True)
class Sheet:
    """A file as read. Column i of `table` is `str(i)`, a text, named `names[i]` in the file; the last is `row_number`.

    `native` are the columns whose type the file itself knows: their texts are ISO times and plain numbers.
    """

    names: list[str]
    table: pa.Table
    native: frozenset[int]
    rejects: list[Reject]
    may_lack: bool = False  # rows may leave out a column, so that a whole file may


def read(data: bytes, form: Format, feed: Feed) -> Sheet:
    """A file's content as one table of texts."""
    if data[:2] == GZIP_MARK:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ConnectorError(f"is no whole gzip file ({error}).") from None
    readers: dict[Format, Callable[[bytes, Feed], Sheet]] = {"csv": _csv, "jsonl": _jsonl, "parquet": _parquet}
    try:
        return readers[form](data, feed)
    except UnicodeDecodeError as error:
        raise ConnectorError(
            f"is not {feed.encoding} (byte 0x{error.object[error.start]:02x}): declare `encoding`, "
            'for example "cp1252" for a file of Excel or Windows.'
        ) from None


def _text_of(data: bytes, feed: Feed) -> TextIOWrapper:
    """The decoded text; a byte order mark is no part of it."""
    encoding = feed.encoding
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-16" if data[:2] in UTF16_MARKS else "utf-8-sig"
    return TextIOWrapper(BytesIO(data), encoding=encoding, newline="")


# --- CSV -------------------------------------------------------------------------------------------------------------


def _csv(data: bytes, feed: Feed) -> Sheet:
    """Row 1 is the first one under the header; blank lines are no rows."""
    delimiter = feed.delimiter or _delimiter(_text_of(data, feed), feed)
    lines = csv.reader(_text_of(data, feed), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next((line for line in lines if line), [])]
    except csv.Error as error:
        raise ConnectorError(f"has a header that is no CSV ({error}).") from None
    if not names:
        raise ConnectorError("is empty: there is no header with the names of the columns.")
    rejects: list[Reject] = []
    rows = _whole_rows(lines, len(names), rejects)
    chunks = [_texts(chunk) for chunk in _chunks(rows)]
    return Sheet(names, _joined(len(names), chunks), frozenset(), rejects)


def _delimiter(text: TextIOWrapper, feed: Feed) -> str:
    """The one under which the header shows most of the wanted columns, then most columns."""
    wanted = {column.column for column in feed.columns.values()}
    header = next((line for line in text if line.strip()), "")

    def columns(delimiter: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        return len(wanted & set(names)), len(names)

    return max(DELIMITERS, key=columns)


def _whole_rows(lines: Iterator[list[str]], width: int, rejects: list[Reject]) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers; those that do not fit under the header go to `rejects`."""
    number = 0
    while True:
        try:
            line = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            rejects.append(Reject(number, "", f"is no CSV: {error}"))
            continue
        if not line:
            continue
        number += 1
        if len(line) == width:
            yield number, line
        else:
            rejects.append(Reject(number, "", f"has {len(line)} cells under {width} columns"))


def _chunks(rows: Iterable[tuple[int, Any]]) -> Iterator[list[tuple[int, Any]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK_ROWS)):
        yield chunk


def _texts(chunk: list[tuple[int, list[str]]]) -> pa.Table:
    columns = zip(*(line for _, line in chunk), strict=True)
    arrays = {str(index): pa.array(column, pa.string()) for index, column in enumerate(columns)}
    return pa.table(arrays | {"row_number": pa.array([number for number, _ in chunk], pa.int64())})


def _joined(width: int, chunks: list[pa.Table]) -> pa.Table:
    schema = pa.schema({str(index): pa.string() for index in range(width)} | {"row_number": pa.int64()})
    return pa.concat_tables([schema.empty_table(), *chunks], promote_options="default").select(schema.names)


# --- JSONL -----------------------------------------------------------------------------------------------------------


def _jsonl(data: bytes, feed: Feed) -> Sheet:
    """One object a line; a nested field is named `outer.inner`. Blank lines are no rows."""
    rejects: list[Reject] = []
    names: dict[str, int] = {}
    spoken: set[int] = set()  # columns that hold a text somewhere
    chunks = []
    for chunk in _chunks(_objects(_text_of(data, feed), rejects)):
        columns: dict[int, list[str | None]] = {}
        for place, (_, row) in enumerate(chunk):
            for name, value in _flat(row):
                index = names.setdefault(name, len(names))
                columns.setdefault(index, [None] * len(chunk))[place] = _cell(value)
                if isinstance(value, str):
                    spoken.add(index)
        arrays = {str(index): pa.array(column, pa.string()) for index, column in columns.items()}
        chunks.append(pa.table(arrays | {"row_number": pa.array([number for number, _ in chunk], pa.int64())}))
    native = frozenset(names.values()) - spoken
    return Sheet(list(names), _joined(len(names), chunks), native, rejects, may_lack=True)


def _objects(text: TextIOWrapper, rejects: list[Reject]) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for line in text:
        if not line.strip():
            continue
        number += 1
        try:
            row = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield number, row
        else:
            rejects.append(Reject(number, "", "is no JSON object"))


def _flat(row: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}".strip(), value


def _cell(value: Any) -> str | None:
    """Any value as text, as a CSV file would write it."""
    if value is None or (isinstance(value, (float, Decimal)) and value != value):
        return None
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # JSON can hold half a character, Arrow cannot
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return json.dumps(value, default=str, ensure_ascii=False)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _parquet(data: bytes, feed: Feed) -> Sheet:
    """Typed columns as texts; a nested field is named `outer.inner`."""
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError):
        raise ConnectorError("is no whole Parquet file.") from None
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    columns = [_plain(column) for column in table.columns]
    native = frozenset(index for index, column in enumerate(columns) if not _is_text(column.type))
    arrays = {str(index): _as_text(column) for index, column in enumerate(columns)}
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    names = [name.strip() for name in table.column_names]
    return Sheet(names, pa.table(arrays | {"row_number": numbers}), native, [])


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _plain(column: Cells) -> Cells:
    """The column without its dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _as_text(column: Cells) -> Cells:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_floating(kind):
        column = _whole_numbers(column)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([[_cell(value) for value in column.to_pylist()]], pa.string())


def _whole_numbers(column: Cells) -> Cells:
    """Integers that were stored as floats, because some are missing, as integers; NaN is missing."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), EXACT_IN_DOUBLE))
    return column.cast(pa.int64()) if pc.all(is_whole).as_py() is not False else column
