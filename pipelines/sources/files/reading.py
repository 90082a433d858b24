"""A file to one Arrow table of texts with row numbers; what is no row is refused with its reason."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import TextIOWrapper
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.connector import ConnectorError
from pipelines.sources.files.places import GZIP_MARK, Content
from pipelines.sources.files.settings import Feed, Format, plain
from pipelines.sources.files.sheets import PORTION_ROWS, Reject, Sheet, cell_text, chunks, joined, portions, text_of
from pipelines.sources.files.spreadsheets import read_spreadsheet
from pipelines.sources.files.text_reading import read_csv

Cells = Any  # an Arrow column of whatever type
EXACT_IN_DOUBLE = pa.scalar(2.0**53)
ZIP_MARK = b"PK\x03\x04"


def read(content: Content, form: Format, feed: Feed, limit: int | None = None, is_whole: bool = False) -> Sheet:
    """A file's content as texts, in portions unless wanted whole; of its rows no more than `limit`."""
    if content.read(2) == GZIP_MARK:
        try:
            content = Content(gzip.decompress(content.read()))
        except (OSError, EOFError, zlib.error) as error:
            raise ConnectorError(f"is no whole gzip file ({error}).") from None
    if content.read(len(ZIP_MARK)) == ZIP_MARK and form != "xlsx":
        raise ConnectorError(f'is an archive or a spreadsheet and no {form}: end its name on ".zip" or ".xlsx".')
    with _told(feed):
        if form == "csv":
            sheet = read_csv(content, feed, limit, is_whole)
        elif form == "parquet":
            sheet = _parquet(content, limit, is_whole)
        else:
            sheet = _jsonl(content, feed, limit) if form == "jsonl" else read_spreadsheet(content, feed, limit)
    sheet.tables = _decoded(sheet.tables, feed)
    return sheet


def _decoded(tables: Iterable[pa.Table], feed: Feed) -> Iterator[pa.Table]:
    with _told(feed):
        yield from tables


@contextmanager
def _told(feed: Feed) -> Iterator[None]:
    """What cannot be decoded is told with advice."""
    try:
        yield
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


def _jsonl(content: Content, feed: Feed, limit: int | None) -> Sheet:
    """One object a line; a nested field is named `outer.inner`. Blank lines are no rows."""
    rejects: list[Reject] = []
    names: dict[str, int] = {}
    spoken: set[int] = set()  # columns that hold a text somewhere
    tables = []
    for chunk in chunks(islice(_objects(text_of(content, feed), rejects), limit)):
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
    counted = sum(1 for line in islice(text_of(content, feed), None if limit is None else 0) if line.strip())
    read = sum(table.num_rows for table in tables) + len(rejects) if limit is not None else counted
    table = joined(len(names), tables)
    return Sheet(list(names), [table], native, rejects, read, may_lack=True, typed=native)


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


def _parquet(content: Content, limit: int | None, is_whole: bool) -> Sheet:
    """Typed columns as texts; a nested field is named `outer.inner`."""
    with _whole_parquet():
        file = pq.ParquetFile(content.place or pa.BufferReader(content.data))
        schema = file.schema_arrow
        leaves = flat(schema.empty_table()).schema
    kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in leaves.types]
    native = frozenset(index for index, kind in enumerate(kinds) if not _is_text(kind))
    sheet = Sheet([plain(name) for name in leaves.names], (), native, typed=native)
    sheet.tables = portions(len(kinds), _texts(file, sheet, kinds, limit), is_whole)
    return sheet


def _texts(file: pq.ParquetFile, sheet: Sheet, kinds: list[pa.DataType], limit: int | None) -> Iterator[pa.Table]:
    """A file's columns as texts."""
    given = 0
    with _whole_parquet():
        whole = _whole_columns(file, kinds, limit)
        for table in _tables(file, limit):
            columns = map(_plain, flat(table).columns)
            arrays = {str(index): _as_text(column, index in whole) for index, column in enumerate(columns)}
            yield pa.table(arrays | {"row_number": pa.array(range(given + 1, given + 1 + len(table)), pa.int64())})
            given += len(table)
    sheet.read = file.metadata.num_rows if limit is None else min(limit, file.metadata.num_rows)


def _tables(file: pq.ParquetFile, limit: int | None, names: list[str] | None = None) -> Iterator[pa.Table]:
    """A file's rows, of which there are no more than `limit`, with all columns or those that are named."""
    left = file.metadata.num_rows if limit is None else limit
    for batch in file.iter_batches(PORTION_ROWS, columns=names):
        yield pa.Table.from_batches([batch]).slice(0, left)
        left -= len(batch)
        if left <= 0:
            break


def _whole_columns(file: pq.ParquetFile, kinds: list[pa.DataType], limit: int | None) -> set[int]:
    """The columns of integers that were stored as floats, because some are missing."""
    floats = [index for index, kind in enumerate(kinds) if pa.types.is_floating(kind)]
    names, top = file.schema_arrow.names, len(kinds) == len(file.schema_arrow)
    read = [names[index] for index in floats] if top and len({*names}) == len(names) else None
    places = range(len(floats)) if read is not None else floats
    whole = dict.fromkeys(floats, True)
    for table in _tables(file, limit, read) if floats else ():
        columns = flat(table).columns
        for index, place in zip(floats, places, strict=True):
            whole[index] = whole[index] and _is_whole(_plain(columns[place]))
    return {index for index, is_whole in whole.items() if is_whole}


def flat(table: pa.Table) -> pa.Table:
    """The table with a column for each field of a nested one."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


@contextmanager
def _whole_parquet() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError):
        raise ConnectorError("is no whole Parquet file.") from None


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _plain(column: Cells) -> Cells:
    """The column without its dictionary."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _as_text(column: Cells, is_whole: bool) -> Cells:
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
    if pa.types.is_floating(kind):
        column = _floats(column)
        column = column.cast(pa.int64()) if is_whole else column
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.chunked_array([[cell_text(value) for value in column.to_pylist()]], pa.string())


def _floats(column: Cells) -> Cells:
    """Floats that Arrow can compute with; NaN is missing."""
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _is_whole(column: Cells) -> bool:
    """Whether all that a column of floats holds are integers."""
    floats = _floats(column)
    is_whole = pc.and_(pc.equal(pc.floor(floats), floats), pc.less(pc.abs(floats), EXACT_IN_DOUBLE))
    return pc.all(is_whole).as_py() is not False
