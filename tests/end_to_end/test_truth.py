"""Every fed KPI, at every grain and period, equals what the events say."""

from collections.abc import Callable

import duckdb

from tests.end_to_end.comparison import FED, GRAINS, compare, published_values, summary
from tests.end_to_end.conftest import Refreshed

NOT_FED = {
    "north_star", "support_tickets", "customer_satisfaction", "upsell_conversion_rate", "nps", "customer_reviews",
    "affiliates", "partners", "gross_margin_rate",
}  # fmt: skip


def test_every_fed_kpi_equals_truth_at_every_grain_and_period(
    refreshed: Refreshed, record_property: Callable[[str, object], None]
) -> None:
    differences, compared = compare(published_values(refreshed.places.marts), refreshed.true)
    record_property("values compared with truth", sum(compared.values()))
    assert not differences, summary(differences)
    uncompared = {(kpi, grain) for kpi in FED for grain in GRAINS} - set(compared)
    assert not uncompared, f"nothing to compare: {sorted(uncompared)}"


def test_what_nothing_feeds_is_not_connected_and_never_zero(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        found = marts.execute(
            "select kpi_id, bool_or(is_connected), count(value) from kpi_values group by 1 order by 1"
        ).fetchall()
    assert {kpi for kpi, is_connected, _ in found if not is_connected} == NOT_FED
    assert {kpi for kpi, _, values in found if not values} == NOT_FED
    assert len(found) == 33


def test_every_list_endpoint_served_at_least_three_pages(refreshed: Refreshed) -> None:
    few = {endpoint: pages for endpoint, pages in refreshed.pages.items() if pages < 3}
    assert not few, few
