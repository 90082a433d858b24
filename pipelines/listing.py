"""The guards of every listing: each page that a vendor gives is checked here, whatever client fetched it.

A connector says as data where the rows stand in an answer, where the vendor's own total is and what tells one row from
another. What contradicts itself is refused: `pipelines.load` then reads the source once more, since lists move while
they are read, and the second time it is told. A listing is never taken for shorter than the vendor says it is.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import requests
from dlt.common.jsonpath import TJsonPath, compile_path
from dlt.sources.helpers.rest_client.paginators import BasePaginator

from pipelines import deadline
from pipelines.http import check_same_host
from pipelines.rows import SchemaDrift, is_object

MOST_PAGES = 200_000  # at a row a page more than any shop has; a listing that goes on beyond is endless
ABSENT = object()

Row = Mapping[str, Any]


class ListingRefused(SchemaDrift):
    """A listing contradicts itself or lacks its list: taken at its word, rows would be missing."""


class Repeated(ListingRefused):
    """A page holds nothing but rows that came before: a cache, or a cursor that was not heard."""


@dataclass
class Listing:
    """One listing while it is read. `where` names it; `key` are the fields that tell one row from another.

    `size` is how many rows a page was asked to hold, where only the last one may hold fewer. `repeats`: the vendor
    documents that pages repeat rows.
    """

    where: str
    key: tuple[str, ...] = ("id",)
    size: int = 0
    repeats: bool = False
    seen: set[Hashable] = field(default_factory=set)
    cursors: set[Hashable] = field(default_factory=set)
    total: int | None = None
    pages: int = 0
    was_short: bool = False

    def page(self, rows: Any, total: int | None = None) -> list[Row]:
        """The rows of the next page, which are objects, not all of them known, and no fewer than asked."""
        if not isinstance(rows, list):
            raise self.refused("lacks its list" if rows is ABSENT or rows is None else "has no list in its place")
        self.keyed([self._key_of(number, row) for number, row in enumerate(rows, 1)], total)
        return rows

    def keyed(self, keys: Sequence[Hashable], total: int | None = None) -> None:
        """The next page by what tells each of its rows from others."""
        deadline.check()
        self.pages += 1
        if self.pages > MOST_PAGES:
            raise self.refused(f"has no end after {MOST_PAGES:,} pages")
        if self.key:
            before = len(self.seen)
            self.seen.update(keys)
            if keys and len(self.seen) == before and not self.repeats:
                raise self.refused("gave a page of rows that it had given before", Repeated)
        if keys and self.was_short:
            raise self.refused("goes on after a page that was not full: rows are missing")
        self.was_short = 0 < len(keys) < self.size
        if total is not None and keys:
            if self.total is not None and total < self.total:
                raise self.refused(f"became shorter while it was read ({self.total} rows, then {total})")
            self.total = total
        elif total and not self.seen:
            raise self.refused(f"is empty, but is said to have {total} rows")

    def onward(self, cursor: Hashable) -> None:
        """Where the next page is asked for; a listing that goes where it was never ends."""
        if cursor in self.cursors:
            raise self.refused("goes in circles: its next page is one that it gave already")
        self.cursors.add(cursor)

    def says(self, said: Any) -> bool:
        """What the vendor says of whether more follows."""
        if not isinstance(said, bool):
            raise self.refused("does not say whether more follows")
        return said

    def end(self) -> None:
        """The vendor says that this was all: no fewer rows than its own total."""
        if self.total is not None and len(self.seen) < self.total:
            raise self.refused(f"gave {len(self.seen)} rows, but is said to have {self.total}")

    def refused(self, reason: str, kind: type[ListingRefused] = ListingRefused) -> ListingRefused:
        """The error that names this listing and says what to do."""
        return kind(
            f"{self.where} {reason}; nothing of this source was loaded, what was stored stays. Refresh again; if it "
            "stays so, the vendor changed or disturbs its answers: report it."
        )

    def _key_of(self, number: int, row: Any) -> Hashable:
        if not is_object(row):
            raise self.refused(f"has a {type(row).__name__} in place of row {number}")
        parts = [row.get(name) for name in self.key]
        if parts and all(part in (None, "") for part in parts):
            raise self.refused(f"has no {', '.join(self.key)} in row {number}")
        return tuple(map(str, parts))


class Guarded(BasePaginator):
    """A paginator of dlt's, or of a connector, whose pages are checked as those of one listing.

    `rows` is where the list stands in an answer (dots for nesting, '' where the answer is the list), `total` where the
    vendor's own total is, if it sends one (`header X-Name` for a header), of the first page alone where it counts what
    is left (`total_is_first`). A vendor that leaves the list out where it is empty `may_leave_out` it, as long as the
    answer holds what this names. `must` are fields without which an answer does not say whether more follows, `more`
    the one that says so by true or false, `done` the one that says that nothing does. Where a single thing stands in
    place of a list, it `is_one`.
    """

    def __init__(
        self,
        paginator: BasePaginator,
        vendor: str,
        rows: str = "",
        total: str = "",
        key: tuple[str, ...] = ("id",),
        size: int = 0,
        repeats: bool = False,
        may_leave_out: str | None = None,
        must: tuple[str, ...] = (),
        more: str = "",
        done: str = "",
        total_is_first: bool = False,
        is_one: bool = False,
    ) -> None:
        super().__init__()
        self.paginator, self.vendor, self.rows, self.total = paginator, vendor, rows, total
        self.key, self.size, self.repeats, self.may_leave_out = key, size, repeats, may_leave_out
        self.must, self.more, self.done, self.total_is_first = must, more, done, total_is_first
        self.is_one = is_one
        self.listing = Listing(vendor)
        self.address = ""
        self.asks_again = False

    def init_request(self, request: requests.Request) -> None:
        """Begin a listing."""
        self.paginator.init_request(request)
        where = f"{self.vendor}: {request.url}".replace("https://", "").replace("http://", "")
        self.address = request.url
        self.listing = Listing(where, self.key, self.size, self.repeats)
        self.listing.onward(_cursor(request))

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Check a page, and whether the vendor says that there are more; one that is known is asked for once more."""
        answer = response.json()
        self._check_answer(answer)
        rows = found(answer, self.rows)
        if rows is ABSENT and self.may_leave_out is not None and found(answer, self.may_leave_out) is not ABSENT:
            rows = []
        if self.is_one:
            rows = [rows] if isinstance(rows, dict) else ABSENT
        try:
            self.listing.page(rows, self._total(answer, response))
        except Repeated:
            if self.asks_again:
                raise
            self.asks_again = True
            return
        self.asks_again = False
        self.paginator.update_state(response, data)
        self._has_next_page = self.paginator.has_next_page
        if self._says_more(answer) and not self._has_next_page:
            raise self.listing.refused("goes on, but does not say where")
        if not self._has_next_page:
            self.listing.end()

    def update_request(self, request: requests.Request) -> None:
        """Ask for the next page, at the vendor's own host."""
        if self.asks_again:
            return
        self.paginator.update_request(request)
        if self._has_next_page:
            check_same_host(self.vendor, self.address, request.url)
            self.listing.onward(_cursor(request))

    def _check_answer(self, answer: Any) -> None:
        if isinstance(answer, dict) and (answer.get("error") or answer.get("errors")):
            raise self.listing.refused("holds an error beside its list")
        for name in self.must:
            if found(answer, name) is ABSENT:
                raise self.listing.refused(f"does not say whether more follows ({name} is missing)")
        for name in filter(None, (self.more, self.done)):
            self.listing.says(found(answer, name))

    def _says_more(self, answer: Any) -> bool:
        return found(answer, self.more) is True if self.more else bool(self.done) and found(answer, self.done) is False

    def _total(self, answer: Any, response: requests.Response) -> int | None:
        if not self.total or (self.total_is_first and self.listing.pages):
            return None
        is_header = self.total.startswith("header ")
        said = response.headers.get(self.total[7:], ABSENT) if is_header else found(answer, self.total)
        if said is ABSENT:
            return None
        text = str(said)
        if isinstance(said, bool) or not text.isdigit():
            raise self.listing.refused(f"does not say how many rows it has ({self.total.removeprefix('header ')})")
        return int(text)


@cache
def selector(path: str) -> TJsonPath:
    """Where dlt's client finds the rows of an answer, compiled once: it would be for every page."""
    return compile_path(path)


def found(answer: Any, path: str) -> Any:
    """What stands at a path of an answer, or `ABSENT`."""
    for name in filter(None, path.split(".")):
        if not isinstance(answer, Mapping) or name not in answer:
            return ABSENT
        answer = answer[name]
    return answer


def _cursor(request: requests.Request) -> Hashable:
    params: Any = request.params or {}
    pairs: Iterable[tuple[Any, Any]] = params.items() if isinstance(params, Mapping) else params
    return request.url, tuple(sorted((str(name), str(value)) for name, value in pairs))
