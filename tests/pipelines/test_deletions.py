"""Deletion needs proof: what is missing all of a sudden stays, is told, and goes when it is still missing later."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.extract.resource import DltResource

from pipelines import load_log
from pipelines.connector import Connector, Options, Plan, Scope, Table, columns
from pipelines.load import LoadResult, load, run_plan
from pipelines.plan import Asked, plan_backfill

PARIS = ZoneInfo("Europe/Paris")
FIRST_DAY = date(2026, 1, 1)
TABLES = {
    # listed by the time of their change
    "letters": Table(columns("id", "sent_at"), ("id",), "entities", 5, dated_by=("sent_at",), listed_by="sent_at"),
    # days of two accounts, broken down by a word that the vendor may change
    "visits": Table(
        columns("site", "word", "count", day=pa.date32()),
        ("site", "day", "word"),
        "slices",
        5,
        slice_by=("site", "day"),
    ),
    # all that a form has
    "answers": Table(columns("form", "id"), ("form", "id"), "slices", 1, slice_by=("form",)),
    "partners": Table(
        columns("id", captured_on=pa.date32()), ("id", "captured_on"), "snapshots", 1, listed_by="captured_on"
    ),
}
SCOPES = {"letters": [""], "visits": ["a", "b"], "answers": ["f", "g"], "partners": [""]}


def day(number: int) -> date:
    return FIRST_DAY + timedelta(days=number - 1)


@dataclass
class Shelf:
    """A vendor in memory, and a warehouse."""

    folder: Path
    letters: dict[int, int] = field(default_factory=dict)  # id → day
    visits: dict[tuple[str, date], str] = field(default_factory=dict)  # site, day → a letter per row
    answers: dict[str, int] = field(default_factory=dict)  # form → how many
    partners: int = 1

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def connector(self) -> Connector:
        @dlt.source(name="shelf", section="shelf", max_table_nesting=0)
        def shelf(_options: Options, plan: Plan) -> list[DltResource]:
            return [dlt.resource(list(self.shown(name, plan)), name=name) for name in TABLES]

        def scopes(_options: Options, table: str) -> list[Scope]:
            return [Scope(one) for one in SCOPES[table]]

        return Connector("shelf", "Shelf", TABLES, Options, shelf, scopes, lambda _: [])

    def shown(self, name: str, plan: Plan) -> Iterator[dict[str, Any]]:
        """What the vendor answers now."""
        for pull in plan.of(name):
            if name == "letters":
                sent = {n: datetime.combine(day(at), time(12), UTC) for n, at in self.letters.items()}
                yield from ({"id": str(n), "sent_at": f"{at}"} for n, at in sent.items() if at >= plan.since(name))
            elif name == "visits":
                for one in pull.days():
                    words = self.visits.get((pull.account_id, one), "")
                    yield from ({"site": pull.account_id, "day": one, "word": word, "count": "1"} for word in words)
            elif name == "answers":
                yield from ({"form": pull.account_id, "id": str(n)} for n in range(self.answers[pull.account_id]))
            else:
                yield from ({"id": str(n), "captured_on": plan.captured_on} for n in range(self.partners))

    def asked(self, through: int, hour: int = 8) -> Asked:
        as_of = datetime.combine(day(through + 1), time(), UTC) + timedelta(hours=hour)
        return Asked(day(through), as_of, PARIS, FIRST_DAY, 0)

    def load(self, through: int, hour: int = 8, accepts: bool = False) -> LoadResult:
        asked = replace(self.asked(through, hour), accepts_deletions=accepts)
        return load(self.connector(), Options(), self.warehouse, self.folder / "dlt", asked)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str, where: str = "true") -> int:
        return int(self.rows(f"select count(*) from raw_shelf.{table} where {where}")[0][0])

    def caveats(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select table_name, account_id, date_day, detail from raw_parcours.caveats "
            "where caveat = 'deletions_held_back' order by all"
        )


def filled(folder: Path) -> Shelf:
    """Ten letters, one a day; three rows a day of two sites; two forms of ten and of two answers; five partners."""
    visits = {(site, day(n)): "abc" for site in "ab" for n in range(1, 11)}
    return Shelf(folder, {n: n for n in range(1, 11)}, visits, {"f": 10, "g": 2}, 5)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a load of it leaves."""
    found = filled(tmp_path_factory.mktemp("first"))
    found.load(10)
    return found.folder


