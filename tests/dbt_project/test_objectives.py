"""How objectives stand: versions, targets, states, reviews and notes, each worked out by hand.

The year is 2026, months unless said otherwise, and the last refresh on Friday 10 April.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from flows import objective_tables
from pipelines import load_log
from pipelines.settings import read_settings
from tests.dbt_project.conftest import OBJECTIVES
from tests.dbt_project.inputs import DAY, TEXT
from tests.dbt_project.models import Models

AS_OF_DAY = date(2026, 4, 10)
MOMENT, NUMBER, YES = pa.timestamp("us", "UTC"), pa.float64(), pa.bool_()
ENDS = {1: date(2026, 1, 31), 2: date(2026, 2, 28), 3: date(2026, 3, 31), 4: date(2026, 4, 30)}
BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2025-10-01\n'
# 100 days from start to target: 30 of them are gone at the end of January, 58 of February, 89 of March.
PATH = """
[[objectives.kpis]]
kpi = "{kpi}"
start_value = {start}
start_day = 2026-01-01
target_value = {target}
target_day = 2026-04-11
"""
PERIODS = """
[[objectives.kpis]]
kpi = "{kpi}"
per_period = {each}
cumulated = "{over}"
grain = "{grain}"
"""


def objective(kpis: str, name: str = "one", stage: str = "capture", review: str = "monthly") -> str:
    said = f'id = "{name}"\nstage = "{stage}"\nsentence = "More."\nserves = "north_star"\nowner = "Alice"\n'
    return f'[[objectives]]\n{said}review = "{review}"\ncontributors = ["Bob", "Eve"]\n{kpis}'


class Warehouse:
    """The models, with raw rows written as a refresh writes them and values as a test gives them."""

    def __init__(self, models: Models, folder: Path) -> None:
        self.models, self.folder = models, folder
        models.connection.execute("drop schema raw_parcours cascade; " + load_log.TABLES)
        business = {"business_name": TEXT, "time_zone": TEXT, "reporting_currency": TEXT, "as_of_day": DAY}
        for table in ("intermediate.int_business", "marts.dim_business"):
            models.given(table, business, [("Ada", "Europe/Paris", "EUR", AS_OF_DAY)])
        self.periods([("month", date(2026, month, 1), end) for month, end in ENDS.items()])
        self.values([])
        self.caveats([])
        self.refreshes([])

    def say(self, text: str, day: date = date(2026, 3, 5)) -> None:
        """A refresh of a day, with these settings."""
        path = self.folder / "parcours.toml"
        path.write_text(BUSINESS + text, encoding="utf-8")
        objective_tables.write(self.models.connection, read_settings(path), day)

    def review(self, name: str, at: datetime) -> None:
        self.models.connection.execute("insert into raw_parcours.objective_reviews values (?, ?, 'Seen.')", [name, at])

    def periods(self, rows: list[tuple[str, date, date]]) -> None:
        self.models.given("marts.dim_periods", {"grain": TEXT, "period_start": DAY, "period_end": DAY}, rows)

    def values(self, rows: list[tuple[Any, ...]]) -> None:
        """kpi, grain, period_start, value, connected, complete, provisional."""
        columns = {
            "kpi_id": TEXT, "grain": TEXT, "period_start": DAY, "value": NUMBER, "is_connected": YES,
            "is_complete": YES, "is_provisional": YES,
        }  # fmt: skip
        self.models.given("marts.kpi_values", columns, rows)

    def months(self, kpi: str, *found: float | None, open_from: int = 5, is_connected: bool = True) -> None:
        """A KPI's values of January and on; those from a month on are not complete."""
        self.values(
            [
                (kpi, "month", date(2026, month, 1), value, is_connected, is_connected and month < open_from, False)
                for month, value in enumerate(found, start=1)
            ]
        )

    def caveats(self, rows: list[tuple[Any, ...]]) -> None:
        columns = {"source": TEXT, "table_name": TEXT, "date_day": DAY, "caveat": TEXT, "detail": TEXT}
        self.models.given("marts.fct_caveats", columns, rows)
        fed = [("nps", "typeform", "answers"), ("customer_satisfaction", "typeform", "answers")]
        self.models.given("marts.kpi_sources", {"kpi_id": TEXT, "source": TEXT, "table_name": TEXT}, fed)

    def refreshes(self, rows: list[tuple[datetime, str]]) -> None:
        self.models.given("marts.fct_refreshes", {"refreshed_at": MOMENT, "definition": TEXT}, rows)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        self.models.built(*OBJECTIVES)
        return self.models.rows(query)


