"""Listings that contradict themselves: the list, its pages, its total and what leads to the next page."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.adversary.answers import Answer, Path, Talk, at, list_path, put
from tests.adversary.mutations import Change, Mutation, Scope

TOTAL = re.compile(
    r"(x-)?(wp-)?total(_?(items|count|results|rows))?|count|row_?count|number_?of_?\w+|page_?count", re.I
)
CURSOR = re.compile(
    r"next|next_?(page|url|cursor|link)|after(_?(cursor|url))?|end_?cursor|cursors?|has_?(more|next_?page)"
                    r"|end_?of_?stream|paging|links?|_links|page_?info|meta|pagination", re.I)  # fmt: skip
WRONG_TOTALS: Mapping[str, Callable[[int], Any]] = {
    "higher": lambda n: n + 5, "one higher": lambda n: n + 1, "lower": lambda n: max(n - 1, 0), "zero": lambda n: 0,
    "negative": lambda n: -1, "huge": lambda n: 10**30, "words": lambda n: "many", "null": lambda n: None,
    "object": lambda n: {"value": n}, "list": lambda n: [n], "true": lambda n: True, "fraction": lambda n: n + 0.5,
}  # fmt: skip
ENDS: tuple[Scope, ...] = ("first", "last", "every")
Rows = list[Any]


def rows_of(answer: Answer, talk: Talk) -> tuple[Any, Path, Rows] | None:
    """The body, where its rows are, and the rows."""
    path = list_path(answer, talk)
    return None if path is None else ((whole := answer.json), path, at(whole, path))


def of_rows(change: Callable[[Rows], Any], least: int = 1) -> Change:
    """Something else in the place of the list, where it has rows enough."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        found = rows_of(answer, talk)
        if found is None or len(found[2]) < least:
            return None
        whole, path, rows = found
        return answer.saying(put(whole, path, change(rows)))

    return changed


def _renamed(name: str | None) -> Change:
    """The list under another name, or gone."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        found = rows_of(answer, talk)
        if found is None or not found[1]:
            return None
        whole, path, rows = found
        holder = at(whole, path[:-1])
        del holder[path[-1]]
        if name:
            holder[f"{path[-1]}{name}"] = rows
        return answer.saying(whole)

    return changed


def states_total(answer: Answer, talk: Talk) -> bool:
    """Whether the vendor says how many rows there are."""
    return bool(_totals(answer, talk)) or any(TOTAL.fullmatch(name) for name, _ in answer.headers)


def _scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place outside lists."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), inner
            yield from _scalars(inner, (*path, name))


def _totals(answer: Answer, talk: Talk) -> list[Path]:
    if list_path(answer, talk) is None:
        return []
    return [
        path
        for path, value in _scalars(answer.json)
        if TOTAL.fullmatch(str(path[-1])) and isinstance(value, int) and not isinstance(value, bool)
    ]


def _cursors(answer: Answer, talk: Talk) -> list[Path]:
    if list_path(answer, talk) is None:
        return []
    rows = list_path(answer, talk)
    return [path for path, _ in _scalars(answer.json) if CURSOR.fullmatch(str(path[-1])) and path != rows]


def shapes() -> Iterator[Mutation]:
    """The list is not there, or is no list."""
    yield Mutation("list: missing", _renamed(None), scopes=ENDS)
    yield Mutation("list: renamed", _renamed("_v2"), scopes=ENDS)
    others: Mapping[str, Callable[[Rows], Any]] = {
        "null": lambda rows: None, "object": lambda rows: {}, "text": lambda rows: "none", "zero": lambda rows: 0,
        "false": lambda rows: False, "keyed": lambda rows: {str(n): row for n, row in enumerate(rows)},
        "one row alone": lambda rows: rows[0], "nested": lambda rows: [rows], "null row": lambda rows: [*rows, None],
        "text row": lambda rows: ["row", *rows[1:]], "empty row": lambda rows: [{}, *rows[1:]],
        "list row": lambda rows: [[], *rows[1:]],
    }  # fmt: skip
    for name, change in others.items():
        yield Mutation(f"list: {name}", of_rows(change), scopes=("every",))


def shrunk(
    name: str, change: Callable[[Rows], Rows], least: int = 1, scopes: tuple[Scope, ...] = ENDS
) -> Iterator[Mutation]:
    """Fewer rows: a fault beside a total that says otherwise, possible without."""

    def where(is_stated: bool) -> Change:
        altered = of_rows(change, least)
        return lambda answer, talk: altered(answer, talk) if states_total(answer, talk) is is_stated else None

    yield Mutation(f"rows: {name}, against the total", where(True), scopes=scopes)
    yield Mutation(f"rows: {name}", where(False), "possible", scopes, deletes_one=True)


def pages() -> Iterator[Mutation]:
    """Rows and pages that come twice, not at all or in another order."""
    yield from shrunk("none", lambda rows: [])
    yield from shrunk("one of them", lambda rows: rows[:1], 2)
    yield from shrunk("first missing", lambda rows: rows[1:], 2, ("first", "last"))
    yield from shrunk("last missing", lambda rows: rows[:-1], 2, ("first", "middle", "last"))
    yield from shrunk("middle missing", lambda rows: rows[:1] + rows[2:], 3, ("middle",))
    yield Mutation("rows: repeated", of_rows(lambda rows: [*rows[:1], *rows]), "harmless", ("first", "last"))
    yield Mutation("rows: reversed", of_rows(lambda rows: rows[::-1], 2), "harmless", ("last",))
    yield Mutation("rows: reversed on all pages", of_rows(lambda rows: rows[::-1], 2), scopes=("every",))
    yield Mutation("page: the one before, once", _page_before, "harmless", ("once",))
    yield Mutation("page: the one before", _page_before, scopes=("last", "every"))
    yield Mutation("page: always the first", _first_page, scopes=("every",))
    yield Mutation("page: the next one, against the total", _next_page(True), scopes=("first", "middle"))
    yield Mutation("page: the next one", _next_page(False), "possible", ("first", "middle"), deletes_one=True)
    yield Mutation("page: the first rows", _first_rows, scopes=("every", "last"))


def _same_listing(answer: Answer, talk: Talk) -> list[Answer]:
    """The honest answers of this listing."""
    return [call.answer for call in talk.honest if call.request.listing == talk.request.listing]


def _page_before(answer: Answer, talk: Talk) -> Answer | None:
    return talk.earlier[-1] if talk.earlier and list_path(answer, talk) is not None else None


def _first_page(answer: Answer, talk: Talk) -> Answer | None:
    return talk.earlier[0] if talk.earlier and list_path(answer, talk) is not None else None


def _first_rows(answer: Answer, talk: Talk) -> Answer | None:
    """The rows of the first page under this page's own totals and cursors."""
    found = rows_of(talk.earlier[0], talk) if talk.earlier else None
    own = rows_of(answer, talk)
    return answer.saying(put(own[0], own[1], found[2])) if found and own else None