@pytest.fixture
def shelf(again: Path) -> Shelf:
    """The same after a first load."""
    return filled(again)


def held(result: LoadResult) -> list[str]:
    return [one for one in result.warnings if "deletions are held back" in one]


def test_an_empty_list_deletes_nothing_is_told_and_is_believed_an_hour_later(shelf: Shelf) -> None:
    shelf.letters = {}
    (told,) = held(shelf.load(10, hour=9))  # asks for the 6th to the 10th: five letters
    assert told == (
        "shelf: letters: deletions are held back: 5 of 5 rows are no longer there at the vendor. They stay until a "
        "refresh an hour or more later finds the same. If they were deleted on purpose, `parcours refresh "
        "--accept-deletions shelf` deletes them at once."
    )
    assert shelf.count("letters") == 10
    assert shelf.caveats() == [("letters", "", None, "5 rows")]
    assert held(shelf.load(10, hour=9)) == [told]  # the same refresh again
    shelf.load(10, hour=10)
    assert shelf.count("letters") == 5
    assert shelf.caveats() == []


def test_the_next_day_asks_for_what_is_held_too_so_that_nothing_of_it_is_left(shelf: Shelf) -> None:
    shelf.letters, shelf.visits = {}, {key: rows for key, rows in shelf.visits.items() if key[0] == "b"}
    assert len(held(shelf.load(10, hour=9))) == 2
    assert shelf.caveats()[1:] == [("visits", "a", day(n), "3 rows") for n in range(6, 11)]
    shelf.load(14)  # alone it would ask from the 10th on
    assert shelf.count("letters") == 5
    assert shelf.count("visits", "site = 'a'") == 15  # the 1st to the 5th, which were not asked for again
    assert shelf.count("visits", "site = 'b'") == 30


def test_accepting_deletions_deletes_at_once(shelf: Shelf) -> None:
    shelf.letters, shelf.answers = {}, {"f": 0, "g": 2}
    assert held(shelf.load(10, hour=9, accepts=True)) == []
    assert (shelf.count("letters"), shelf.count("answers")) == (5, 2)


def test_what_comes_back_is_as_if_nothing_had_been(shelf: Shelf) -> None:
    before = shelf.rows("from raw_shelf.letters order by id")
    letters, shelf.letters = shelf.letters, {}
    shelf.load(10, hour=9)
    shelf.letters = letters
    assert held(shelf.load(10, hour=11)) == []
    assert shelf.rows("select id, sent_at from raw_shelf.letters order by id") == [row[:2] for row in before]
    assert shelf.rows("from raw_parcours.held_back") == shelf.caveats() == []


def test_where_a_part_comes_back_all_begins_anew(shelf: Shelf) -> None:
    shelf.answers["f"] = 0
    shelf.load(10, hour=9)
    shelf.answers["f"] = 3  # another answer of the vendor's: it is not to be believed yet
    assert len(held(shelf.load(10, hour=11))) == 1
    assert shelf.count("answers", "form = 'f'") == 10
    shelf.load(10, hour=12)
    assert shelf.count("answers", "form = 'f'") == 3


def test_one_row_more_that_vanished_meanwhile_does_not_keep_the_others(shelf: Shelf) -> None:
    shelf.letters |= {n: 10 for n in range(11, 41)}
    shelf.load(10, hour=9)
    shelf.letters = {n: at for n, at in shelf.letters.items() if n > 10}
    assert len(held(shelf.load(10, hour=10))) == 1  # five of 35 rows
    del shelf.letters[40]
    shelf.load(10, hour=11)
    assert shelf.count("letters") == 5 + 29


@pytest.mark.parametrize(
    ("left", "is_held"),
    [(9, False), (8, True), (0, True)],  # of ten answers
)
def test_a_row_of_many_goes_at_once_and_a_share_does_not(shelf: Shelf, left: int, is_held: bool) -> None:
    shelf.answers["f"] = left
    assert bool(held(shelf.load(11))) is is_held
    assert shelf.count("answers", "form = 'f'") == (10 if is_held else left)
    assert shelf.rows("select rows from raw_parcours.loads where account_id = 'f' order by as_of desc limit 1") == [
        (left,)  # what the vendor gave
    ]


