"""Answers that are none: lost, cut, late, endless, of another type, another status or from another place."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.adversary.answers import Answer, Delivery, Talk
from tests.adversary.mutations import Change, Mutation, Scope

HTML = b"<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking your browser</body></html>"
WARNING = b'<br />\n<b>Warning</b>: Undefined array key "x" in <b>plugin.php</b> on line <b>7</b><br />\n'
ERROR = {"message": "temporarily unavailable", "error": {"message": "temporarily unavailable", "code": 2}}
JSON_TYPE = "application/json"
LOST: tuple[Scope, ...] = ("once", "every")
LATER = ("null", "list", "empty object", "message")  # also tried on the last page alone
BODIES: Mapping[str, Any] = {
    "null": None, "list": [], "text": "ok", "empty object": {}, "number": 0, "false": False,
    "message": {"message": "temporarily unavailable"}, "total alone": {"total_items": 5, "count": 5},
    "error object": ERROR, "has_more alone": {"object": "list", "has_more": False}, "paging alone": {"paging": {}},
    "data null": {"data": None}, "errors": {"errors": [{"message": "Internal error", "extensions": {}}]},
    "list of nulls": [None, None],
}  # fmt: skip
WAITS = ("Wed, 21 Oct 2026 07:28:00 GMT", "999999999", "-5", "soon", "1e400", "0", "٣")


def body(content: bytes, content_type: str | None = None) -> Change:
    """Another body, under the type that was said or another."""

    def change(answer: Answer, _: Talk) -> Answer:
        changed = replace(answer, body=content)
        return changed.with_header("Content-Type", content_type) if content_type else changed

    return change


def _no_list_of_its_own(value: Any) -> Change:
    """A body that holds no rows where some are expected; `[]` is one of the vendor's where its lists stand bare."""
    change = body(json.dumps(value).encode(), JSON_TYPE)
    return lambda answer, talk: None if value == [] and isinstance(answer.json, list) else change(answer, talk)


def status(code: int, content: bytes, content_type: str = JSON_TYPE, **headers: str) -> Change:
    """Another status with a body of its own."""

    def change(_: Answer, talk: Talk) -> Answer:
        named = {name.replace("_", "-"): value.format(elsewhere=talk.elsewhere) for name, value in headers.items()}
        return Answer(code, (("Content-Type", content_type), *named.items()), content)

    return change


def delivered(delivery: Delivery) -> Change:
    """The honest answer, delivered otherwise."""
    return lambda answer, _: replace(answer, delivery=delivery)