@pytest.fixture
def warehouse(models: Models, tmp_path: Path) -> Warehouse:
    return Warehouse(models, tmp_path)


def test_an_objective_that_changes_keeps_its_versions_with_their_days(warehouse: Warehouse) -> None:
    first, second = (objective(PATH.format(kpi="new_prospects", start=60, target=target)) for target in (100, 120))
    days = [date(2026, 1, 5), date(2026, 2, 10), date(2026, 3, 1), date(2026, 4, 1)]
    for day, text in zip(days, (first, second, "", first), strict=True):
        warehouse.say(text, day)
    assert warehouse.rows(
        "select version, valid_from, valid_until, is_current, first_valid_from from marts.objectives order by version"
    ) == [
        (1, days[0], days[1], False, days[0]),
        (2, days[1], days[2], False, days[0]),
        (3, days[3], None, True, days[0]),
    ]
    assert warehouse.rows(
        "select version, position, kpi_id, target_value, is_current from marts.objective_kpis order by version"
    ) == [
        (1, 1, "new_prospects", 100, False),
        (2, 1, "new_prospects", 120, False),
        (3, 1, "new_prospects", 100, True),
    ]


def test_an_objective_is_what_the_settings_say(warehouse: Warehouse) -> None:
    kpis = PATH.format(kpi="nps", start=-5, target=5.5) + PERIODS.format(
        kpi="purchases", each=9.5, over="year", grain="month"
    )
    warehouse.say(objective(kpis, "mixed", "fan", "weekly"))
    assert warehouse.rows(
        "select objective_id, stage, sentence, serves, owner, contributors, review_cadence from marts.objectives"
    ) == [("mixed", "fan", "More.", "north_star", "Alice", "Bob, Eve", "weekly")]
    assert warehouse.rows(
        "select position, kpi_id, grain, start_value, start_day, target_value, target_day, "
        "per_period, cumulated_over from marts.objective_kpis order by position"
    ) == [
        (1, "nps", "month", -5, date(2026, 1, 1), 5.5, date(2026, 4, 11), None, ""),
        (2, "purchases", "month", None, None, None, None, 9.5, "year"),
    ]


def test_the_path_is_straight_and_ends_at_its_target(warehouse: Warehouse) -> None:
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=60, target=100)))
    warehouse.months("new_prospects", 70, 85, 90, 20, open_from=4)
    found = warehouse.rows(
        "select period_start, period_end, value, round(target, 9), target_cumulated, value_cumulated "
        "from marts.kpi_targets order by period_start"
    )
    assert [one[0].month for one in found] == [1, 2, 3, 4]
    assert [one[1] for one in found] == list(ENDS.values())
    assert [one[2] for one in found] == [70, 85, 90, None]  # what is open has no value yet
    assert [one[3] for one in found] == [72, 83.2, 95.6, 100]  # 60 + 40 × 30, 58 and 89 hundredths; 100 ever after
    assert {one[4:] for one in found} == {(None, None)}


def test_the_path_begins_with_the_period_that_its_start_lies_in(warehouse: Warehouse) -> None:
    later = PATH.format(kpi="new_prospects", start=60, target=100).replace("2026-01-01", "2026-02-28")
    warehouse.say(objective(later))
    warehouse.months("new_prospects", 70, 85, 90, 95)
    found = warehouse.rows("select period_start, target from marts.kpi_targets order by period_start limit 1")
    assert found == [(date(2026, 2, 1), 60)]


STATE = "select status, round(expected_value, 9), latest_value, latest_period_start, latest_last_day from {} "


