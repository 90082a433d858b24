"""A business that has connected only one source, or none: a working warehouse, right values, and nothing made up."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.places import PROJECT, Places
from flows.refresh import run_refresh
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings
from sandbox.events import World
from sandbox.server import Running, running
from sandbox.truth import Refresh, truth
from sandbox.world import generate
from tests.aiming import aim
from tests.end_to_end.comparison import GRAINS, compare, published_values, summary
from tests.end_to_end.conftest import business

FIRST_DAY, LAST_DAY = date(2026, 10, 10), date(2026, 11, 23)
ASKED = Refresh(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 22))
SHOP = {
    "purchases", "average_basket", "products_sold", "avg_days_to_first_purchase", "north_star",
    "upsell_conversion_rate", "purchase_frequency", "gross_margin_rate",
}  # fmt: skip
MAIL = {"email_open_rate", "email_click_rate", "new_prospects", "followup_email_open_rate"}
# Source → what it connects when it stands alone.
CONNECTS = {
    "google_analytics": {
        *("unique_visitors", "visitors_from_google", "visitors_from_facebook", "avg_session_duration", "bounce_rate"),
        *("capture_page_conversion_rate", "product_conversion_rate", "cart_abandonment_rate"),
    },
    "facebook_ads": {"retargeting_audience_size"},
    "facebook_page": {"social_interactions", "comments", "facebook_fans", "brand_mentions", "customer_reviews"},
    "mailchimp": MAIL,
    "brevo": MAIL,
    "klaviyo": MAIL,
    "shopify": SHOP,
    "woocommerce": SHOP,
    "stripe": SHOP,
    "zendesk": {"support_tickets", "customer_satisfaction"},
    "typeform": {"nps", "customer_satisfaction"},
    "trustpilot": {"customer_reviews"},
    "rewardful": {"affiliates"},
    "tapfiliate": {"affiliates", "partners"},
    "ecb": set(),
    "files": {"brand_mentions"},
}
ALWAYS = ("brevo", "stripe", "typeform")  # the others are slow: a minute or two together


@dataclass(frozen=True)
class Vendors:
    """The vendors of a small business, and that business's settings with everything connected."""

    running: Running
    world: World
    toml: str


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    text = (PROJECT / "examples" / "demo" / "parcours.toml").read_text()
    text = re.sub(r"(?m)^history_start = \S+", f"history_start = {FIRST_DAY}", text)
    text = re.sub(r"(?m)^orders_from = .*\n", "", text)
    world = generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.2)
    with (
        running(world, ASKED.as_of) as served,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        aim(served, monkeypatch)
        yield Vendors(served, world, text)


def only(vendors: Vendors, source: str, folder: Path) -> Settings:
    """The settings with this one source connected, or none."""
    sections = re.split(r"(?m)^(?=\[+sources\.)", vendors.toml)
    kept = [one for one in sections if re.match(rf"\[+sources\.{source}[\].]", one)] if source else []
    path = folder / "parcours.toml"
    path.write_text(sections[0] + "".join(kept))
    return read_settings(path)


def refreshed(settings: Settings, folder: Path) -> Places:
    places = Places(folder / "data")
    outcome = run_refresh(settings, places, ASKED.through, ASKED.as_of, [], print)
    assert outcome.exit_code == 0, outcome
    return places


def connected(places: Places) -> set[str]:
    with duckdb.connect(str(places.marts), read_only=True) as marts:
        rows = marts.execute("select kpi_id, bool_or(is_connected), count(value) from kpi_values group by 1").fetchall()
    assert len(rows) == 33
    assert {kpi for kpi, is_connected, values in rows if values and not is_connected} == set()
    return {kpi for kpi, is_connected, _ in rows if is_connected}


def test_every_source_is_tried_alone() -> None:
    assert set(CONNECTS) == set(CONNECTORS)


def test_without_a_source_there_is_a_warehouse_that_claims_nothing(vendors: Vendors, tmp_path: Path) -> None:
    assert connected(refreshed(only(vendors, "", tmp_path), tmp_path)) == set()


@pytest.mark.parametrize(
    "source", [pytest.param(one, marks=[] if one in ALWAYS else [pytest.mark.slow]) for one in CONNECTS]
)
def test_a_source_alone_gives_its_kpis_and_no_others(vendors: Vendors, tmp_path: Path, source: str) -> None:
    settings = only(vendors, source, tmp_path)
    assert settings.connected == [source]
    places = refreshed(settings, tmp_path)
    assert connected(places) == CONNECTS[source]
    # What a payment is for, Stripe knows of invoices only; test_stripe works its values out by hand.
    kpis = CONNECTS[source] if source != "stripe" else set()
    told = replace(
        vendors.world,
        ticket_ratings=vendors.world.ticket_ratings if source == "zendesk" else [],
        answers=vendors.world.answers if source == "typeform" else [],
        tags=vendors.world.tags if source == "facebook_page" else [],
        rates=[],  # without the ECB an amount in another currency stays unknown
        affiliates=[one for one in vendors.world.affiliates if source != "tapfiliate" or one.programme == "partner"],
    )
    differences, _ = compare(published_values(places.marts), truth(told, [ASKED], business(settings)), kpis)
    assert not differences, summary(differences)
    assert {grain for _, grain, _ in published_values(places.marts)} == set(GRAINS)
