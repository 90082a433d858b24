"""The adversary notices what it must: its judgement on hand-made tables, and its answers on the wire."""

import json
from collections import Counter
from collections.abc import Iterable

import pyarrow as pa
import pytest

from pipelines.connector import Table, columns
from tests.adversary import listings, transport
from tests.adversary.answers import Answer, Call, Request, Talk
from tests.adversary.mutations import Mutation
from tests.adversary.stored import Stored

REVIEWS = {"reviews": Table(columns("id", stars=pa.int64()), ("id",), "entities", 1)}
LINE = ("reviews", "", "", None, None)
FAULT, POSSIBLE = (Mutation("x", lambda answer, _: answer, kind) for kind in ("fault", "possible"))  # type: ignore[arg-type]


def holding(*rows: tuple[str, int], logged: bool = True, told: Iterable[str] = ()) -> Stored:
    return Stored(REVIEWS, {"reviews": Counter(rows)}, frozenset([LINE] if logged else []), frozenset(told))


BEFORE = holding(("a", 5), ("b", 1), logged=False)
RIGHT = holding(("a", 5), ("b", 2), ("c", 4))


@pytest.mark.parametrize(
    ("after", "told", "result"),
    [
        (RIGHT, "", "equal"),
        (BEFORE, "SchemaDrift: reviews row 1 is no row", "refused"),
        (BEFORE, "", "neither"),  # in silence
        (BEFORE, "VendorBusy: shop: /reviews did not answer", "refused"),
        (holding(("a", 5), ("b", 1)), "reviews: deletions are held back", "refused"),
        (holding(("a", 5), ("b", 1)), "customers: deletions are held back", "neither"),  # another table's reason
        (holding(("a", 5), ("b", 2)), "", "neither"),  # the new one is missing
        (holding(("b", 2), ("c", 4)), "SchemaDrift: told", "neither"),  # told, but lost
        (holding(("a", 5), ("b", 2), ("c", 0)), "", "neither"),  # another value than the vendor's
        (holding(*RIGHT.rows["reviews"], logged=False), "", "neither"),  # right, but not counted as covered
    ],
)
def test_what_a_load_left_is_judged(after: Stored, told: str, result: str) -> None:
    assert after.judged(BEFORE, RIGHT, FAULT, told)[0] == result


def test_an_answer_that_may_be_true_is_believed_as_long_as_nothing_is_lost() -> None:
    assert holding(("a", 5), ("b", 2)).judged(BEFORE, RIGHT, POSSIBLE, "")[0] == "believed"
    assert holding(("b", 2), ("c", 4)).judged(BEFORE, RIGHT, POSSIBLE, "")[0] == "neither"


def answer(said: object, **headers: str) -> Answer:
    return Answer(200, (("Content-Type", "application/json"), *headers.items()), json.dumps(said).encode())


PAGES = [
    answer({"data": [{"id": "a"}, {"id": "b"}], "meta": {"total": 3, "next": "http://shop/l?page=2"}}),
    answer({"data": [{"id": "c"}], "meta": {"total": 3, "next": None}}),
]
REQUESTS = [Request("GET", f"/shop/v1/l?page={number}", {}) for number in (1, 2)]
CALLS = [Call(request, said) for request, said in zip(REQUESTS, PAGES, strict=True)]


def said(name: str, page: int) -> object:
    """What the page becomes under the mutation of that name."""
    mutation = next(one for one in [*listings.mutations(), *transport.mutations()] if one.name == name)
    changed = mutation.change(PAGES[page], Talk(REQUESTS[page], PAGES[:page], CALLS, "http://other"))
    return None if changed is None else changed.json


@pytest.mark.parametrize(
    ("name", "page", "becomes"),
    [
        ("list: missing", 0, {"meta": {"total": 3, "next": "http://shop/l?page=2"}}),
        ("list: null", 1, {"data": None, "meta": {"total": 3, "next": None}}),
        ("rows: none, against the total", 1, {"data": [], "meta": {"total": 3, "next": None}}),
        ("rows: none", 1, None),  # there is a total
        ("total: higher", 1, {"data": [{"id": "c"}], "meta": {"total": 8, "next": None}}),
        ("total: as text", 1, {"data": [{"id": "c"}], "meta": {"total": "3", "next": None}}),
        ("page: always the first", 1, PAGES[0].json),
        ("page: the next one, against the total", 0, PAGES[1].json),
        ("page: the first rows", 1, {"data": [{"id": "a"}, {"id": "b"}], "meta": {"total": 3, "next": None}}),
        (
            "cursor: elsewhere",
            0,
            {"data": PAGES[0].json["data"], "meta": {"total": 3, "next": "http://other/l?page=2"}},
        ),
        ("body: cut", 0, None),
    ],
)
def test_answers_are_altered_as_their_names_say(name: str, page: int, becomes: object) -> None:
    assert said(name, page) == becomes