@pytest.mark.parametrize(
    ("kpi", "start", "target", "expected", "on_track", "at_risk", "off_track"),
    [
        ("new_prospects", 60, 100, 95.6, (120, 95.6), (95.5, 91.6), (91.5, 0)),
        ("cost_per_prospect", 100, 60, 64.4, (10, 64.4), (64.5, 68.4), (68.5, 120)),
        ("capture_page_conversion_rate", 0.2, 0.3, 0.289, (0.289,), (0.2889, 0.279), (0.2789,)),
        ("capture_page_conversion_rate", 0.5, 0.4, 0.411, (0.411,), (0.4111, 0.421), (0.4211,)),
        ("capture_page_conversion_rate", 0.1, 0.3, 0.278, (0.278,), (0.2779, 0.258), (0.2579,)),
        ("new_prospects", -20, 10, 6.7, (6.7,), (6.6, 3.7), (3.6, -6.7)),
        ("new_prospects", -5, 5, 3.9, (3.9,), (3.8, 2.9), (2.8, 0)),
        ("new_prospects", 5, -5, -3.9, (-4, -3.9), (-3.8, -2.9), (-2.8, 0)),
    ],
)
def test_a_state_is_judged_at_its_edges(
    warehouse: Warehouse,
    kpi: str,
    start: float,
    target: float,
    expected: float,
    on_track: tuple[float, ...],
    at_risk: tuple[float, ...],
    off_track: tuple[float, ...],
) -> None:
    """At risk is short by at most a tenth of the way from start to target."""
    warehouse.say(objective(PATH.format(kpi=kpi, start=start, target=target)))
    for status, values in (("on track", on_track), ("at risk", at_risk), ("off track", off_track)):
        for value in values:
            warehouse.months(kpi, None, 1000, value, 1000, open_from=4)
            [found] = warehouse.rows(STATE.format("marts.kpi_scorecard"))
            assert found == (status, expected, value, date(2026, 3, 1), date(2026, 3, 31)), value


def test_after_its_day_the_target_is_expected(warehouse: Warehouse) -> None:
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=0.1, target=0.3)))
    for value, status in ((0.3, "on track"), (0.28, "at risk"), (0.27, "off track")):
        warehouse.months("new_prospects", 1, 1, 1, value)
        [found] = warehouse.rows("select status, expected_value, latest_period_start from marts.kpi_scorecard")
        assert found == (status, 0.3, date(2026, 4, 1))


def test_without_a_complete_value_since_the_start_there_is_no_state(warehouse: Warehouse) -> None:
    nothing = ("no data", None, None, None, None)
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=60, target=100)))
    warehouse.months("new_prospects", None, 85, 90, 95, open_from=2)  # January has nothing to say, the others are open
    assert warehouse.rows(STATE.format("marts.kpi_scorecard")) == [nothing]
    started = PATH.format(kpi="new_prospects", start=60, target=100).replace("2026-01-01", "2026-03-02")
    warehouse.say(objective(started))
    warehouse.months("new_prospects", 70, 85, 90, 95, open_from=3)  # what was complete lies before the start
    assert warehouse.rows(STATE.format("marts.kpi_scorecard")) == [nothing]
    to_come = started.replace("2026-03-02", "2026-06-01").replace("2026-04-11", "2026-12-31")
    warehouse.say(objective(to_come))
    assert warehouse.rows(STATE.format("marts.kpi_scorecard")) == [nothing]


def test_what_is_not_connected_says_so(warehouse: Warehouse) -> None:
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=60, target=100)))
    warehouse.months("new_prospects", None, None, None, None, is_connected=False)
    assert warehouse.rows(STATE.format("marts.kpi_scorecard")) == [("not connected", None, None, None, None)]


def test_a_gap_is_passed_over_and_the_latest_value_is_looked_at(warehouse: Warehouse) -> None:
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=60, target=100)))
    warehouse.months("new_prospects", 90, 84, None, 10, open_from=4)
    [found] = warehouse.rows(STATE.format("marts.kpi_scorecard"))
    assert found == ("on track", 83.2, 84, date(2026, 2, 1), date(2026, 2, 28))


CUMULATED = "select status, expected_value, latest_value, start_value, start_day, target_value, target_day from {}"
QUARTER = (0, date(2026, 1, 1), 300, date(2026, 3, 31))  # three months of 100


@pytest.mark.parametrize(
    ("values", "open_from", "state"),
    [
        ((120, 70, 110), 4, ("on track", 300, 300)),
        ((120, 70, 95), 4, ("at risk", 300, 285)),
        ((120, 70, 80), 4, ("at risk", 300, 270)),  # a tenth of what should have come together
        ((120, 70, 79), 4, ("off track", 300, 269)),
        ((120, 70, 500), 3, ("at risk", 200, 190)),  # March is open: it counts on neither side
        ((120, None, 95), 4, ("on track", 200, 215)),  # nor does a month without a value
    ],
)
def test_targets_per_period_are_added_up_over_the_complete_periods(
    warehouse: Warehouse, values: tuple[float, ...], open_from: int, state: tuple[object, ...]
) -> None:
    warehouse.say(objective(PERIODS.format(kpi="new_prospects", each=100, over="quarter", grain="month")))
    warehouse.months("new_prospects", *values, open_from=open_from)
    assert warehouse.rows(CUMULATED.format("marts.kpi_scorecard")) == [(*state, *QUARTER)]


