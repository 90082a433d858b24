"""Every value stands beside the right earlier one, and what is not alike is not compared."""

from collections import Counter
from collections.abc import Callable

import duckdb

from sandbox.events import World
from tests.end_to_end.comparison import FED, GRAINS
from tests.end_to_end.comparisons import FALLING, TO_DATE, At, Row, published_comparisons, told, true_comparisons, wrong
from tests.end_to_end.conftest import REFRESHES, Refreshed, business


def test_every_comparison_equals_truth(
    refreshed: Refreshed, true_compared: dict[At, Row], record_property: Callable[[str, object], None]
) -> None:
    published = published_comparisons(refreshed.places.marts)
    found = wrong(published, true_compared)
    record_property("comparisons compared with truth", len(true_compared))
    assert not found, told(found)
    changes = {(at[0], at[3]) for at, row in published.items() if row.change is not None}
    assert {comparison for _, comparison in changes} == {"previous_period", "last_year", *TO_DATE}


def test_every_comparison_equals_truth_on_the_day_before_a_month_ends(refreshed: Refreshed, world: World) -> None:
    """All accounts have loaded that day: uniques have their like, too."""
    warehouse, first = refreshed.after_first, REFRESHES[:1]
    published = published_comparisons(warehouse, "marts")
    true = true_comparisons(world, first, business(refreshed.settings), warehouse, "marts")
    found = wrong(published, true)
    assert not found, told(found)
    compared = {(at[0], at[1], at[3]) for at, row in published.items() if row.change is not None and at[3] in TO_DATE}
    for kpi in ("unique_visitors", "visitors_from_google", "bounce_rate", "capture_page_conversion_rate", "purchases"):
        for grain in ("week", "month", "quarter"):
            assert {(kpi, grain, comparison) for comparison in TO_DATE} <= compared, (kpi, grain)


def test_better_is_what_is_good_for_the_kpi(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        rows = marts.execute(
            "select kpi_id, change, direction, change_share, other_value from kpi_comparisons where change is not null"
        ).fetchall()
    assert Counter(direction for _, _, direction, _, _ in rows).keys() == {"better", "worse", "same"}
    for kpi, change, direction, share, other in rows:
        gain = -change if kpi in FALLING else change
        assert direction == ("better" if gain > 0 else "worse" if gain < 0 else "same"), kpi
        assert share == (change / abs(other) if other else None), kpi


def test_nothing_else_that_is_published_knows_of_earlier_parts(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        tables = marts.execute("select table_name from duckdb_columns() where column_name = 'grain'").fetchall()
        grains = {
            table: {grain for (grain,) in marts.execute(f"select distinct grain from {table}").fetchall()}
            for (table,) in tables
        }
    assert len(tables) > 20
    assert {grain for found in grains.values() for grain in found} == {*GRAINS, ""}
    assert len(FED) == 33


def test_the_earlier_parts_of_now_alone_are_kept(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.warehouse), read_only=True) as warehouse:
        asked = warehouse.execute(
            "select distinct grain, period_start, period_end from raw_google_analytics.to_date_metrics order by all"
        ).fetchall()
        cut = warehouse.execute(
            "select grain, period_start, period_end from marts.dim_periods where grain like '%to_date' order by all"
        ).fetchall()
    assert asked == cut
    assert len(cut) == 6
