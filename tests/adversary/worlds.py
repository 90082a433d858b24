"""A small business at all vendors, and every connector's options with pages so small that lists have several."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from flows.places import PROJECT
from pipelines.connector import Options
from pipelines.settings import Settings, read_settings
from sandbox.events import World
from sandbox.server import Running, running
from sandbox.world import generate
from tests.adversary.analytics import Analytics, grpc_proxied
from tests.adversary.proxy import Proxy, proxied

FIRST_DAY, LAST_DAY = date(2026, 8, 20), date(2026, 10, 1)
DAYS = (date(2026, 9, 28), date(2026, 9, 29))  # of the load that stores something, and of the one that is disturbed
USUAL_SCALE = 0.15
SCALES = {"google_analytics": 0.02, "facebook_ads": 0.02}  # they have many rows of little business
PAGE_ROWS = 4
ROWS_PER_PAGE = {"page_rows": PAGE_ROWS, "list_rows": 2, "line_rows": 2, "report_rows": 100, "event_rows": 4}
LARGER = {"google_analytics": {"page_rows": 60}, "facebook_ads": {"report_rows": 30, "page_rows": 12}}
# The demo's settings are the sources' settings; the address of what lies on the web is that of the proxy.
SETTINGS = PROJECT / "examples" / "demo" / "parcours.toml"
DEADLINES = 0.012
SOONER = {"PARCOURS_RETRY_PATIENCE": "0.001", "PARCOURS_DEADLINES": str(DEADLINES)}


def evening(day: date) -> datetime:
    """Late enough that the vendors have shown the day before."""
    return datetime.combine(day, time(20), UTC)


def history_start(source: str) -> date:
    """As far back as the business goes; of a source that has many rows a day, only the last days."""
    return DAYS[0] - timedelta(days=4) if source in SCALES else FIRST_DAY


def read(source: str) -> Settings:
    """The demo's settings with small pages."""
    settings = read_settings(SETTINGS, history_start=history_start(source))
    return settings.model_copy(update={"sources": {source: small(source, settings.sources[source])}})


def small(source: str, options: Options) -> Options:
    """The options with few rows per page, in whatever they call a page."""
    rows = ROWS_PER_PAGE | LARGER.get(source, {})
    named = [name for name in type(options).model_fields if name.endswith("_rows")]
    return options.model_copy(update={name: rows.get(name, PAGE_ROWS) for name in named})


def business(source: str) -> World:
    """What the vendors tell of."""
    return generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=SCALES.get(source, USUAL_SCALE))


@contextmanager
def disturbable(source: str) -> Iterator[tuple[Running, Proxy, Analytics]]:
    """The vendors, and what stands between them and the product, which is aimed at it."""
    with (
        running(business(source)) as vendors,
        proxied(vendors.base_url, source) as proxy,
        grpc_proxied(vendors) as analytics,
    ):
        between = replace(vendors, base_url=proxy.url, grpc_address=analytics.address)
        with pytest.MonkeyPatch.context() as monkeypatch:
            for name, value in (between.environment() | SOONER).items():
                monkeypatch.setenv(name, value)
            yield vendors, proxy, analytics