def _next_page(is_stated: bool) -> Change:
    """A page is left out: as if its rows were gone, where no total says otherwise."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        honest = _same_listing(answer, talk)
        bodies = [one.body for one in honest]
        place = bodies.index(answer.body) + 1 if answer.body in bodies else len(honest)
        if place >= len(honest) or list_path(answer, talk) is None or states_total(answer, talk) is not is_stated:
            return None
        return honest[place]

    return changed


def totals() -> Iterator[Mutation]:
    """A total that is none, or another one than the rows are."""
    for name, change in WRONG_TOTALS.items():
        yield Mutation(f"total: {name}", _total(change), scopes=("every",))
    yield Mutation("total: as text", _total(str), scopes=("every",))
    yield Mutation("total: missing", _total(None), scopes=("last",))
    yield Mutation("total: header missing", _header(lambda text: None), scopes=("last",))
    for name, text in (("higher", "{more}"), ("lower", "{less}"), ("words", "many"), ("negative", "-1"), ("empty", "")):
        yield Mutation(f"total: header {name}", _header(_written(text)), scopes=("last", "every"))


def _total(change: Callable[[int], Any] | None) -> Change:
    def changed(answer: Answer, talk: Talk) -> Answer | None:
        whole, places = answer.json, _totals(answer, talk)
        for path in places:
            if change is None:
                del at(whole, path[:-1])[path[-1]]
            else:
                put(whole, path, change(at(whole, path)))
        return answer.saying(whole) if places else None

    return changed


def _written(text: str) -> Callable[[str], str | None]:
    return lambda old: text.format(more=int(old) + 5, less=max(int(old) - 1, 0)) if old.isdigit() else None


def _header(change: Callable[[str], str | None]) -> Change:
    def changed(answer: Answer, talk: Talk) -> Answer | None:
        if list_path(answer, talk) is None:
            return None
        for name, value in answer.headers:
            if TOTAL.fullmatch(name.replace("-", "_").replace("X_WP_", "", 1)) or TOTAL.fullmatch(name):
                answer = answer.with_header(name, change(value))
        return answer

    return changed


def cursors() -> Iterator[Mutation]:
    """What leads to the next page is missing, of another type, leads back, or somewhere else."""
    wrong: Mapping[str, Callable[[Any], Any]] = {
        "number": lambda old: 0, "object": lambda old: {}, "list": lambda old: [], "empty text": lambda old: "",
        "text false": lambda old: "false", "true": lambda old: True,
    }  # fmt: skip
    for name, change in wrong.items():
        yield Mutation(f"cursor: {name}", _cursor(_regardless(change)), scopes=("first", "last"))
    yield Mutation("cursor: not moving", _cursor(_of_page(-1)), scopes=("middle", "last", "every"))
    yield Mutation("cursor: cycling", _cursor(_of_page(-2)), scopes=("last", "every"))
    yield Mutation("cursor: first again", _cursor(_of_page(0)), scopes=("last", "every"))
    yield Mutation("cursor: elsewhere", _cursor(_moved("http://", "{elsewhere}/")), scopes=("first", "every"))
    yield Mutation("cursor: other scheme", _cursor(_moved("http://", "ftp://x/")), scopes=("first",))
    yield Mutation("cursor: local file", _cursor(_moved("http://", "file:///")), scopes=("first",))
    yield Mutation("cursor: no address", _cursor(_moved("http://", "::://")), scopes=("first",))
    for name, value in (("malformed", "<next>; rel"), ("missing", None), ("elsewhere", '<{elsewhere}/x>; rel="next"')):
        yield Mutation(
            f"cursor: link header {name}", _link(value), "possible" if value is None else "fault", ("first",)
        )
    for is_end in (True, False):
        kind = "possible" if is_end else "fault"
        for name, removed in (("missing", True), ("null", False)):
            words = f"cursor: {name}{', as at the end' if is_end else ''}"
            yield Mutation(words, _without_cursor(removed, is_end), kind, ("first", "every"))  # type: ignore[arg-type]


def _cursor(change: Callable[[Any, tuple[Talk, Path]], Any]) -> Change:
    """Every cursor that holds something that is no object."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        whole = answer.json
        places = [p for p in _cursors(answer, talk) if not isinstance(at(whole, p), dict | list | type(None))]
        for path in places:
            put(whole, path, change(at(whole, path), (talk, path)))
        return answer.saying(whole) if places else None

    return changed


