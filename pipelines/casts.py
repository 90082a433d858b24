"""One value of a vendor's into a column's type: lossless, in whatever spelling, or a ValueError."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

# Outside of these a time is a mistake: a zero that was written as a date, or a "never".
FIRST_YEAR, LAST_YEAR = 1970, 2100
TIME = re.compile(r"(\d{4})-\d\d-\d\d[T ]\d\d:\d\d")
OBJECTS = pa.list_(pa.struct([]))  # whatever they hold
MOST = 2**63  # beyond it no column holds a whole number, and nothing that is counted or paid is


def caster(kind: pa.DataType, no_time: str = "") -> Callable[[Any], Any]:
    """The conversion into a column of this type; `no_time` is the text by which the vendor says that there is none."""
    if pa.types.is_string(kind):
        return lambda value: value if no_time and value == no_time else text(value)
    if pa.types.is_boolean(kind):
        return _boolean
    if pa.types.is_integer(kind):
        return _absent_or(_integer)
    if pa.types.is_floating(kind):
        return _absent_or(_number)
    if pa.types.is_decimal(kind):
        return _absent_or(_decimal)
    if pa.types.is_date(kind):
        return _absent_or(_day)
    if pa.types.is_timestamp(kind):
        return _absent_or(_instant)
    raise TypeError(f"no conversion into {kind}")


def is_settled(kind: pa.DataType, values: list[Any]) -> bool:
    """Whether all values of a column are known to stand as they came; where not, each is to be converted."""
    kinds = set(map(type, values)) - {type(None)}
    if pa.types.is_string(kind):
        return kinds <= {str} and _are_plain([value for value in values if value])
    if pa.types.is_integer(kind):
        numbers = [value for value in values if value is not None] if kinds == {int} else []
        return kinds <= {int} and (not numbers or -MOST <= min(numbers) <= max(numbers) < MOST)
    return pa.types.is_boolean(kind) and kinds <= {bool}


def _are_plain(texts: list[str]) -> bool:
    """Whether no text begins as a time does that is none of ours, and none holds half a character."""
    for start in {value[:5] for value in texts}:
        if start[4:] == "-" and start[:4].isdecimal() and not FIRST_YEAR <= int(start[:4]) <= LAST_YEAR:
            return False
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


class Inside(ValueError):
    """A field inside a list or an object holds what it cannot mean; says which, never its value."""


def nested(inside: Mapping[str, pa.DataType]) -> Callable[[Any], str | None]:
    """A list or an object, as JSON text; of some vendors an empty text stands for none.

    `inside` are fields within, at any depth, and the types that their values must fit into; of a list, its elements.
    A list in which there are such fields holds objects.
    """
    write = json.JSONEncoder(sort_keys=True, default=str, allow_nan=False).encode
    casters = {name: _list(kind) if isinstance(kind, pa.ListType) else caster(kind) for name, kind in inside.items()}

    def convert(value: Any) -> str | None:
        if value is None or value == "":
            return value  # type: ignore[no-any-return]
        if not isinstance(value, list | Mapping):
            raise ValueError("not a list or an object")
        for one in value if casters and isinstance(value, list) else ():
            if not isinstance(one, Mapping):
                raise Inside(f"a {type(one).__name__} in place of one of its rows")
        _check(value, casters)
        return write(value)

    return convert


def _check(value: Any, casters: Mapping[str, Callable[[Any], Any]]) -> None:
    """Refuse a null among rows, and a field that does not fit, wherever it stands."""
    for name, one in value.items() if isinstance(value, Mapping) else enumerate(value):
        if one is None and isinstance(name, int):
            raise Inside("a null in place of one of its rows")
        if cast := casters.get(str(name)):
            try:
                cast(one)
            except (ValueError, TypeError, ArithmeticError):
                raise Inside(f"{name} as a {type(one).__name__}, which it cannot be") from None
        if isinstance(one, list | Mapping):
            _check(one, casters)


def _list(kind: "pa.ListType[Any]") -> Callable[[Any], Any]:
    of = None if kind == OBJECTS else caster(kind.value_type)

    def convert(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, list):
            raise ValueError("not a list")
        return [of(one) if of else _object(one) for one in value]

    return convert


def _object(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("not an object")
    return value


def text(value: Any) -> str | None:
    """A single value as it was written; half a character, which no file can hold, becomes a question mark."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, list | Mapping):
            raise ValueError("not a single value")
        return json.dumps(value, default=str, allow_nan=False)
    if (found := TIME.match(value)) and not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise ValueError("not a time of ours")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _absent_or(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == "" else convert(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    if not -MOST <= (number := int(value)) < MOST:
        raise ValueError(value)
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(number := float(value)) or abs(number) > MOST:
        raise ValueError(value)
    return number


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not (number := Decimal(str(value))).is_finite() or abs(number) > MOST:
        raise ValueError(value)
    return number


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(value)


def _day(value: Any) -> date:
    day = value if isinstance(value, date) and not isinstance(value, datetime) else date.fromisoformat(value)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(value)
    return day


def _instant(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError("not a time with a zone")
    return moment.astimezone(UTC)
