"""What passes between the product and a vendor: requests, the endpoints that they belong to, and answers."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import parse_qs, parse_qsl, urlsplit

VERSION = re.compile(r"v?\d+\.\d+|v\d+|\d{4}-\d{2}(-\d{2})?")
OPERATION = re.compile(r"(?:query|mutation)?\s*\w*\s*(?:\([^)]*\))?\s*\{\s*(\w+)")
PLACE = re.compile(r"^(page(\[cursor\])?|offset|.*cursor|.*token|.*after|before|start_time)$")
PLACE_IN_QUERY = re.compile(r'"(after|cursor)":\s*("[^"]*"|null),?')
Delivery = Literal["whole", "reset", "short", "drip", "silent", "endless", "late"]


@dataclass(frozen=True)
class Request:
    """One call. Calls of one `identity` ask for the same page of the same listing."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def endpoint(self) -> str:
        """Method and path, the objects' own names left out; of a query language also what is asked for."""
        parts = urlsplit(self.target)
        segments = [_named(segment) for segment in parts.path.split("/")[2:]]
        named = f"{self.method} /{'/'.join(segments)}"
        if parts.path.endswith("graphql.json"):
            return f"{named} {_operation(self.body)}"
        fields = parse_qs(parts.query).get("fields")
        return f"{named} {fields[0].split(',')[-1]}" if fields and segments[-1] == "{}" else named

    @property
    def identity(self) -> tuple[str, bytes]:
        """What tells this page from others."""
        return self.target, self.body

    @property
    def listing(self) -> tuple[object, ...]:
        """What tells this listing from others: all but the place in it."""
        parts = urlsplit(self.target)
        asked = [one for one in parse_qsl(parts.query) if not PLACE.search(one[0])]
        return parts.path, tuple(asked), PLACE_IN_QUERY.sub("", self.body.decode("utf-8", "replace"))


def _named(segment: str) -> str:
    is_name = VERSION.fullmatch(segment) or "." in segment or not any(letter.isdigit() for letter in segment)
    return segment if is_name else "{}"


def _operation(body: bytes) -> str:
    found = OPERATION.match(str(json.loads(body).get("query", "")).strip())
    return found[1] if found else "?"


@dataclass(frozen=True)
class Answer:
    """What comes back, and how it is delivered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = "whole"

    def header(self, name: str) -> str:
        """A header's value, or ''."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def with_header(self, name: str, value: str | None) -> "Answer":
        """The same with this header in place of its namesakes, or without it."""
        others = tuple(one for one in self.headers if one[0].lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))

    @property
    def json(self) -> Any:
        """A fresh copy of what the body says; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def saying(self, value: Any) -> "Answer":
        """The same answer with another JSON body."""
        return replace(self, body=json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class Call:
    """A request and the vendor's own answer to it."""

    request: Request
    answer: Answer


@dataclass
class Talk:
    """What a mutation knows: the listing's honest answers of this load so far and of an undisturbed load."""

    request: Request
    earlier: list[Answer] = field(default_factory=list)  # of the same listing, one per page before this one
    honest: list[Call] = field(default_factory=list)  # of the endpoint, one per page, in order
    elsewhere: str = ""  # the address of another host


Path = tuple[str | int, ...]


def at(value: Any, path: Path) -> Any:
    """What stands at a place of a JSON value."""
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """The JSON value with something else at a place; it is changed itself unless the place is all of it."""
    if not path:
        return new
    at(value, path[:-1])[path[-1]] = new
    return value


def lists(value: Any) -> list[Path]:
    """Where rows are: the outermost lists of objects."""
    if isinstance(value, list):
        return [()] if value and all(isinstance(one, dict) for one in value) else []
    found = []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += [(name, *path) for path in lists(inner)]
    shallowest = min(map(len, found), default=0)
    return [path for path in found if len(path) == shallowest]


def list_path(answer: Answer, talk: Talk) -> Path | None:
    """Where an answer's rows are, from the endpoint's other answers where this one holds none."""
    for one in (answer, *(call.answer for call in talk.honest)):
        found = lists(one.json)
        if found and _is_list(answer.json, found[0]):
            return found[0]
    return None


def _is_list(value: Any, path: Path) -> bool:
    try:
        return isinstance(at(value, path), list)
    except (KeyError, IndexError, TypeError):
        return False