def test_each_quarter_begins_anew(warehouse: Warehouse) -> None:
    warehouse.say(objective(PERIODS.format(kpi="new_prospects", each=100, over="quarter", grain="month")))
    warehouse.months("new_prospects", 120, 70, 110, 95, open_from=5)
    found = warehouse.rows(
        "select target, target_cumulated, value_cumulated, cumulated_from from marts.kpi_targets order by period_start"
    )
    quarters = [date(2026, 1, 1)] * 3 + [date(2026, 4, 1)]
    assert [one[3] for one in found] == quarters
    assert [one[:3] for one in found] == [(100, 100, 120), (100, 200, 190), (100, 300, 300), (100, 100, 95)]
    assert warehouse.rows(CUMULATED.format("marts.kpi_scorecard")) == [
        ("at risk", 100, 95, 0, date(2026, 4, 1), 300, date(2026, 6, 30))
    ]


def test_of_what_should_be_few_fewer_are_on_track(warehouse: Warehouse) -> None:
    text = objective(PERIODS.format(kpi="support_tickets", each=40, over="year", grain="month"), stage="experience")
    warehouse.say(text)
    for march, status in ((40, "on track"), (39, "on track"), (52, "at risk"), (53, "off track")):
        warehouse.months("support_tickets", 30, 50, march)
        [found] = warehouse.rows(CUMULATED.format("marts.kpi_scorecard"))
        assert found == (status, 120, 80 + march, 0, date(2026, 1, 1), 480, date(2026, 12, 31))


def test_days_and_quarters_are_added_up_too(warehouse: Warehouse) -> None:
    days = [date(2026, 3, 1) + timedelta(days=number) for number in range(3)]
    quarter = ("quarter", date(2026, 1, 1), date(2026, 3, 31))
    warehouse.periods([*(("day", day, day) for day in days), quarter])
    warehouse.values(
        [
            *(("new_prospects", "day", day, 4.0, True, True, False) for day in days),
            ("purchases", "quarter", quarter[1], 260.0, True, True, False),
        ]
    )
    kpis = PERIODS.format(kpi="new_prospects", each=5, over="quarter", grain="day")
    warehouse.say(objective(kpis + PERIODS.format(kpi="purchases", each=250, over="year", grain="quarter")))
    assert warehouse.rows(CUMULATED.format("marts.kpi_scorecard order by position")) == [
        ("off track", 15, 12, 0, date(2026, 1, 1), 450, date(2026, 3, 31)),  # 90 days of 5
        ("on track", 250, 260, 0, date(2026, 1, 1), 1000, date(2026, 12, 31)),
    ]


def test_what_is_added_up_may_move_as_long_as_one_part_may(warehouse: Warehouse) -> None:
    kpis = PERIODS.format(kpi="new_prospects", each=100, over="quarter", grain="month")
    warehouse.say(objective(kpis + PATH.format(kpi="purchases", start=0, target=10)))
    month = date(2026, 1, 1), date(2026, 2, 1)
    warehouse.values(
        [
            (kpi, "month", day, 100.0, True, True, day == month[0])
            for kpi in ("new_prospects", "purchases")
            for day in month
        ]
    )
    found = warehouse.rows("select kpi_id, is_provisional from marts.kpi_scorecard order by position")
    assert found == [("new_prospects", True), ("purchases", False)]


DUE = "select last_reviewed_on, review_due_on, is_review_overdue from marts.kpi_scorecard"


