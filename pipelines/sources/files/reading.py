"""A file to one Arrow table of texts with row numbers; what is no row is refused with its reason."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.connector import ConnectorError
from pipelines.sources.files.places import GZIP_MARK
from pipelines.sources.files.settings import Feed, Format, plain
from pipelines.sources.files.sheets import Reject, Sheet, cell_text, chunks, joined, text_of
from pipelines.sources.files.spreadsheets import read_spreadsheet
from pipelines.sources.files.text_reading import read_csv

Cells = Any  # an Arrow column of whatever type
EXACT_IN_DOUBLE = pa.scalar(2.0**53)
ZIP_MARK = b"PK\x03\x04"


def read(data: bytes, form: Format, feed: Feed, limit: int | None = None) -> Sheet:
    """A file's content as one table of texts; of its rows no more than `limit`."""
    if data[:2] == GZIP_MARK:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ConnectorError(f"is no whole gzip file ({error}).") from None
    if data.startswith(ZIP_MARK) and form != "xlsx":
        raise ConnectorError(f'is an archive or a spreadsheet and no {form}: end its name on ".zip" or ".xlsx".')
    readers: dict[Format, Callable[[bytes, Feed, int | None], Sheet]] = {
        "csv": read_csv,
        "jsonl": _jsonl,
        "parquet": _parquet,
        "xlsx": read_spreadsheet,
    }
    try:
        return readers[form](data, feed, limit)
    except UnicodeDecodeError as error:
        byte = f" (byte 0x{error.object[error.start]:02x})" if error.start < len(error.object) else ""
        raise ConnectorError(
            f'is not {feed.encoding}{byte}: declare `encoding`, for example "cp1252" for a file of Excel or Windows.'
        ) from None
    except (UnicodeError, LookupError) as error:
        raise ConnectorError(
            f"cannot be read as {feed.encoding} ({error}): declare another `encoding`, for example "
            '"utf-16-le" for one without a byte order mark.'
        ) from None


# --- JSONL -----------------------------------------------------------------------------------------------------------


def _jsonl(data: bytes, feed: Feed, limit: int | None) -> Sheet:
    """One object a line; a nested field is named `outer.inner`. Blank lines are no rows."""
    rejects: list[Reject] = []
    names: dict[str, int] = {}
    spoken: set[int] = set()  # columns that hold a text somewhere
    tables = []
    for chunk in chunks(islice(_objects(text_of(data, feed), rejects), limit)):
        columns: dict[int, list[str | None]] = {}
        for place, (_, row) in enumerate(chunk):
            for name, value in _flat(row):
                index = names.setdefault(name, len(names))
                columns.setdefault(index, [None] * len(chunk))[place] = cell_text(value)
                if isinstance(value, str):
                    spoken.add(index)
        arrays = {str(index): pa.array(column, pa.string()) for index, column in columns.items()}
        tables.append(pa.table(arrays | {"row_number": pa.array([number for number, _ in chunk], pa.int64())}))
    native = frozenset(names.values()) - spoken
    counted = sum(1 for line in islice(text_of(data, feed), None if limit is None else 0) if line.strip())
    read = sum(table.num_rows for table in tables) + len(rejects) if limit is not None else counted
    return Sheet(list(names), joined(len(names), tables), native, rejects, read, may_lack=True, typed=native)


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
            yield plain(f"{prefix}{name}"), value


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _parquet(data: bytes, feed: Feed, limit: int | None) -> Sheet:
    """Typed columns as texts; a nested field is named `outer.inner`."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        table, counted = file.read(), file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError):
        raise ConnectorError("is no whole Parquet file.") from None
    if limit is not None:
        table, counted = table.slice(0, limit), min(limit, counted)
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    columns = [_plain(column) for column in table.columns]
    native = frozenset(index for index, column in enumerate(columns) if not _is_text(column.type))
    arrays = {str(index): _as_text(column) for index, column in enumerate(columns)}
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    names = [plain(name) for name in table.column_names]
    return Sheet(names, pa.table(arrays | {"row_number": numbers}), native, [], counted, typed=native)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _plain(column: Cells) -> Cells:
    """The column without its dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _as_text(column: Cells) -> Cells:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_float16(kind):  # Arrow computes nothing with it
        column = column.cast(pa.float32())
    if pa.types.is_floating(kind):
        column = _whole_numbers(column)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([[cell_text(value) for value in column.to_pylist()]], pa.string())


def _whole_numbers(column: Cells) -> Cells:
    """Integers that were stored as floats, because some are missing, as integers; NaN is missing."""
    column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    is_whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), EXACT_IN_DOUBLE))
    return column.cast(pa.int64()) if pc.all(is_whole).as_py() is not False else column
