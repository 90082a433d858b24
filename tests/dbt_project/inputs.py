"""The tables that the models of facts by period read, filled with rows of a test."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa

from tests.dbt_project.calendars import Period
from tests.dbt_project.models import Models

TEXT, DAY, MONEY = pa.string(), pa.date32(), pa.decimal128(18, 6)
PARTS = {"part": TEXT, "is_connected": pa.bool_(), "covered_from": DAY, "covered_through": DAY}
DAILY = {"date_day": DAY, "part": TEXT, "segment_kind": TEXT, "segment": TEXT, "amount": MONEY}
WEB = (
    *("total_users", "active_users", "new_users", "sessions", "engaged_sessions", "engagement_seconds"),
    *("elapsed_seconds_per_session", "visitors_from_google", "visitors_from_google_paid"),
    *("visitors_from_google_organic", "visitors_from_facebook", "visitors_from_facebook_paid"),
    *("visitors_from_facebook_organic", "capture_sessions", "capture_sessions_with_lead"),
    *("sessions_without_landing_page", "sessions_with_cart", "sessions_with_purchase"),
)
ANSWERS = {
    "answer_key": TEXT,
    "date_day": DAY,
    "answered_at": pa.timestamp("us", "UTC"),
    "kind": TEXT,
    "survey_key": TEXT,
    "respondent_key": TEXT,
    "verdict": pa.int64(),
}
ORDERS = {"order_key": TEXT, "date_day": DAY, "buyer_key": TEXT, "order_value": MONEY}
CAPTURES = {"measure": TEXT, "source": TEXT, "entity_id": TEXT, "date_day": DAY, "amount": pa.int64()}
WAITS = {"date_day": DAY, "seconds_to_purchase": pa.int64()}

Span = tuple[date, date]  # first and last day
Amounts = dict[tuple[str, date], Decimal]  # by part and day
Answer = tuple[date, int, str, str, str, int]  # day, second of it, kind, survey, respondent, verdict
Order = tuple[date, str | None, Decimal | None]  # day, buyer, value


def given_parts(models: Models, loaded: Mapping[str, Span]) -> None:
    """Parts of KPIs, each loaded on some days."""
    models.given("marts.dim_parts", PARTS, [(part, True, *days) for part, days in loaded.items()])


def given_amounts(models: Models, found: Amounts) -> None:
    """Daily amounts; segments are parts of them and do not count again."""
    kinds = (("total", "total"), ("channel", "ads"))
    rows = [(day, part, *kind, amount) for (part, day), amount in found.items() for kind in kinds]
    models.given("marts.fct_daily_parts", DAILY, rows)


def given_sessions(models: Models, found: Mapping[Period, tuple[int, int]]) -> None:
    """What Google Analytics answered for each period: sessions, and how many of them were engaged."""
    columns = {"grain": TEXT, "period_start": DAY, "period_end": DAY, **dict.fromkeys(WEB, pa.int64())}
    rows = [
        (*period, None, *({"sessions": sessions, "engaged_sessions": engaged}.get(name) for name in WEB))
        for period, (sessions, engaged) in found.items()
    ]
    models.given("intermediate.int_web_periods", columns, rows)


def given_answers(models: Models, found: Iterable[Answer]) -> None:
    """Answers; of two in the same second the one that comes later here is the later one."""
    rows = [
        (f"{number:03d}", day, datetime.combine(day, time(), UTC) + timedelta(seconds=second), *said)
        for number, (day, second, *said) in enumerate(found)
    ]
    models.given("marts.fct_answers", ANSWERS, rows)


def given_orders(models: Models, found: Iterable[Order]) -> None:
    """Orders of known and unknown buyers."""
    models.given("marts.fct_orders", ORDERS, [(str(number), *order) for number, order in enumerate(found)])


def given_captures(models: Models, found: Mapping[tuple[str, str, date], int], entities: Mapping[str, int]) -> None:
    """Captured stocks by measure, entity and day, and of how many entities each measure consists."""
    models.given(
        "marts.fct_captures", CAPTURES, [(measure, "a", *key, amount) for (measure, *key), amount in found.items()]
    )
    columns = {"measure": TEXT, "source": TEXT, "entities": pa.int64()}
    rows = [(measure, "a", many) for measure, many in entities.items()]
    models.given("intermediate.int_captured_entities", columns, rows)
    windows = {"source": TEXT, "first_day": DAY, "last_day": DAY}
    models.given("intermediate.int_windows", windows, [("a", date.min, date.max)])


def given_waits(models: Models, found: Iterable[tuple[date, int | None]]) -> None:
    """First purchases with the seconds that their buyers waited, where these are known."""
    models.given("marts.fct_first_purchases", WAITS, list(found))


def given_whole_periods(models: Models) -> None:
    """No period of a stage is known to be whole."""
    columns = {
        "stage": pa.string(), "grain": pa.string(), "period_start": pa.date32(), "is_complete": pa.bool_(),
        "is_provisional": pa.bool_(),
    }  # fmt: skip
    models.given("marts.kpi_whole_periods", columns, [])