def _regardless(change: Callable[[Any], Any]) -> Callable[[Any, tuple[Talk, Path]], Any]:
    return lambda old, _: change(old)


def _of_page(number: int) -> Callable[[Any, tuple[Talk, Path]], Any]:
    """What an earlier page said in this place."""

    def earlier(old: Any, known: tuple[Talk, Path]) -> Any:
        talk, path = known
        try:
            return at(talk.earlier[number].json, path)
        except (IndexError, KeyError, TypeError):
            return old

    return earlier


def _moved(begin: str, other: str) -> Callable[[Any, tuple[Talk, Path]], Any]:
    def moved(old: Any, known: tuple[Talk, Path]) -> Any:
        if not isinstance(old, str) or not old.startswith(begin):
            return old
        return other.format(elsewhere=known[0].elsewhere) + old.removeprefix(begin).partition("/")[2]

    return moved


def _link(value: str | None) -> Change:
    def changed(answer: Answer, talk: Talk) -> Answer | None:
        if not answer.header("Link"):
            return None
        return answer.with_header("Link", value and value.format(elsewhere=talk.elsewhere))

    return changed


def _without_cursor(is_removed: bool, is_end: bool) -> Change:
    """Cursors gone or null: as this vendor ends its listings, where one of its own last pages looks so, or not so."""

    def changed(answer: Answer, talk: Talk) -> Answer | None:
        whole, done = answer.json, False
        for path in _cursors(answer, talk):
            ends = any(_ends_so(call.answer, path, is_removed) for call in talk.honest)
            if (ends and not states_total(answer, talk)) is not is_end:
                continue
            try:
                holder = at(whole, path[:-1])
                if is_removed:
                    del holder[path[-1]]
                else:
                    holder[path[-1]] = None
                done = True
            except (KeyError, TypeError):
                continue
        return answer.saying(whole) if done else None

    return changed


def _ends_so(answer: Answer, path: Path, is_removed: bool) -> bool:
    """Whether an honest answer lacks what is in this place, or has null there."""
    try:
        return at(answer.json, path) is None and not is_removed
    except (KeyError, TypeError):
        return is_removed


def extras() -> Iterator[Mutation]:
    """What a vendor may add at any time."""
    more = {"zz_extra": {"a": [1, None, "é"]}}
    yield Mutation(
        "extra: field of rows", of_rows(lambda rows: [_with(row, more) for row in rows]), "harmless", ("every",)
    )
    yield Mutation("extra: field beside", _beside(more), "harmless", ("every",))
    yield Mutation("extra: keys reversed", _keys_reversed, "harmless", ("every",))


def _with(row: Any, more: dict[str, Any]) -> Any:
    return row | more if isinstance(row, dict) else row


def _beside(more: dict[str, Any]) -> Change:
    return lambda answer, _: answer.saying(whole | more) if isinstance(whole := answer.json, dict) else None


def _keys_reversed(answer: Answer, _: Talk) -> Answer | None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: turned(inner) for name, inner in reversed(value.items())}
        return [turned(one) for one in value] if isinstance(value, list) else value

    return None if answer.json is None else replace(answer.saying(turned(answer.json)))


def mutations() -> Iterator[Mutation]:
    """Every one of them."""
    for some in (shapes, pages, totals, cursors, extras):
        yield from some()
