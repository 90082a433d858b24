"""Vendor rows to Arrow tables of the declared columns; what does not fit is refused with its place and reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from pipelines.casts import Inside, caster, nested, text
from pipelines.connector import ConnectorError, Table
from pipelines.identity import email_key, keyed_hash

BATCH_ROWS = 20_000
ABSENT = object()
MARKER = "is_deleted"  # dlt deletes the slice that a marker row names, and never inserts the marker


class RowRefused(ConnectorError):
    """A vendor's value does not fit the declared column."""


class SchemaDrift(RowRefused):
    """The vendor dropped or renamed something that figures rest on: without it they would be wrong, not missing."""


def batches(
    source: str, name: str, table: Table, items: Iterable[Any], fields: set[str] | None = None
) -> Iterator[pa.Table]:
    """Arrow tables of the declared columns from what a resource yields: dicts, lists of dicts, or Arrow tables.

    `fields` collects the names of all fields that rows come with, declared or not. Rows that are asked for one by one
    are given one by one, so that what came before a quota is spent is not lost.
    """
    most = 1 if table.one_by_one else BATCH_ROWS
    waiting: list[Mapping[str, Any]] = []
    seen = 0
    for item in items:
        if isinstance(item, (pa.Table, pa.RecordBatch)):
            arrow = pa.Table.from_batches([item]) if isinstance(item, pa.RecordBatch) else item
            yield arrow.select(table.columns.names).cast(table.columns)
            continue
        rows = item if isinstance(item, list) else [item]
        _check_rows(source, name, rows, seen + len(waiting))
        if fields is not None:
            fields.update(*rows)
        waiting.extend(rows)
        if len(waiting) >= most:
            yield to_arrow(source, name, table, waiting, seen)
            seen += len(waiting)
            waiting = []
    if waiting:
        yield to_arrow(source, name, table, waiting, seen)


def _check_rows(source: str, name: str, rows: list[Any], before: int) -> None:
    for number, row in enumerate(rows, start=before + 1):
        if not isinstance(row, Mapping):
            raise SchemaDrift(
                f"{source}: {name} row {number} is a {type(row).__name__}, not an object; nothing of this source was "
                "loaded. Upgrade Parcours, or report it."
            )


def to_arrow(source: str, name: str, table: Table, rows: list[Mapping[str, Any]], seen: int = 0) -> pa.Table:
    """One Arrow table; undeclared fields are left out, absent ones are null, nested ones become JSON text."""
    arrays = [
        _array(source, name, column, _values(source, name, table, column, rows, seen)) for column in table.columns
    ]
    return pa.Table.from_arrays(arrays, schema=table.columns)


def _values(
    source: str, name: str, table: Table, column: "pa.Field[Any]", rows: list[Mapping[str, Any]], seen: int
) -> list[Any]:
    """A column's values, none of which is missing or unknown where it must not be."""
    read = _reader(table, column)
    try:
        values = [read(row) for row in rows]
    except (ValueError, TypeError, ArithmeticError):
        raise _misfit(source, name, table, column, rows, seen) from None

    def at(number: int) -> str:
        return f"{source}: {name} row {seen + number + 1}"

    if column.name in table.key and None in values:
        raise RowRefused(f"{at(values.index(None))}: {column.name} is missing, but is part of the key.")
    if column.name in table.required:
        path = _path_of(table, column.name)
        for number, value in enumerate(values):
            if not value and not _is_there(rows[number], path):  # of an absent address the hash is empty
                raise SchemaDrift(
                    f"{at(number)}: the vendor no longer sends {column.name}, which its figures need; nothing of this "
                    "source was loaded. Upgrade Parcours, or report it."
                )
    if known := table.enums.get(column.name):
        for number, value in enumerate(values):
            if value is not None and value not in known:
                raise SchemaDrift(
                    f"{at(number)}: {column.name} is {value[:40]!r}, and whether such a row counts is not known "
                    f"(known: {', '.join(sorted(known))}); nothing of this source was loaded. Upgrade Parcours, or "
                    "report it."
                )
    return values


def _misfit(
    source: str, name: str, table: Table, column: "pa.Field[Any]", rows: list[Mapping[str, Any]], seen: int
) -> RowRefused:
    """The first row whose value does not fit."""
    read, path = _reader(table, column), _path_of(table, column.name)
    for number, row in enumerate(rows, start=seen + 1):
        try:
            read(row)
        except (ValueError, TypeError, ArithmeticError) as error:
            said = (
                f"holds {error}"
                if isinstance(error, Inside)
                else f"is a {_kind_at(row, path)} that is no {column.type}"
            )
            return RowRefused(
                f"{source}: {name} row {number}: {column.name} {said}. The vendor changed this field; nothing of this "
                "source was loaded."
            )
    raise AssertionError(f"{column.name} fits when it is read again")


def _array(source: str, name: str, column: "pa.Field[Any]", values: list[Any]) -> "pa.Array[Any]":
    try:
        array: pa.Array[Any] = pa.array(values, type=column.type)
        return array
    except (pa.ArrowInvalid, OverflowError):
        raise RowRefused(
            f"{source}: {name}: {column.name} holds a value beyond what {column.type} holds; nothing of this source "
            "was loaded. Report it."
        ) from None


def _reader(table: Table, column: "pa.Field[Any]") -> Callable[[Mapping[str, Any]], Any]:
    """How a column's value comes out of a row: hashed where it is personal, else converted."""
    path = _path_of(table, column.name)
    if column.name in table.emails:
        return lambda row: email_key(text(_at(row, path)))
    if column.name in table.hashes:
        return lambda row: keyed_hash(text(_at(row, path)) or "")
    cast = nested(table.inside) if column.name in table.nested else caster(column.type, table.no_time)
    return lambda row: cast(_at(row, path))


def fields_read(table: Table) -> set[str]:
    """The outermost fields that a table's columns are read from, in every spelling."""
    paths = {_path_of(table, column).split("__")[0] for column in table.columns.names} | set(table.columns.names)
    return paths | {_camel(path) for path in paths}


def _path_of(table: Table, column: str) -> str:
    """The vendor's field that a column comes from."""
    return table.emails.get(column) or table.hashes.get(column) or column


def _at(row: Mapping[str, Any], path: str) -> Any:
    """A field of a row, or of an object nested in it (`parent__child`); None where it is absent."""
    found = _found(row, path)
    return None if found is ABSENT else found


def _is_there(row: Mapping[str, Any], path: str) -> bool:
    """Whether the vendor sent a field at all; of an object that is null, nothing is missing."""
    return _found(row, path) is not ABSENT


def _found(row: Mapping[str, Any], path: str) -> Any:
    """A field, or `ABSENT` where neither it nor a null object that would hold it was sent."""
    if path in row:
        return row[path]
    found: Any = row
    for name in path.split("__"):
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise ValueError(path)
        found = found[name] if name in found else found.get(_camel(name), ABSENT)
        if found is ABSENT:
            return ABSENT
    return found


@cache
def _camel(name: str) -> str:
    """A column's name as the vendors write it that do not use underscores: created_at is createdAt."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _kind_at(row: Mapping[str, Any], path: str) -> str:
    """The type of what stands in the way, never its value: that may be personal."""
    try:
        return type(_at(row, path)).__name__
    except ValueError:
        return "field of something else"
