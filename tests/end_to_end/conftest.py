"""The demo's business, refreshed twice through the real flow against the running vendors: made once for all tests."""

import os
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
from sandbox.truth import Business, Key, Refresh, Value, truth
from sandbox.world import generate

FIRST_DAY, LAST_DAY = date(2025, 10, 1), date(2026, 11, 23)
REFRESHES = (
    Refresh(datetime(2026, 10, 31, 19, 0, tzinfo=UTC), date(2026, 10, 30)),  # the last evening of a month
    Refresh(datetime(2026, 11, 23, 22, 30, tzinfo=UTC), date(2026, 11, 23)),  # so that this day's capture has a period
)


@dataclass(frozen=True)
class Refreshed:
    """What two refreshes left, what was true, and the vendors, still running at the last instant."""

    vendors: Running
    settings: Settings
    places: Places
    after_first: Path  # the warehouse as the first refresh left it
    true: dict[Key, Value]
    pages: dict[str, int]  # list endpoint → highest page that it served


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
        os.environ.update(vendors.environment())
        for number, refresh in enumerate(REFRESHES):
            vendors.set_clock(refresh.as_of)
            outcome = run_refresh(settings, places, refresh.through, refresh.as_of, [], print)
            assert outcome.exit_code == 0, outcome
            if number == 0:
                shutil.copy(places.warehouse, after_first)
        pages = vendors.sandbox.requests.pages()
        true = truth(world, REFRESHES, business(settings))
        yield Refreshed(vendors, settings, places, after_first, true, pages)


def business(settings: Settings) -> Business:
    """The settings that truth needs, from the same file."""
    analytics = settings.sources["google_analytics"].model_dump()
    return Business(
        time_zone=settings.business.time_zone,
        currency=settings.business.currency,
        week_start=settings.business.week_start,
        history_start=settings.business.history_start,
        prospect_window_days=settings.business.prospect_window_days,
        primary_property=analytics["primary"],
        capture_pages=tuple(analytics["capture_pages"]),
        lead_event=analytics["lead_event"],
        source_groups=dict(analytics["source_groups"]),
        retargeting_audiences=tuple(settings.sources["facebook_ads"].model_dump()["retargeting_audiences"]),
        follow_up_automations=tuple(settings.sources["mailchimp"].model_dump()["follow_up_automations"]),
    )
