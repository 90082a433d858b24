"""The demo's business, refreshed twice through the real flow against the running vendors: made once for all tests."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.places import PROJECT, Places
from pipelines.settings import Settings, read_settings
from sandbox.events import World
from sandbox.server import Running, running
from sandbox.truth import Business, Key, Refresh, SegmentKey, Upsell, Value, segments, truth
from sandbox.world import generate
from tests.aiming import aimed
from tests.end_to_end.comparisons import At, Row, true_comparisons

FIRST_DAY, LAST_DAY = date(2025, 10, 1), date(2026, 11, 23)
REFRESHES = (
    Refresh(datetime(2026, 10, 31, 19, 0, tzinfo=UTC), date(2026, 10, 30)),  # the last evening of a month
    Refresh(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 23)),  # so that this day's capture has a period
)


@dataclass(frozen=True)
class Refreshed:
    """What two refreshes left, all built by dbt, what was true, and the vendors, still running at the last instant."""

    vendors: Running
    settings: Settings
    places: Places
    after_first: Path  # the warehouse as the first refresh left it
    true: dict[Key, Value]
    true_segments: dict[SegmentKey, Value]
    pages: dict[str, int]  # list endpoint → highest page that it served


@pytest.fixture(scope="session", autouse=True)
def _served_by_prefect(prefect_server: None) -> None:
    """Every refresh here uses the one server."""


@pytest.fixture(scope="session")
def settings() -> Settings:
    return read_settings(PROJECT / "examples" / "demo" / "parcours.toml", history_start=FIRST_DAY)


@pytest.fixture(scope="session")
def world() -> World:
    return generate(first_day=FIRST_DAY, last_day=LAST_DAY)


@pytest.fixture(scope="session")
def refreshed(world: World, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Refreshed]:
    from flows.refresh import run_refresh

    places = Places(tmp_path_factory.mktemp("refreshed"))
    after_first = tmp_path_factory.mktemp("after_first") / "warehouse.duckdb"
    with running(world) as vendors:
        with aimed(vendors) as monkeypatch:
            monkeypatch.setenv("PARCOURS_REPLAY", "off")
            for number, refresh in enumerate(REFRESHES):
                vendors.set_clock(refresh.as_of)
                outcome = run_refresh(settings, places, refresh.through, refresh.as_of, [], print)
                assert outcome.exit_code == 0, outcome
                if number == 0:
                    shutil.copy(places.warehouse, after_first)
        pages = vendors.sandbox.requests.pages()
        true = truth(world, REFRESHES, business(settings))
        true_segments = segments(world, REFRESHES, business(settings))
        yield Refreshed(vendors, settings, places, after_first, true, true_segments, pages)


@pytest.fixture(scope="session")
def true_compared(refreshed: Refreshed, world: World) -> dict[At, Row]:
    """What each value of the last refresh is to be held against."""
    return true_comparisons(world, REFRESHES, business(refreshed.settings), refreshed.places.marts)


MAIL_TOOLS = ("mailchimp", "brevo", "klaviyo")
SHOPS = {"woocommerce": ("boutique",), "shopify": ("international",), "stripe": ("boutique", "international")}
REVIEWS = {"trustpilot": "trustpilot", "facebook_page": "facebook"}


def business(settings: Settings) -> Business:
    """The settings that truth needs, from the same file; what is not connected is not told."""
    said = {name: options.model_dump() for name, options in settings.sources.items()}
    analytics = said.get(
        "google_analytics", {"primary": "", "capture_pages": [], "lead_event": "", "source_groups": {}}
    )
    owners = settings.business.orders_from or [name for name in SHOPS if name in said]
    forms = {form["kind"]: form for form in said.get("typeform", {}).get("forms", [])}
    return Business(
        time_zone=settings.business.time_zone,
        currency=settings.business.currency,
        week_start=settings.business.week_start,
        history_start=settings.business.history_start,
        prospect_window_days=settings.business.prospect_window_days,
        north_star=settings.business.north_star,
        upsells=tuple(
            Upsell(tuple(one.base), tuple(one.upsell), one.window_days, one.same_order)
            for one in settings.business.upsells
        ),
        primary_property=analytics["primary"],
        capture_pages=tuple(analytics["capture_pages"]),
        lead_event=analytics["lead_event"],
        source_groups=dict(analytics["source_groups"]),
        retargeting_audiences=tuple(said.get("facebook_ads", {}).get("retargeting_audiences", [])),
        follow_up_automations=tuple(
            one for tool in MAIL_TOOLS for one in said.get(tool, {}).get("follow_up_automations", [])
        ),
        mail_tools=tuple(tool for tool in MAIL_TOOLS if tool in said),
        shops=tuple(shop for owner in owners for shop in SHOPS.get(owner, ())),
        own_money=SHOPS["shopify"] if "shopify" in owners else (),
        review_platforms=tuple(platform for source, platform in REVIEWS.items() if source in said),
        csat_satisfied_from=forms.get("csat", {}).get("satisfied_from", 4),
        csat_neutral=forms.get("csat", {}).get("neutral"),
        has_press="files" in said,
        has_other_spend="files" in said,
    )