def test_of_small_tables_half_is_held_and_one_of_three_is_not(shelf: Shelf) -> None:
    shelf.answers["g"] = 3
    assert not held(shelf.load(11))
    shelf.answers["g"] = 2
    assert not held(shelf.load(12))
    assert shelf.count("answers", "form = 'g'") == 2
    shelf.answers["g"] = 1
    assert len(held(shelf.load(13))) == 1
    assert shelf.count("answers", "form = 'g'") == 2


def test_a_day_that_is_broken_down_by_other_words_is_restated(shelf: Shelf) -> None:
    shelf.visits = {key: "xyz" for key in shelf.visits}
    assert not held(shelf.load(10, hour=9))
    assert shelf.rows("select word, count(*) from raw_shelf.visits where site = 'a' group by 1 order by 1") == [
        *((word, 5) for word in "abc"),
        *((word, 5) for word in "xyz"),
    ]


def test_a_day_that_is_empty_all_of_a_sudden_keeps_its_rows_beside_what_is_new(shelf: Shelf) -> None:
    shelf.visits |= {("a", day(7)): "", ("a", day(8)): "abcd", ("a", day(9)): "ab"}
    assert len(held(shelf.load(11))) == 1
    found = (
        "select day(day), string_agg(word, '' order by word) from raw_shelf.visits "
        "where site = 'a' and day(day) between 7 and 9 group by 1 order by 1"
    )
    assert shelf.rows(found) == [(7, "abc"), (8, "abcd"), (9, "abc")]
    stored = (
        "select date_day, rows from raw_parcours.slices where table_name = 'visits' and account_id = 'a' "
        "and day(date_day) between 7 and 9 order by 1"
    )
    assert shelf.rows(stored) == [(day(7), 3), (day(8), 4), (day(9), 3)]
    shelf.load(12)
    assert shelf.rows(found) == [(8, "abcd"), (9, "ab")]
    assert shelf.rows(stored) == [(day(7), 0), (day(8), 4), (day(9), 2)]


def test_a_second_capture_of_a_day_is_held_back_and_another_day_is_another_capture(shelf: Shelf) -> None:
    shelf.partners = 1
    assert len(held(shelf.load(10, hour=9))) == 1
    assert shelf.count("partners") == 5
    shelf.load(11)
    assert shelf.rows("select captured_on, count(*) from raw_shelf.partners group by 1 order by 1") == [
        (day(11), 5),
        (day(12), 1),
    ]
    assert shelf.rows("from raw_parcours.held_back") == shelf.caveats() == []


def test_a_backfill_holds_back_as_well_and_other_days_do_not_forget_it(shelf: Shelf) -> None:
    shelf.visits = {}
    for hour, first, last in ((9, 2, 3), (10, 4, 4)):
        plan = plan_backfill(
            shelf.connector(), Options(), shelf.warehouse, shelf.asked(10, hour), day(first), day(last), only_dated=True
        )
        run_plan(shelf.connector(), Options(), shelf.warehouse, shelf.folder / "dlt", plan)
    assert shelf.count("visits") == 60
    assert [row[2] for row in shelf.caveats() if row[1] == "a"] == [day(2), day(3), day(4)]
    shelf.load(10, hour=12)  # these days, and for the first time the 6th to the 10th
    assert shelf.count("visits", "site = 'a'") == 30 - 9
    shelf.load(10, hour=13)
    assert shelf.count("visits", "site = 'a'") == 3  # of the 1st, which was never asked for again


def test_a_load_that_dies_before_its_log_leaves_what_an_undisturbed_one_leaves(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    shelf.letters, shelf.visits = {}, {}
    states = []
    for hour in (9, 10):  # held back; deleted
        with monkeypatch.context() as patched:
            patched.setattr(load_log, "record", die)
            with pytest.raises(KeyboardInterrupt):
                shelf.load(10, hour)
        shelf.load(10, hour)
        states.append((shelf.count("letters"), shelf.count("visits"), len(shelf.caveats())))
    assert states == [(10, 60, 1 + 2 * 5), (5, 30, 0)]
