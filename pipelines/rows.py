"""Vendor rows to Arrow tables of the declared columns; what does not fit is refused with its place and reason."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from pipelines.casts import Inside, caster, is_settled, nested, text
from pipelines.connector import ConnectorError, Table
from pipelines.identity import email_key, keyed_hash

BATCH_ROWS = 2_000  # few, since all that a vendor sends of them is held until they are columns
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
        if not is_object(row):
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
    path = _path_of(table, column.name)
    try:
        found = [_found(row, path) for row in rows]
        values = _converted(table, column, [None if one is ABSENT else one for one in found])
    except (ValueError, TypeError, ArithmeticError):
        raise _misfit(source, name, table, column, rows, seen) from None

    def at(number: int) -> str:
        return f"{source}: {name} row {seen + number + 1}"

    if column.name in table.key and None in values:
        raise RowRefused(f"{at(values.index(None))}: {column.name} is missing, but is part of the key.")
    if column.name in table.required and ABSENT in found:
        raise SchemaDrift(
            f"{at(found.index(ABSENT))}: the vendor no longer sends {column.name}, which its figures need; nothing of "
            "this source was loaded. Upgrade Parcours, or report it."
        )
    known = table.enums.get(column.name)
    if known and (unknown := set(values) - known - {None}):
        number = next(number for number, value in enumerate(values) if value in unknown)
        raise SchemaDrift(
            f"{at(number)}: {column.name} is {values[number][:40]!r}, and whether such a row counts is not known "
            f"(known: {', '.join(sorted(known))}); nothing of this source was loaded. Upgrade Parcours, or report it."
        )
    return values


def _misfit(
    source: str, name: str, table: Table, column: "pa.Field[Any]", rows: list[Mapping[str, Any]], seen: int
) -> RowRefused:
    """The first row whose value does not fit."""
    convert, path = _conversion(table, column), _path_of(table, column.name)
    for number, row in enumerate(rows, start=seen + 1):
        try:
            convert(_at(row, path))
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


def _converted(table: Table, column: "pa.Field[Any]", values: list[Any]) -> list[Any]:
    """A column's values as its type holds them; most come so."""
    is_plain = not (column.name in table.nested or column.name in table.emails or column.name in table.hashes)
    if is_plain and is_settled(column.type, values):
        return values
    convert = _conversion(table, column)
    return [convert(value) for value in values]


def _conversion(table: Table, column: "pa.Field[Any]") -> Callable[[Any], Any]:
    """What becomes of a value of a column: hashed where it is personal, each text once, else converted."""
    if column.name in table.emails:
        key_of = cache(email_key)
        return lambda value: key_of(text(value))
    if column.name in table.hashes:
        hash_of = cache(keyed_hash)
        return lambda value: hash_of(text(value) or "")
    return nested(table.inside) if column.name in table.nested else caster(column.type, table.no_time)


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


def is_object(value: Any) -> bool:
    """Whether a value has fields; nearly all are dicts, and asked so at once."""
    return type(value) is dict or isinstance(value, Mapping)


def _found(row: Mapping[str, Any], path: str) -> Any:
    """A field, or `ABSENT` where neither it nor a null object that would hold it was sent; such a one lacks nothing."""
    if path in row:
        return row[path]
    found: Any = row
    for name, camel in _names(path):
        if found is None:
            return None
        if not is_object(found):
            raise ValueError(path)
        found = found[name] if name in found else found.get(camel, ABSENT)
        if found is ABSENT:
            return ABSENT
    return found


@cache
def _names(path: str) -> list[tuple[str, str]]:
    """The fields on the way to a nested one, each in both spellings."""
    return [(name, _camel(name)) for name in path.split("__")]


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
