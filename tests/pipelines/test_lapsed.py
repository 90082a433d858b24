"""From whom nothing has come for long: what counts as a contact, whose it is, and on which day of the business."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines import forgotten, lapsed, load_log
from pipelines.lapsed import Lapsed, first_day_kept
from pipelines.load import add_tables
from pipelines.registry import CONNECTORS

SOURCES = [CONNECTORS[name] for name in ("brevo", "facebook_page", "klaviyo", "mailchimp", "shopify")]
PARIS = ZoneInfo("Europe/Paris")
KEPT = date(2026, 3, 6)
ADA, ADA_NOW, BEN = "a" * 64, "b" * 64, "c" * 64
OLD, LATE = "2026-03-01T10:00:00Z", "2026-03-20T10:00:00Z"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with load_log.connect(tmp_path / "warehouse.duckdb") as connection:
        for connector in SOURCES:
            add_tables(connection, connector)
        yield connection


def add(connection: duckdb.DuckDBPyConnection, table: str, **row: object) -> None:
    """A row of a raw table, by some of its columns."""
    values = ", ".join(f"? as {name}" for name in row)
    connection.execute(f"insert into raw_{table} by name select {values}", list(row.values()))


def event(connection: duckdb.DuckDBPyConnection, profile: str, metric: str, at: str, properties: str = "{}") -> None:
    add(
        connection,
        "klaviyo.events",
        id=f"{profile} {metric} {at}",
        metric_name=metric,
        relationships__profile__data__id=profile,
        attributes__datetime=at,
        attributes__event_properties=properties,
    )


def found(connection: duckdb.DuckDBPyConnection) -> Lapsed:
    return lapsed.find(connection, SOURCES, KEPT, PARIS)


@pytest.mark.parametrize(
    ("months", "today", "first_day"),
    [
        (36, date(2026, 12, 1), date(2023, 12, 1)),
        (1, date(2026, 1, 31), date(2025, 12, 31)),
        (1, date(2026, 3, 31), date(2026, 2, 28)),
        (12, date(2028, 2, 29), date(2027, 2, 28)),
    ],
)
def test_months_are_those_of_the_calendar(months: int, today: date, first_day: date) -> None:
    assert first_day_kept(months, today) == first_day


def test_the_day_is_the_businesss(warehouse: duckdb.DuckDBPyConnection) -> None:
    add(warehouse, "shopify.orders", id="1", email_key=ADA, created_at="2026-03-05T22:59:59Z")
    add(warehouse, "shopify.orders", id="2", email_key=BEN, created_at="2026-03-05T23:00:00Z")
    assert found(warehouse) == Lapsed(2, 1, {ADA})


def test_a_click_is_a_contact_and_an_open_a_delivery_or_a_robots_click_is_none(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    for profile in ("clicks", "opens", "gets", "robot", "odd robot"):
        add(warehouse, "klaviyo.profiles", id=profile, consent="SUBSCRIBED", consent_timestamp=OLD)
    event(warehouse, "clicks", "Clicked Email", LATE, '{"Bot Click": false, "$message": "m1"}')
    event(warehouse, "opens", "Opened Email", LATE)
    event(warehouse, "gets", "Received Email", LATE)
    event(warehouse, "robot", "Clicked Email", LATE, '{"Bot Click": true}')
    event(warehouse, "odd robot", "Clicked Email", LATE, '{"$bot_click": "1.0"}')
    marks = {f"klaviyo:{one}" for one in ("opens", "gets", "robot", "odd robot")}
    assert found(warehouse) == Lapsed(5, 4, marks)


def test_a_contact_under_any_address_that_a_contact_had_is_the_persons(warehouse: duckdb.DuckDBPyConnection) -> None:
    add(warehouse, "brevo.opt_ins", id=7, email_key=ADA, opt_in=OLD)
    add(warehouse, "brevo.opt_ins", id=7, email_key=ADA_NOW, opt_in=OLD)
    add(warehouse, "mailchimp.opt_ins", contact_key="m", member_key=BEN, email_key=ADA, timestamp_opt=OLD)
    assert found(warehouse) == Lapsed(1, 1, {ADA, ADA_NOW, BEN, "brevo:7", "mailchimp:m"})
    add(warehouse, "shopify.orders", id="1", email_key=ADA_NOW, created_at=LATE)
    assert found(warehouse) == Lapsed(1, 0, set())


def test_who_never_did_anything_counts_from_the_first_day(warehouse: duckdb.DuckDBPyConnection) -> None:
    for key, first in ((ADA, OLD), (BEN, "2026-03-10T10:00:00Z")):
        for at in (first, LATE):
            add(warehouse, "brevo.events", message_id=at, event="delivered", date=at, email_key=key)
    assert found(warehouse) == Lapsed(2, 1, {ADA})


def test_the_business_itself_and_who_is_nobody_already_are_no_persons(warehouse: duckdb.DuckDBPyConnection) -> None:
    add(warehouse, "facebook_page.comments", page_id="100", id="1", author_key="100", created_time=OLD)
    add(warehouse, "brevo.opt_ins", id=7, email_key=ADA, opt_in=OLD)
    add(warehouse, "shopify.orders", id="1", email_key=ADA, created_at=OLD)
    first = found(warehouse)
    assert first == Lapsed(1, 1, {ADA, "brevo:7"})
    at = datetime(2026, 4, 6, tzinfo=UTC)
    forgotten.bury(warehouse, first.marks, at)
    forgotten.hide(warehouse, first.marks, at, SOURCES)
    assert found(warehouse) == Lapsed(0, 0, set())