def _cut(answer: Answer, _: Talk) -> Answer | None:
    return replace(answer, body=answer.body[: len(answer.body) // 2]) if len(answer.body) > 1 else None


def _warned(answer: Answer, _: Talk) -> Answer:
    return replace(answer, body=WARNING + answer.body)


def _latin(answer: Answer, _: Talk) -> Answer | None:
    """Only where a character tells the two apart."""
    said = _unescaped(answer)
    try:
        changed = said.decode().encode("latin-1") if said else b""
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None
    return replace(answer, body=changed) if said and changed != said else None


def _unescaped(answer: Answer) -> bytes:
    return b"" if answer.json is None else json.dumps(answer.json, ensure_ascii=False).encode()


def _plain(answer: Answer, _: Talk) -> Answer | None:
    """Still UTF-8, as all JSON is, with no word of it."""
    said = _unescaped(answer)
    return replace(answer, body=said).with_header("Content-Type", "text/plain") if said else None


def _marked(answer: Answer, _: Talk) -> Answer | None:
    return replace(answer, body=b"\xef\xbb\xbf" + answer.body) if answer.json is not None else None


def _zipped_garbage(answer: Answer, _: Talk) -> Answer:
    return replace(answer, body=b"\x1f\x8b not gzip at all").with_header("Content-Encoding", "gzip")


def _zipped_half(answer: Answer, _: Talk) -> Answer:
    packed = gzip.compress(answer.body)
    return replace(answer, body=packed[: len(packed) // 2]).with_header("Content-Encoding", "gzip")


def _zipped(answer: Answer, _: Talk) -> Answer:
    return replace(answer, body=gzip.compress(answer.body)).with_header("Content-Encoding", "gzip")


def _elsewhere_on_this_path(answer: Answer, talk: Talk) -> Answer:
    return Answer(307, (("Location", talk.elsewhere + talk.request.target),), b"")


def _itself(answer: Answer, talk: Talk) -> Answer:
    return Answer(302, (("Location", talk.request.target),), b"")


def _other_scheme(answer: Answer, talk: Talk) -> Answer:
    return Answer(302, (("Location", f"ftp://{talk.request.headers.get('host', '')}{talk.request.target}"),), b"")


def mutations() -> Iterator[Mutation]:
    """Every one of them; they apply to any endpoint."""
    yield from _lost()
    for name, value in BODIES.items():
        yield Mutation(
            f"body: {name}",
            _no_list_of_its_own(value),
            scopes=("last", "every") if name in LATER else ("every",),
        )
    yield from _statuses()
    yield from _odd_json()
    yield Mutation("wire: late", delivered("late"), "harmless", ("first",))
    yield Mutation("wire: gzip", _zipped, "harmless", ("every",))
    yield Mutation("body: text/plain", _plain, "harmless", ("every",))
    yield Mutation("body: byte order mark", _marked, scopes=("every",))
    yield Mutation("body: latin-1", _latin, scopes=("every",))
    yield Mutation("redirect: elsewhere", _elsewhere_on_this_path, scopes=("every",))
    yield Mutation("redirect: itself", _itself, scopes=("once", "every"))
    yield Mutation("redirect: other scheme", _other_scheme, scopes=("first",))
    yield Mutation("redirect: nowhere", status(302, b""), scopes=("first",))


def _lost() -> Iterator[Mutation]:
    lost: Mapping[str, Change] = {
        "wire: reset": delivered("reset"),
        "wire: shorter than said": delivered("short"),
        "wire: gzip garbage": _zipped_garbage,
        "wire: gzip cut": _zipped_half,
        "body: cut": _cut,
        "body: empty": body(b""),
        "body: blanks": body(b"  \n"),
        "body: HTML": body(HTML, "text/html; charset=utf-8"),
        "body: HTML as JSON": body(HTML),
        "body: warning before": _warned,
        "status: 500": status(500, b"Internal Server Error", "text/plain"),
        "status: 502": status(502, HTML, "text/html"),
        "status: 503": status(503, b'{"message": "unavailable"}', Retry_After="1"),
        "status: 429": status(429, b'{"message": "too many"}', Retry_After="1"),
    }
    for name, change in lost.items():
        yield Mutation(name, change, "passing", LOST)
    slow: tuple[Delivery, ...] = ("silent", "drip", "endless")
    for delivery in slow:
        yield Mutation(f"wire: {delivery}", delivered(delivery), "passing", ("once", "every"))


def _statuses() -> Iterator[Mutation]:
    for code in (400, 401, 403, 404, 410, 422, 451, 500, 520):
        scopes: tuple[Scope, ...] = ("first", "every") if code in (403, 404) else ("every",)
        yield Mutation(f"status: {code} JSON", status(code, json.dumps(ERROR).encode()), scopes=scopes)
    for code in (401, 403, 404, 410):
        yield Mutation(f"status: {code} bare", status(code, b"", "text/html"), scopes=("every",))
    for code in (202, 206, 304):
        yield Mutation(f"status: {code} empty", status(code, b""), scopes=("every",))
    yield Mutation("status: 204", status(204, b""), scopes=("last", "every"))
    for wait in WAITS:
        yield Mutation(f"status: 429 wait {wait[:10]}", _waiting(429, wait), scopes=("once",))
    for wait in WAITS[:3]:
        yield Mutation(f"status: 503 wait {wait[:10]}", _waiting(503, wait), scopes=("every",))


def _waiting(code: int, wait: str) -> Change:
    # bytes that a header may hold: an Arabic digit travels as its UTF-8 bytes
    return status(code, b"{}", Retry_After=wait.encode().decode("latin-1"))


def _odd_json() -> Iterator[Mutation]:
    odd = {
        "deep": b"[" * 100_000 + b"]" * 100_000,
        "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "NaN": b"NaN",
        "huge integer": b"1" * 6_000,
        "two values": b"{}{}",
        "comma": b'{"data": [],}',
        "invalid UTF-8": b'{"data": "\xff\xfe"}',
        "UTF-16": '{"data": []}'.encode("utf-16"),
    }
    for name, content in odd.items():
        yield Mutation(f"JSON: {name}", body(content, JSON_TYPE), scopes=("every",))
