"""The comparison with truth finds mistakes: each turns red exactly the KPIs and grains that it spoils."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pipelines.registry import CONNECTORS
from pipelines.sources.facebook.graph import Graph
from pipelines.sources.mailchimp.client import Mailchimp
from sandbox.events import World
from sandbox.truth import truth
from tests.end_to_end.comparison import GRAINS, Difference, compare, summary
from tests.end_to_end.comparisons import TO_DATE, At, Row, published_comparisons, wrong
from tests.end_to_end.conftest import REFRESHES, Refreshed, business
from tests.end_to_end.mutants import (
    ModelMutant,
    by,
    differences,
    mutate,
    rebuild,
    rebuild_as_defined,
    red,
    reload,
    without_last_page,
)

Record = Callable[[str, object], None]
LONGER = ("week", "month", "quarter", "year")  # than a day

SUM_OF_DAILY_UNIQUES = ModelMutant(
    "models/marts/core/fct_web_by_period.sql",
    "    web.total_users,\n",
    """    (
        select cast(sum(daily.total_users) as bigint)
        from {{ ref('int_web_periods') }} as daily
        inner join {{ ref('dim_period_days') }} as days on daily.period_start = days.date_day
        where daily.grain = 'day' and days.grain = periods.grain and days.period_start = periods.period_start
    ) as total_users,\n""",
    "fct_web_by_period+",
)
AVERAGE_OF_RATES = ModelMutant(
    "models/marts/kpi/kpi_engagement.sql",
    "{{ safe_divide('parts.emails_opened', 'parts.emails_delivered') }} as email_open_rate,",
    """(
        select avg({{ safe_divide('sent.emails_opened', 'sent.emails_delivered') }})
        from {{ ref('fct_broadcasts') }} as sent
        inner join {{ ref('dim_period_days') }} as days on sent.date_day = days.date_day
        where days.grain = periods.grain and days.period_start = periods.period_start
    ) as email_open_rate,""",
    "kpi_engagement+",
)
JOIN_THAT_FANS_OUT = ModelMutant(
    "models/intermediate/int_order_lines.sql",
    "\n        and orders.currency = rates.currency",
    "",
    "int_order_lines+",
)
AGAINST_THE_WHOLE_PERIOD = ModelMutant(
    "models/marts/core/dim_period_days.sql",
    "\n            and cut.date_day <= {{ dbt.dateadd('day', 'earlier.days_further', 'earlier.period_start') }}",
    "",
    "dim_period_days+",
)
A_YEAR_OF_365_DAYS = ModelMutant("macros/periods.sql", "'day', -364", "'day', -365", "kpi_comparisons")
UTC_DAY = ModelMutant(
    "macros/business_day.sql",
    "cast(timezone({{ time_zone }}, {{ instant }}) as date)",
    "cast(timezone('UTC', {{ instant }}) as date)",
    "intermediate marts",
)


def in_another_zone(refreshed: Refreshed, world: World) -> set[str]:
    """The KPIs and grains whose true values are others where business days are those of UTC."""
    other = truth(world, REFRESHES, replace(business(refreshed.settings), time_zone="UTC"))
    values = {
        (key.kpi_id, key.grain, key.period_start): None if value.value is None else float(value.value)
        for key, value in other.items()
    }
    return red(compare(values, refreshed.true)[0])


@pytest.fixture
def warehouse(refreshed: Refreshed, tmp_path: Path) -> Path:
    """A copy of the warehouse that the last refresh left."""
    return Path(shutil.copy(refreshed.places.warehouse, tmp_path / "warehouse.duckdb"))


def judge(found: list[Difference], expected: set[str], record_property: Record, mistake: str) -> None:
    """The mistake turned red what it must, and nothing else."""
    turned = red(found)
    record_property(mistake, f"turned red: {', '.join(sorted(turned))}")
    missed, surprising = sorted(expected - turned), sorted(turned - expected)
    assert not missed, f"{mistake}: stayed green: {', '.join(missed)}"
    assert not surprising, f"{mistake}: also turned red: {', '.join(surprising)}\n{summary(found)}"


@pytest.mark.parametrize(
    ("mistake", "mutant", "expected"),
    [
        ("sum of daily uniques", SUM_OF_DAILY_UNIQUES, by(LONGER, "unique_visitors")),
        ("average of rates", AVERAGE_OF_RATES, by(LONGER, "email_open_rate")),
        (
            "a join that fans out",
            JOIN_THAT_FANS_OUT,
            by(GRAINS, "products_sold", "average_basket", "gross_margin_rate"),
        ),
    ],
)
def test_a_mistaken_model_turns_red(
    mistake: str,
    mutant: ModelMutant,
    expected: set[str],
    refreshed: Refreshed,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Record,
) -> None:
    rebuild(warehouse, mutate(mutant, warehouse.parent), mutant.select, monkeypatch)
    judge(differences(warehouse, refreshed.true), expected, record_property, mistake)


def test_a_utc_day_in_place_of_the_business_day_turns_red_what_happens_at_night(
    refreshed: Refreshed, world: World, warehouse: Path, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    expected = in_another_zone(refreshed, world)
    assert {"purchases by day", "new_prospects by month", "nps by day"} <= expected
    rebuild(warehouse, mutate(UTC_DAY, warehouse.parent), UTC_DAY.select, monkeypatch)
    judge(differences(warehouse, refreshed.true), expected, record_property, "a UTC day")


@pytest.mark.parametrize(
    ("mistake", "mutant", "expected"),
    [
        (
            "against the whole period",
            AGAINST_THE_WHOLE_PERIOD,
            {(grain, one) for grain in LONGER[:3] for one in TO_DATE},
        ),
        (
            "a year of 365 days",
            A_YEAR_OF_365_DAYS,
            {("day", "last_year"), ("week", "last_year"), ("week", "last_year_to_date")},
        ),
    ],
)
def test_a_value_beside_the_wrong_days_turns_red(
    mistake: str,
    mutant: ModelMutant,
    expected: set[tuple[str, str]],
    refreshed: Refreshed,
    true_compared: dict[At, Row],
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Record,
) -> None:
    rebuild(warehouse, mutate(mutant, warehouse.parent), mutant.select, monkeypatch)
    found = wrong(published_comparisons(warehouse, schema="marts"), true_compared)
    kpis = {at[0] for at in found}
    record_property(mistake, f"turned red: {len(found)} comparisons of {len(kpis)} KPIs")
    assert {(at[1], at[3]) for at in found} == expected
    assert {"purchases", "unique_visitors", "average_basket", "purchase_frequency"} <= kpis
    assert differences(warehouse, refreshed.true) == []


@pytest.mark.parametrize(
    ("source", "client", "name", "expected"),
    [
        ("facebook_page", Graph, "comments", by(GRAINS, "comments")),
        ("mailchimp", Mailchimp, "reports", by(GRAINS, "email_open_rate", "email_click_rate")),
    ],
)
def test_a_dropped_last_page_turns_red(
    source: str,
    client: type[Graph | Mailchimp],
    name: str,
    expected: set[str],
    refreshed: Refreshed,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Record,
) -> None:
    monkeypatch.setattr(client, "pages", without_last_page(client.pages, name))
    reload(CONNECTORS[source], refreshed, warehouse)
    rebuild_as_defined(refreshed.places, warehouse)
    judge(differences(warehouse, refreshed.true), expected, record_property, f"last page of {source}'s {name} dropped")


def test_a_removed_re_read_window_turns_red(
    refreshed: Refreshed, world: World, warehouse: Path, record_property: Record
) -> None:
    ads = CONNECTORS["facebook_ads"]
    unread = {"ads_insights": replace(ads.tables["ads_insights"], reread_days=1)}
    reload(replace(ads, tables={**ads.tables, **unread}), refreshed, warehouse)
    rebuild_as_defined(refreshed.places, warehouse)
    found = differences(warehouse, refreshed.true)
    judge(found, by(GRAINS, "cost_per_prospect"), record_property, "re-read window removed")
    red_days = {difference.period_start for difference in found if difference.grain == "day"}
    assert red_days == restated_days(world), "cost_per_prospect by day is red on other days than the restated ones"


def restated_days(world: World) -> set[date]:
    """The days whose spend the vendor changed between the refreshes, as far as only the window reads them again."""
    first, last = REFRESHES
    changed: dict[tuple[str, date], int] = {}
    for delivery in world.ad_deliveries:
        if delivery.date_day < first.through and first.as_of < delivery.shown_at <= last.as_of:
            place = delivery.ad_id, delivery.date_day
            changed[place] = changed.get(place, 0) + delivery.spend
    return {day for (_, day), spend in changed.items() if spend}
