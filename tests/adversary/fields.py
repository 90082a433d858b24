"""Fields of rows, nested ones too: missing, null, of another type, with a value that is not known."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from flows.places import PROJECT
from tests.adversary.answers import Answer, Call, Path, Talk, at, list_path, put
from tests.adversary.mutations import Change, Class, Mutation, Scope

DEEPEST = 5
UNKNOWN = "zz_unknown"
ONE: tuple[Scope, ...] = ("first",)
SOURCES = PROJECT / "pipelines" / "sources"


def mutations(calls: list[Call], source: str) -> Iterator[Mutation]:
    """Those of one endpoint: for every field that the connector may read, and for all others at once."""
    rows = [row for call in calls for row in _rows(call.answer, Talk(call.request, honest=calls))]
    found, words = _fields(rows), _words(source)
    read = {path: values for path, values in found.items() if str([one for one in path if one != 0][-1]) in words}
    for path, values in read.items():
        present = [value for value in values if value is not None]
        name = ".".join(map(str, path))
        is_row = path[-1] == 0  # of a list within the row
        yield Mutation(f"field: {name} missing", _one(path, _remove), "possible", ONE, name, deletes_one=is_row)
        for words_of_it, kind, change in _other_values(present):
            yield Mutation(f"field: {name} {words_of_it}", _one(path, change), kind, ONE, name)
    others = [path for path in found if not any(path[: len(one)] == one or one[: len(path)] == path for one in read)]
    for words_of_it, change in (("missing", _remove), ("of another type", _other_type)):
        yield Mutation(f"field: all others {words_of_it}", _all(others, change), "harmless", ONE)


def _other_values(present: list[Any]) -> Iterator[tuple[str, Class, Callable[[Any], Any]]]:
    """What may stand in a field that held these."""
    if not present:
        return
    yield "null", "possible", lambda _: None
    yield "of another type", "fault", _other_type
    if isinstance(present[0], str):
        yield "unknown", "possible", lambda _: UNKNOWN
        yield "with NUL", "possible", lambda old: old + "\0"
        if _is_time(present[0]):
            # the very first instant is how some say that there is none
            yield "in year 0001", "fault", lambda _: "0001-02-03T04:05:06Z"
            yield "in year 9999", "fault", lambda _: "9999-12-31T23:59:59Z"
        else:
            yield "half a character", "possible", lambda old: old + "\ud800"
    elif isinstance(present[0], int | float) and not isinstance(present[0], bool):
        yield "huge", "fault", lambda _: 10**40
        yield "NaN", "fault", lambda _: float("nan")
        yield "as text", "possible", str


@cache
def _words(source: str) -> frozenset[str]:
    """Every word in the connector's modules and those that they import: no other field is read."""
    waiting, texts = [source], {}
    while waiting:
        name = waiting.pop()
        for path in sorted(SOURCES.glob(f"{name}.py")) + sorted(SOURCES.glob(f"{name}/*.py")):
            if path not in texts:
                texts[path] = path.read_text(encoding="utf-8")
                waiting += re.findall(r"pipelines\.sources\.(\w+)", texts[path])
    names = {part for text in texts.values() for word in re.findall(r"\w+", text) for part in (word, *word.split("__"))}
    return frozenset(names | {_camel(name) for name in names})


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def _all(paths: list[Path], change: Any) -> Change:
    """Each of these fields in one row."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        done = answer
        for path in paths:
            done = _one(path, change)(done, talk) or done
        return done if done != answer else None

    return changed


def _is_time(text: str) -> bool:
    return len(text) >= 10 and text[:4].isdigit() and text[4] == "-" and text[7] == "-"


def _rows(answer: Answer, talk: Talk) -> list[Any]:
    path = list_path(answer, talk)
    found = [answer.json] if path is None else at(answer.json, path)
    return [row for row in found if isinstance(row, dict)]


def _fields(rows: list[Any]) -> dict[Path, list[Any]]:
    """Place → what each row has there, of the rows that have it at all; of a nested list its first element."""
    found: dict[Path, list[Any]] = {}
    for row in rows:
        for path, value in _leaves(row, ()):
            found.setdefault(path, []).append(value)
    return found


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if len(path) >= DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _leaves(value[0], (*path, 0))


_REMOVED = object()


def _remove(_: Any) -> Any:
    return _REMOVED


def _other_type(old: Any) -> Any:
    if isinstance(old, dict | list):
        return "text"
    if isinstance(old, bool):
        return "maybe"
    return {"value": old} if isinstance(old, str) else "a few"


def _altered(path: Path, change: Any, most: int | None = None) -> Change:
    """The field in every row that has it, or in the first few."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        whole, done = answer.json, 0
        place = list_path(answer, talk)
        rows = [whole] if place is None else at(whole, place)
        for row in rows:
            if most is not None and done >= most:
                break
            try:
                old = at(row, path)
            except (KeyError, IndexError, TypeError):
                continue
            if old is None and change is not _remove:
                continue
            new = change(old)
            if new is _REMOVED:
                del at(row, path[:-1])[path[-1]]
            else:
                put(row, path, new)
            done += 1
        return answer.saying(whole) if done and whole is not None else None

    return changed


def _one(path: Path, change: Any) -> Change:
    return _altered(path, change, 1)
