"""What all of Facebook's Graph API has in common: a call, its errors, the choice of fields, cursor paging."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.state import Sandbox

Row = dict[str, Any]

DEFAULT_LIMIT, MOST_ROWS = 25, 500
SHORT_PAGES = 4  # the vendor filters a page after cutting it, so a page may hold fewer rows than asked


class GraphError(Exception):
    """An answer with an error body; almost all of them are HTTP 400, whatever went wrong."""

    def __init__(self, code: int, message: str, subcode: int | None = None, wait_minutes: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.subcode = subcode
        self.wait_minutes = wait_minutes

    def body(self) -> Row:
        """The error as the vendor writes it."""
        error: Row = {"message": self.message, "type": "OAuthException", "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return {"error": error | {"fbtrace_id": "AZandboxTraceId000000000"}}


@dataclass(frozen=True)
class Call:
    """One call: `parts` is the path after the version, `fault` what shall go wrong with the rows ('' for nothing).

    `is_of_page`: made with a page's own token; `token` is whatever token it was made with.
    """

    method: str
    version: int
    url: str
    parts: tuple[str, ...]
    params: Mapping[str, str]
    fault: str = ""
    is_of_page: bool = False
    token: str = ""

    @property
    def node(self) -> str:
        """The object asked."""
        return self.parts[0]

    @property
    def edge(self) -> str:
        """What is asked of it: '' for its own fields."""
        return self.parts[1] if len(self.parts) > 1 else ""


@dataclass(frozen=True)
class Chosen:
    """One entry of `fields`: its name, what stands after it as `.name(value)`, and its own fields in braces."""

    name: str
    arguments: Mapping[str, str]
    inner: tuple[str, ...]


def no_such_object(node: str) -> GraphError:
    """One answer for what never was, what is gone, and what the token may not see."""
    return GraphError(
        100,
        f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        33,
    )


def chosen(text: str) -> list[Chosen]:
    """The entries of a `fields` parameter, comma-joined or a JSON array."""
    return [_entry(part.strip().strip('"')) for part in _top_level(text.strip().strip("[]")) if part.strip()]


def _top_level(text: str) -> list[str]:
    """Split at the commas that stand in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "({") - (character in ")}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _entry(text: str) -> Chosen:
    found = re.fullmatch(r"(\w+)((?:\.\w+\([^)]*\))*)(?:\{(.*)\})?", text)
    if not found:
        raise GraphError(2500, f'Syntax error "Expected end of string instead of "{text[:1]}"." at character 1: {text}')
    arguments = dict(re.findall(r"\.(\w+)\(([^)]*)\)", found[2]))
    return Chosen(found[1], arguments, tuple(_top_level(found[3] or "")))


def picked(row: Row, fields: Iterable[Chosen], node_type: str) -> Row:
    """The wanted fields of a row, with its id; one that no such object has is an error, an absent value is left out."""
    answer: Row = {}
    for field in fields:
        if field.name not in row:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({field.name}) on node type ({node_type})")
        value = row[field.name]
        if isinstance(value, dict) and field.inner != ("",):
            value = {name: part for name, part in value.items() if name in field.inner}
        if value is not None:
            answer[field.name] = value
    return answer | ({"id": row["id"]} if "id" in row else {})


def listed(
    sandbox: Sandbox,
    call: Call,
    endpoint: str,
    items: Sequence[Any],
    row_of: Callable[[Any], Row] = lambda item: item,
    short: bool = True,
) -> Row:
    """One page of the items' rows, and how to get the next one; `short` pages hold fewer rows than asked."""
    limit = min(int(call.params.get("limit") or DEFAULT_LIMIT), MOST_ROWS)
    size = max(1, math.ceil(limit / SHORT_PAGES) if short else limit)
    start = _position(call.params.get("after", ""))
    page = [row_of(item) for item in items[start : start + size]]
    sandbox.requests.note(endpoint, start // size + 1, len(page))
    if call.fault == "new_column":
        page = [row | {"a_field_of_tomorrow": "1"} for row in page]
    answer: Row = {"data": page}
    if page:
        after = _cursor(start + len(page))
        answer["paging"] = {"cursors": {"before": _cursor(start), "after": after}}
        if start + len(page) < len(items):
            answer["paging"]["next"] = f"{call.url}?{urlencode({**call.params, 'after': after})}"
    if call.params.get("summary") == "total_count":
        answer["summary"] = {"total_count": len(items)}
    return answer


def _cursor(position: int) -> str:
    return base64.b64encode(f"QVFI{position}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        return int(base64.b64decode(cursor.encode()).decode().removeprefix("QVFI")) if cursor else 0
    except (binascii.Error, ValueError):
        raise GraphError(100, "(#100) Invalid cursor supplied", 1885223) from None


def written(moment: datetime) -> str:
    """A time as most of the Graph API writes it: an offset without a colon."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")
