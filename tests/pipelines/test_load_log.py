"""What a load notices: deleted rows, changed days, restatements older than the window, drift of the vendor's schema."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.extract.resource import DltResource

from pipelines.connector import AccessRefused, Connector, ConnectorError, Options, Plan, Scope, Table, columns
from pipelines.load import LoadResult, create_empty, run_plan
from pipelines.plan import Asked, plan_backfill, plan_load
from pipelines.rows import SchemaDrift
from tests.pipelines.loads import load_whole

PARIS = ZoneInfo("Europe/Paris")
FIRST_DAY = date(2026, 1, 1)
TICKETS = Table(
    columns("id", "status", "opened_at", "changed_at"),
    key=("id",),
    kind="entities",
    reread_days=3,
    required=("status",),
    enums={"status": frozenset({"open", "solved"})},
    dated_by=("opened_at",),
    listed_by="changed_at",
)
CLICKS = Table(
    columns("account_id", "clicks", date_day=pa.date32()),
    key=("account_id", "date_day"),
    kind="slices",
    reread_days=3,
    slice_by=("account_id", "date_day"),
)
SIZES = Table(
    columns("id", "size", captured_on=pa.date32()), ("id", "captured_on"), "snapshots", 1, listed_by="captured_on"
)


def moment(day: int, hour: int = 12) -> str:
    return datetime(2026, 1, day, hour, tzinfo=UTC).isoformat()


def ticket(number: int, opened: int, changed: int, **other: Any) -> dict[str, Any]:
    return {"id": str(number), "status": "open", "opened_at": moment(opened), "changed_at": moment(changed)} | other


def scopes(_options: Options, table: str) -> list[Scope]:
    return [Scope("7" if table == "clicks" else "")]


@dataclass
class Desk:
    """A vendor of tickets and clicks, and a warehouse."""

    folder: Path
    tickets: list[dict[str, Any]] = field(default_factory=list)
    clicks: dict[int, str] = field(default_factory=dict)
    captured: tuple[str, ...] = ("a",)
    plans: list[Plan] = field(default_factory=list)
    kept_days: int = 0
    failing: bool = False
    refuses_days_before: date = FIRST_DAY
    error: type[ConnectorError] = ConnectorError

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def connector(self) -> Connector:
        @dlt.source(name="desk", section="desk", max_table_nesting=0)
        def desk(_options: Options, plan: Plan) -> list[DltResource]:
            self.plans.append(plan)

            def tickets() -> Iterator[dict[str, Any]]:
                since = plan.since("tickets")
                if since < plan.start(self.refuses_days_before):
                    raise self.error("that is too much at once")
                yield from (one for one in self.tickets if datetime.fromisoformat(one["changed_at"]) >= since)

            def clicks() -> Iterator[dict[str, Any]]:
                for pull in plan.of("clicks"):
                    for day in pull.days():
                        if day.day in self.clicks:
                            yield {"account_id": "7", "date_day": day, "clicks": self.clicks[day.day]}
                            plan.caveat("clicks", "7", "sampled", f"{self.clicks[day.day]} %", day=day)

            if self.failing:
                plan.fail("tickets", "", "gone")

            def sizes() -> Iterator[dict[str, Any]]:
                yield from ({"id": one, "captured_on": plan.captured_on, "size": "9"} for one in self.captured)

            return [dlt.resource(one, name=one.__name__) for one in (tickets, clicks, sizes)]

        tables = {"tickets": TICKETS, "clicks": replace(CLICKS, kept_days=self.kept_days), "sizes": SIZES}
        return Connector("desk", "Desk", tables, Options, desk, scopes, lambda _: [])

    def asked(self, through: int, deep_every_days: int = 0) -> Asked:
        as_of = datetime(2026, 1, through + 1, 8, tzinfo=UTC)
        return Asked(date(2026, 1, through), as_of, PARIS, FIRST_DAY, deep_every_days, 400)

    def load(self, through: int, deep_every_days: int = 0) -> LoadResult:
        asked = self.asked(through, deep_every_days)
        return load_whole(self.connector(), Options(), self.warehouse, self.folder / "dlt", asked)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(query).fetchall()

    def last_kind(self) -> str:
        return self.plans[-1].kind

    def held(self) -> list[str]:
        return [number for (number,) in self.rows("select id from raw_desk.tickets order by 1")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_the_vendor_no_longer_lists_is_deleted_and_what_it_was_not_asked_for_stays(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=1, changed=1), ticket(2, opened=2, changed=9), ticket(3, opened=3, changed=10)]
    desk.load(10)
    assert desk.held() == ["1", "2", "3"]
    desk.tickets = [ticket(3, opened=3, changed=10)]
    desk.load(11)  # asks from the 8th on
    assert desk.held() == ["1", "3"]


def test_a_deep_load_finds_what_changed_long_ago(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=1, changed=1), ticket(2, opened=2, changed=2)]
    desk.clicks = {1: "10", 10: "5"}
    desk.load(10)
    desk.tickets, desk.clicks = [ticket(2, opened=2, changed=2)], {1: "11", 10: "5"}
    desk.load(15, deep_every_days=7)
    assert desk.last_kind() == "usual"
    assert desk.held() == ["1", "2"]
    desk.load(17, deep_every_days=7)
    assert desk.last_kind() == "deep"
    assert desk.held() == ["2"]
    assert desk.rows("select clicks from raw_desk.clicks order by date_day") == [("11",), ("5",)]
    desk.load(18, deep_every_days=7)
    assert desk.last_kind() == "usual"


def pulls(desk: Desk, through: int, **asked: Any) -> dict[str, tuple[int, int]]:
    """Table → first and last day that a load would ask."""
    plan = plan_load(desk.connector(), Options(), desk.warehouse, replace(desk.asked(through), **asked))
    return {pull.table: (pull.first_day.day, pull.last_day.day) for pull in plan.pulls}


def backfill(desk: Desk, through: int, first: int, last: int) -> Plan:
    plan = plan_backfill(
        desk.connector(), Options(), desk.warehouse, desk.asked(through), date(2026, 1, first), date(2026, 1, last)
    )
    run_plan(desk.connector(), Options(), desk.warehouse, desk.folder / "dlt", plan)
    return plan


def test_a_backfill_beyond_what_is_loaded_hides_no_gap(desk: Desk) -> None:
    desk.load(10)
    backfill(desk, 20, 15, 20)
    assert pulls(desk, 20)["clicks"] == (8, 20)


def test_a_backfill_of_what_was_never_loaded_asks_nothing(desk: Desk) -> None:
    create_empty(desk.connector(), desk.warehouse)
    assert backfill(desk, 20, 15, 20).pulls == ()
    assert pulls(desk, 20)["clicks"] == (1, 20)


def test_a_history_that_begins_earlier_than_it_did_is_asked_anew(desk: Desk) -> None:
    load_whole(
        desk.connector(), Options(), desk.warehouse, desk.folder / "dlt",
        replace(desk.asked(10), history_start=date(2026, 1, 5)),
    )  # fmt: skip
    assert pulls(desk, 11, history_start=date(2026, 1, 5))["clicks"] == (8, 11)
    assert pulls(desk, 11, history_start=date(2026, 1, 2))["clicks"] == (2, 11)


def test_an_older_through_cuts_no_report_by_period_off(desk: Desk) -> None:
    desk.load(20)
    assert pulls(desk, 9) == {"clicks": (7, 9), "tickets": (7, 20), "sizes": (9, 20)}


def test_days_that_the_vendor_dropped_are_not_asked_and_stay(desk: Desk) -> None:
    desk.clicks = {day: "5" for day in range(1, 21)}
    desk.load(20)
    desk.clicks = {day: "6" for day in range(15, 21)}
    desk.kept_days = 6
    backfill(desk, 20, 1, 20)
    assert desk.rows("select clicks, count(*) from raw_desk.clicks group by 1 order by 1") == [("5", 14), ("6", 6)]


def test_an_account_that_always_fails_makes_no_other_deep_every_day(desk: Desk) -> None:
    desk.load(10)
    desk.failing = True
    desk.load(17, deep_every_days=7)
    desk.load(18, deep_every_days=7)
    assert [plan.kind for plan in desk.plans] == ["usual", "deep", "usual"]


def test_captures_are_not_asked_again_by_a_deep_load(desk: Desk) -> None:
    desk.load(10)
    desk.load(17, deep_every_days=7)
    assert {pull.table: pull.first_day.day for pull in desk.plans[-1].pulls} == {"tickets": 1, "clicks": 1, "sizes": 10}


def test_the_second_capture_of_a_day_replaces_the_first_and_no_other(desk: Desk) -> None:
    for through, captured in ((10, ("a", "b")), (11, ("a", "b", "c")), (11, ("b", "c"))):
        desk.captured = captured
        desk.load(through)
    assert desk.rows("select captured_on, id from raw_desk.sizes order by all") == [
        (date(2026, 1, 11), "a"),
        (date(2026, 1, 11), "b"),
        (date(2026, 1, 12), "b"),
        (date(2026, 1, 12), "c"),
    ]


def test_a_deep_load_that_the_vendor_does_not_bear_costs_no_new_days(desk: Desk) -> None:
    desk.load(10)
    desk.refuses_days_before, desk.clicks = date(2026, 1, 5), {16: "3"}
    result = desk.load(17, deep_every_days=7)
    assert [plan.kind for plan in desk.plans] == ["usual", "deep", "usual"]
    assert desk.rows("select clicks from raw_desk.clicks") == [("3",)]
    (warning,) = [one for one in result.warnings if "deep" in one]
    assert warning == "desk: the deep re-read failed and is tried again next time: that is too much at once"
    desk.refuses_days_before = FIRST_DAY
    desk.load(18, deep_every_days=7)
    assert desk.last_kind() == "deep"


def test_a_refused_credential_is_not_tried_a_second_time(desk: Desk) -> None:
    desk.load(10)
    desk.refuses_days_before, desk.error = date(2026, 1, 18), AccessRefused
    with pytest.raises(AccessRefused):
        desk.load(17, deep_every_days=7)
    assert len(desk.plans) == 2


def test_the_log_says_which_days_a_load_changed(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=1, changed=1), ticket(2, opened=9, changed=9)]
    desk.clicks = {9: "5", 10: "6"}
    desk.load(10)
    before = desk.rows("select count(*) from raw_parcours.slice_changes")
    assert before == [(2 + 10 + 1,)]  # two days of tickets, ten days of clicks, one capture
    desk.load(10)
    assert desk.rows("select count(*) from raw_parcours.slice_changes") == before
    desk.tickets[1] = ticket(2, opened=9, changed=11, status="solved")
    desk.clicks[9] = "50"
    desk.load(11)
    assert desk.rows(
        "select table_name, date_day, rows_before, rows_after from raw_parcours.slice_changes "
        "where changed_at = timestamptz '2026-01-12 08:00:00+00' order by all"
    ) == [
        ("clicks", date(2026, 1, 9), 1, 1),
        ("clicks", date(2026, 1, 11), None, 0),
        ("sizes", date(2026, 1, 12), None, 1),
        ("tickets", date(2026, 1, 9), 1, 1),
    ]


def test_two_rows_of_a_day_that_exchange_a_value_change_it(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=9, changed=9), ticket(2, opened=9, changed=10)]
    desk.load(10)
    desk.tickets = [ticket(1, opened=9, changed=10), ticket(2, opened=9, changed=9)]
    desk.load(11)
    changed = "changed_at = timestamptz '2026-01-12 08:00:00+00' and table_name = 'tickets'"
    assert desk.rows(f"select date_day from raw_parcours.slice_changes where {changed}") == [(date(2026, 1, 9),)]


def test_a_row_counts_for_the_business_day_of_its_time(desk: Desk) -> None:
    desk.tickets = [ticket(1, 1, 1, opened_at=moment(5, 22)), ticket(2, 1, 1, opened_at=moment(5, 23))]
    desk.load(10)
    days = desk.rows("select date_day from raw_parcours.slices where table_name = 'tickets' order by 1")
    assert days == [(date(2026, 1, 5),), (date(2026, 1, 6),)]  # 23:00 UTC is midnight in Paris


def test_caveats_of_the_days_that_are_read_again_are_told_again(desk: Desk) -> None:
    desk.clicks = {1: "10", 9: "20", 10: "30"}
    desk.load(10)
    desk.clicks = {10: "31"}
    desk.load(11)
    told = desk.rows("select date_day, caveat, detail from raw_parcours.caveats order by 1")
    assert told == [(date(2026, 1, 1), "sampled", "10 %"), (date(2026, 1, 10), "sampled", "31 %")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "9", "opened_at": moment(9), "changed_at": moment(9), "state": "open"}, "no longer sends status"),
        (ticket(9, 9, 9, status="resolved"), r"status is 'resolved', and whether .* \(known: open, solved\)"),
    ],
)
def test_a_field_or_a_value_that_the_vendor_renamed_is_refused(desk: Desk, row: dict[str, Any], said: str) -> None:
    desk.tickets = [ticket(1, opened=9, changed=9)]
    desk.load(10)
    desk.tickets.append(row)
    with pytest.raises(SchemaDrift, match=f"desk: tickets row 2: .*{said}"):
        desk.load(11)
    assert desk.held() == ["1"]


def test_a_required_field_may_be_null(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=9, changed=9, status=None)]
    desk.load(10)
    assert desk.held() == ["1"]


def test_a_new_field_does_no_harm_and_is_noted(desk: Desk) -> None:
    desk.tickets = [ticket(1, opened=9, changed=9)]
    desk.load(10)
    desk.tickets = [ticket(1, opened=9, changed=9, mood="sunny")]
    desk.load(11)
    assert desk.rows(
        "select field, is_read from raw_parcours.fields where table_name = 'tickets' and first_seen_at > "
        "(select min(first_seen_at) from raw_parcours.fields)"
    ) == [("mood", False)]


def test_a_backfill_asks_days_of_reports_all_else_since_then_and_no_captures(desk: Desk) -> None:
    desk.load(20)
    days = (date(2026, 1, 5), date(2026, 1, 7))
    plan = plan_backfill(desk.connector(), Options(), desk.warehouse, desk.asked(20), *days)
    assert {pull.table: (pull.first_day, pull.last_day) for pull in plan.pulls} == {
        "tickets": (date(2026, 1, 5), date(2026, 1, 20)),
        "clicks": days,
    }
    plan = plan_backfill(desk.connector(), Options(), desk.warehouse, desk.asked(20), *days, only_dated=True)
    assert {pull.table for pull in plan.pulls} == {"clicks"}