@pytest.mark.parametrize(
    ("cadence", "first_day", "due", "is_overdue"),
    [
        ("weekly", date(2026, 4, 2), date(2026, 4, 9), True),
        ("weekly", date(2026, 4, 3), date(2026, 4, 10), False),  # today
        ("monthly", date(2026, 1, 31), date(2026, 2, 28), True),
        ("monthly", date(2026, 3, 10), date(2026, 4, 10), False),
        ("quarterly", date(2026, 1, 9), date(2026, 4, 9), True),
        ("quarterly", date(2026, 1, 10), date(2026, 4, 10), False),
    ],
)
def test_a_review_is_due_a_while_after_the_objective_was_set(
    warehouse: Warehouse, cadence: str, first_day: date, due: date, is_overdue: bool
) -> None:
    text = objective(PATH.format(kpi="new_prospects", start=60, target=100), review=cadence)
    warehouse.say(text, first_day)
    warehouse.say(text.replace("More.", "Much more."), AS_OF_DAY)  # saying it otherwise is no review
    assert warehouse.rows(DUE) == [(None, due, is_overdue)]


def test_a_review_counts_on_its_business_day_and_the_last_one_counts(warehouse: Warehouse) -> None:
    warehouse.say(objective(PATH.format(kpi="new_prospects", start=60, target=100), review="weekly"))
    warehouse.review("one", datetime(2026, 4, 5, 22, 30, tzinfo=UTC))  # the 6th in Paris
    warehouse.review("one", datetime(2026, 3, 20, 8, 0, tzinfo=UTC))
    warehouse.review("two", datetime(2026, 4, 9, 8, 0, tzinfo=UTC))
    assert warehouse.rows(DUE) == [(date(2026, 4, 6), date(2026, 4, 13), False)]
    days = warehouse.rows("select objective_id, reviewed_on from marts.objective_reviews order by reviewed_at")
    assert days == [("one", date(2026, 3, 20)), ("one", date(2026, 4, 6)), ("two", date(2026, 4, 9))]


def test_only_objectives_in_force_have_targets_and_a_state(warehouse: Warehouse) -> None:
    kept, gone = (objective(PATH.format(kpi="new_prospects", start=60, target=100), name) for name in ("kept", "gone"))
    warehouse.say(kept + gone, date(2026, 2, 1))
    warehouse.say(kept, date(2026, 3, 1))
    warehouse.months("new_prospects", 70, 85, 90, 95)
    assert warehouse.rows("select objective_id from marts.kpi_scorecard") == [("kept",)]
    assert warehouse.rows("select distinct objective_id from marts.kpi_targets") == [("kept",)]


def test_what_happened_is_a_note_of_its_kind(warehouse: Warehouse) -> None:
    note = '[[annotations]]\nday = 2026-03-01\ntext = "Open"\n'
    said = objective(PATH.format(kpi="nps", start=60, target=100), stage="fan")
    warehouse.say(said, date(2026, 2, 1))
    warehouse.say(note + note + 'kpis = ["purchases"]\n' + said.replace("More.", "Much more."), date(2026, 3, 5))
    broken = date(2026, 3, 3)
    warehouse.caveats(
        [
            ("typeform", "answers", broken, "series_break", "another question"),
            ("typeform", "answers", broken, "series_break", "another question"),  # of another account
            ("typeform", "answers", broken, "sampled", "a half"),
            ("typeform", "other", broken, "series_break", "feeds nothing"),
        ]
    )
    late = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)  # the 10th in Paris
    warehouse.refreshes(
        [
            (late - timedelta(days=3), "a"), (late - timedelta(days=1), "a"), (late, "b"),
            (late + timedelta(days=1), "b"), (late + timedelta(days=2), "a"),
        ]
    )  # fmt: skip
    assert warehouse.rows("select date_day, kind, text, kpi_id, source from marts.annotations order by all") == [
        (date(2026, 3, 1), "note", "Open", "purchases", None),
        (date(2026, 3, 1), "note", "Open", None, None),
        (broken, "series break", "another question", "customer_satisfaction", "typeform"),
        (broken, "series break", "another question", "nps", "typeform"),
        (date(2026, 3, 5), "objective", "Much more.", "nps", None),
        (date(2026, 3, 10), "definition", "", None, None),
        (date(2026, 3, 12), "definition", "", None, None),
    ]


def test_the_catalogue_says_what_a_stage_shows_first(warehouse: Warehouse) -> None:
    warehouse.say('[dashboard.focus]\nfan = ["customer_reviews", "brand_mentions"]\n')
    found = dict(warehouse.rows("select kpi_id, focus_position from marts.kpi_catalog"))
    assert len(found) == 33
    assert [found[kpi] for kpi in ("brand_mentions", "nps", "customer_reviews")] == [2, None, 1]
    assert [found[kpi] for kpi in ("affiliates", "partners", "gross_margin_rate")] == [1, 2, None]
