"""How Klaviyo reads a query: filters, sparse fields, included objects and cursors; and how it refuses one."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import Request

from sandbox.vendors.klaviyo.records import Item

FILTER = re.compile(r"""([a-z-]+)\(([\w.]+),("[^"]*"|'[^']*'|[^()"',]+)\)(?:,|$)""")
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "greater-than": lambda value, wanted: value > wanted,
    "greater-or-equal": lambda value, wanted: value >= wanted,
    "less-than": lambda value, wanted: value < wanted,
    "less-or-equal": lambda value, wanted: value <= wanted,
}
EQUAL, BETWEEN = ("equals",), ("greater-than", "less-than")
RANGE = ("greater-or-equal", "less-or-equal", *BETWEEN)
ALLOWED: dict[str, dict[str, tuple[str, ...]]] = {
    "events": {"metric_id": EQUAL, "profile_id": EQUAL, "datetime": RANGE},
    "profiles": {"id": EQUAL, "created": BETWEEN, "updated": BETWEEN},
    "campaigns": {"messages.channel": EQUAL, "archived": EQUAL, "updated_at": RANGE},
    "flows": {"archived": EQUAL},
}
TIMES = ("datetime", "created", "updated", "updated_at")
PAGE_SIZES = {  # by default, and at most
    "events": (200, 1000), "profiles": (20, 100), "campaigns": (100, 100), "lists": (10, 10),
    "flows": (50, 50), "metrics": (200, 200), "accounts": (1, 1),
}  # fmt: skip
ADDITIONAL = {"profile": "subscriptions", "list": "profile_count"}  # what shows only where it is asked for

Thing = TypeVar("Thing")
Filter = tuple[str, str, Any]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, title: str, detail: str, **source: str) -> None:
        super().__init__(detail)
        self.status = status
        error = {"id": "0c5b7f3e-6d0e-4c4e-9a53-5d3b1f7a0b11", "status": status, "code": code, "title": title}
        self.body: Item = {"errors": [error | {"detail": detail, "source": source or {"pointer": "/data/"}}]}


def invalid(detail: str, parameter: str) -> Refusal:
    """What a parameter that cannot be read is answered with."""
    return Refusal(400, "invalid", "Invalid input.", detail, parameter=parameter)


def filters(request: Request, path: str) -> list[Filter]:
    """The query's conditions, all of which must hold: operator, field and value."""
    text, found = request.query_params.get("filter", ""), []
    while text:
        match = FILTER.match(text)
        if match is None:
            raise invalid(f"Invalid filter provided: {text}", "filter")
        operator, name, value = match[1], match[2], match[3].strip("\"'")
        if operator not in ALLOWED.get(path, {}).get(name, ()):
            raise invalid(f"{name} is not a filterable field with {operator}", "filter")
        found.append((operator, name, _time(value) if name in TIMES else value))
        text = text[match.end() :]
    return found


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{text} is not a datetime", "filter") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def kept(things: Sequence[Thing], conditions: list[Filter], name: str, value: Callable[[Thing], Any]) -> list[Thing]:
    """The things whose value meets every condition on a field."""
    tests = [(OPERATORS[operator], wanted) for operator, field, wanted in conditions if field == name]
    return [one for one in things if all(test(value(one), wanted) for test, wanted in tests)]


def words(request: Request, name: str) -> list[str]:
    """A parameter that is a list."""
    return [one for one in request.query_params.get(name, "").split(",") if one]


def chosen(request: Request, shown: Item) -> Item:
    """An object with the asked fields only; related ones are named only where they are included."""
    kind, attributes = shown["type"], dict(shown["attributes"])
    if ADDITIONAL.get(kind) not in words(request, f"additional-fields[{kind}]"):
        attributes.pop(ADDITIONAL.get(kind, ""), None)
    wanted = words(request, f"fields[{kind}]")
    if wanted:
        unknown = [one for one in wanted if one != "id" and one.split(".")[0] not in shown["attributes"]]
        if unknown:
            raise invalid(f"'{unknown[0]}' is not a valid field for the resource type '{kind}'.", f"fields[{kind}]")
        attributes = _parts(attributes, wanted)
    included = words(request, "include")
    relationships = {
        name: said if name in included else {"links": said["links"]}
        for name, said in shown.get("relationships", {}).items()
    }
    return shown | {"attributes": attributes} | ({"relationships": relationships} if relationships else {})


def _parts(value: Item, wanted: list[str]) -> Item:
    """The named fields of an object; a dot leads into one."""
    found: Item = {}
    for name, inner in value.items():
        deeper = [one.partition(".")[2] for one in wanted if one.startswith(f"{name}.")]
        if name in wanted:
            found[name] = inner
        elif deeper and isinstance(inner, dict):
            found[name] = _parts(inner, deeper)
    return found


def size(request: Request, path: str) -> int:
    """How many items a page holds."""
    default, most = PAGE_SIZES[path]
    text = request.query_params.get("page[size]", str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(f"Page size must be an integer between 1 and {most}.", "page[size]")
    return int(text)


def offset(request: Request) -> int:
    """Where a page begins; a cursor says it in the vendor's own way."""
    cursor = request.query_params.get("page[cursor]", "")
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("bz::")) if cursor else 0
    except (ValueError, binascii.Error):
        raise invalid("Invalid cursor provided.", "page[cursor]") from None


def link(request: Request, start: int) -> str:
    """The same request from another place on."""
    cursor = base64.urlsafe_b64encode(f"bz::{start}".encode()).decode()
    return str(request.url.include_query_params(**{"page[cursor]": cursor}))
