"""The settings as the models read them: rows in the warehouse."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import business_tables
from flows.business_tables import BackInTime
from flows.places import Places
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings

AS_OF = datetime(2026, 3, 20, 19, 0, tzinfo=UTC)
THROUGH = date(2026, 3, 19)
TOML = """
[business]
name = "Ada"
history_start = 2026-03-02
time_zone = "America/New_York"
currency = "USD"
week_start = "sunday"
prospect_window_days = 30
"""
ANALYTICS = """
[sources.google_analytics]
properties = ["1", "2"]
primary = "2"
lead_event = "sign_up"
capture_pages = ["/guide"]
[sources.google_analytics.source_groups]
google = "google"
"""
ECB = """
[sources.ecb]
currencies = ["EUR", "JPY"]
"""


def settings(folder: Path, sources: str = "") -> Settings:
    path = folder / "parcours.toml"
    path.write_text(TOML + sources)
    return read_settings(path)


def write(folder: Path, sources: str = "", as_of: datetime = AS_OF, through: date = THROUGH) -> None:
    found = settings(folder, sources)
    asked = Asked(through, as_of, found.business.zone, found.business.history_start)
    business_tables.write(Places(folder), found, asked, "defined")


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        return warehouse.execute(query).fetchall()


def refreshes(folder: Path) -> list[tuple[datetime, date]]:
    found = rows(folder, "select as_of, through from raw_parcours.refreshes order by as_of")
    return [(as_of.astimezone(UTC), through) for as_of, through in found]


def test_the_business_is_a_row(tmp_path: Path) -> None:
    write(tmp_path, ANALYTICS)
    expected = (
        "Ada",
        "America/New_York",
        "USD",
        "sunday",
        date(2026, 3, 2),
        30,
        "2",
        "sign_up",
        "weekly_active_customers",
        "fr",
    )
    assert rows(tmp_path, "from raw_parcours.settings") == [expected]


def test_without_google_analytics_there_is_no_primary_property(tmp_path: Path) -> None:
    write(tmp_path)
    assert rows(tmp_path, "select primary_property, lead_event from raw_parcours.settings") == [("", "")]


def test_lists_of_the_settings_are_rows(tmp_path: Path) -> None:
    write(tmp_path, ANALYTICS + ECB)
    assert rows(tmp_path, "from raw_parcours.setting_items order by all") == [
        ("ecb", "currencies", "EUR"),
        ("ecb", "currencies", "JPY"),
        ("google_analytics", "capture_pages", "/guide"),
        ("google_analytics", "properties", "1"),
        ("google_analytics", "properties", "2"),
        ("google_analytics", "source_groups", "google"),
    ]


def test_every_source_is_a_row_and_says_whether_it_is_connected(tmp_path: Path) -> None:
    write(tmp_path, ECB)
    found = dict(rows(tmp_path, "select source, is_connected from raw_parcours.sources"))
    assert found == {name: name == "ecb" for name in CONNECTORS}


def test_a_source_says_from_when_and_until_when_it_counts(tmp_path: Path) -> None:
    write(tmp_path, "[sources.mailchimp]\nuntil = 2026-03-09\n[sources.brevo]\nfrom = 2026-03-10\n")
    query = "select source, counts_from, counts_until from raw_parcours.sources where not has_ended order by source"
    found = {source: days for source, *days in rows(tmp_path, query) if any(days)}
    assert found == {"brevo": [date(2026, 3, 10), None], "mailchimp": [None, date(2026, 3, 9)]}


def test_what_is_asked_now_are_the_scopes(tmp_path: Path) -> None:
    write(tmp_path, ANALYTICS + ECB)
    write(tmp_path, ECB, AS_OF + timedelta(days=1))  # Google Analytics is asked no more
    table = CONNECTORS["ecb"].tables["rates"]
    assert rows(tmp_path, "from raw_parcours.scopes") == [("ecb", "rates", "", "", "slices", table.reread_days)]


def test_each_account_of_each_table_is_a_scope(tmp_path: Path) -> None:
    write(tmp_path, '[sources.facebook_ads]\naccounts = ["1001", "1002"]\n')
    found = rows(
        tmp_path, "select distinct account_id from raw_parcours.scopes where source = 'facebook_ads' order by 1"
    )
    assert found == [("1001",), ("1002",)]


def test_changed_settings_replace_the_former(tmp_path: Path) -> None:
    write(tmp_path, ANALYTICS)
    write(tmp_path, ANALYTICS.replace('"/guide"', '"/webinar"'), AS_OF + timedelta(days=1))
    pages = rows(tmp_path, "select item from raw_parcours.setting_items where setting = 'capture_pages'")
    assert pages == [("/webinar",)]
    assert rows(tmp_path, "select count(*) from raw_parcours.settings") == [(1,)]


def test_refreshes_are_kept_one_row_each(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, as_of=AS_OF + timedelta(days=1), through=THROUGH + timedelta(days=1))
    later = (AS_OF + timedelta(days=1), THROUGH + timedelta(days=1))
    assert refreshes(tmp_path) == [(AS_OF, THROUGH), later]


def test_the_same_instant_again_replaces_its_row(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, through=THROUGH - timedelta(days=1))
    assert refreshes(tmp_path) == [(AS_OF, THROUGH - timedelta(days=1))]


def test_an_instant_before_the_last_refresh_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, ECB)
    with pytest.raises(
        BackInTime, match=r"--as-of 2026-03-20T18:59:59\+00:00 lies before the last refresh, 2026-03-20T"
    ):
        write(tmp_path, ANALYTICS, AS_OF - timedelta(seconds=1))
    assert refreshes(tmp_path) == [(AS_OF, THROUGH)]
    assert rows(tmp_path, "select distinct source from raw_parcours.scopes") == [("ecb",)]
