"""Every fed KPI, at every grain and period, equals what the events say."""

from collections.abc import Callable
from math import isclose

import duckdb

from tests.end_to_end.comparison import FED, GRAINS, compare, published_values, summary
from tests.end_to_end.conftest import Refreshed


def test_every_fed_kpi_equals_truth_at_every_grain_and_period(
    refreshed: Refreshed, record_property: Callable[[str, object], None]
) -> None:
    differences, compared = compare(published_values(refreshed.places.marts), refreshed.true)
    record_property("values compared with truth", sum(compared.values()))
    assert not differences, summary(differences)
    uncompared = {(kpi, grain) for kpi in FED for grain in GRAINS} - set(compared)
    assert not uncompared, f"nothing to compare: {sorted(uncompared)}"


def test_nothing_is_unconnected(refreshed: Refreshed) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        found = marts.execute(
            "select kpi_id, bool_or(is_connected), count(value) from kpi_values group by 1 order by 1"
        ).fetchall()
    assert [kpi for kpi, is_connected, values in found if not (is_connected and values)] == []
    assert len(found) == 33


def test_every_segment_that_truth_knows_is_published_and_right(
    refreshed: Refreshed, record_property: Callable[[str, object], None]
) -> None:
    with duckdb.connect(str(refreshed.places.marts), read_only=True) as marts:
        rows = marts.execute(
            "select kpi_id, dimension, segment, grain, period_start, value from kpi_by_segment"
        ).fetchall()
    known = {(key.kpi_id, key.dimension) for key in refreshed.true_segments}
    published = {tuple(row[:5]): row[5] for row in rows if row[5] and (row[0], row[1]) in known}
    true = {tuple(key): value.value for key, value in refreshed.true_segments.items() if value.value}
    assert len(known) == 9
    assert set(published) == set(true), sorted(set(published) ^ set(true), key=str)[:5]
    wrong = {key: (published[key], float(one)) for key, one in true.items() if not isclose(published[key], one)}
    record_property("segments compared with truth", len(true))
    assert not wrong, list(wrong.items())[:5]


# What a small business has too few of: lists, programmes, products, an order's refunded lines, kinds of events; and of
# Shopify only what changed after the bulk operation of the first load is read page by page.
FEW = {
    *("/contacts/lists", "/products", "/metrics", "/programs/", "/programs/{program}/affiliates/", "refundLineItems"),
    *("orders", "customers", "/disputes", "/credit_notes"),
}


def test_every_list_endpoint_served_at_least_three_pages(refreshed: Refreshed) -> None:
    few = {endpoint for endpoint, pages in refreshed.pages.items() if pages < 3}
    assert few <= FEW, few - FEW
