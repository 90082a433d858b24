"""What open periods are compared with: as many first days of earlier ones, counted by Google Analytics for these days.

Users and sessions cannot be taken from a longer period, nor added up from days. Decision 20.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from google.analytics.data_v1beta import BetaAnalyticsDataClient, types

from pipelines import parts
from pipelines.connector import ConnectorError, Pull, QuotaExhausted, Table, columns
from pipelines.sources.google_analytics.batches import (
    RANGES_PER_REQUEST,
    REQUESTS_PER_BATCH,
    Range,
    answers_of,
    contradiction,
    request_of,
)
from pipelines.sources.google_analytics.client import metadata, one_page
from pipelines.sources.google_analytics.quality import Heard
from pipelines.sources.google_analytics.reports import Period, PeriodReport, earlier_parts

NAME = "to_date_metrics"
TABLE = Table(
    columns(
        "property_id", "report", "definition", "grain", "metrics", "metadata",
        period_start=pa.date32(), period_end=pa.date32(),
    ),
    ("property_id", "report", "grain"),
    "slices",
    1,
    ("property_id",),
    nested=("metrics", "metadata"),
    is_chosen=True,  # a week that ends is compared whole: no part of it is asked for any more
)  # fmt: skip


def to_date_metrics(
    client: BetaAnalyticsDataClient, reports: Sequence[PeriodReport], history_start: date, week_start: str, heard: Heard
) -> Iterator[dict[str, Any]]:
    """Every report of every earlier part; none where the quota is short, which the comparison then says."""

    def read(pull: Pull) -> Iterator[dict[str, Any]]:
        asked = earlier_parts(pull.last_day, history_start, week_start)
        try:
            rows = [] if heard.is_short(pull.account_id) else _rows(client, reports, pull, asked, heard)
        except QuotaExhausted:
            rows = []
        if not rows:
            for period in asked:
                heard.leave_out(pull, period)
        yield from rows

    yield from parts.each(heard.plan, NAME, read)
    heard.tell()


def _rows(
    client: BetaAnalyticsDataClient, reports: Sequence[PeriodReport], pull: Pull, asked: list[Period], heard: Heard
) -> list[dict[str, Any]]:
    ranges = sorted(
        {(period.first_day, period.last_day) for period in asked}
    )  # in January a month's is the year's, too
    half = len(ranges) if len(ranges) <= RANGES_PER_REQUEST else (len(ranges) + 1) // 2
    questions = [(report, group) for report in reports for group in (ranges[:half], ranges[half:]) if group]
    # names tell whose an answer is; the vendor gives none where there is one range
    size = REQUESTS_PER_BATCH if len(ranges) > 1 else 1
    rows: list[dict[str, Any]] = []
    for start in range(0, len(questions), size):
        some = questions[start : start + size]
        requests = [_named(request_of(pull.account_id, (), *one), start + number) for number, one in enumerate(some)]
        answers = answers_of(client, pull.account_id, requests)
        for (report, group), request, answer in zip(some, requests, answers, strict=True):
            heard.quota(pull.account_id, answer)
            said, values = metadata(answer), _values(request, answer)
            for period in asked:
                if (period.first_day, period.last_day) in group:
                    number = group.index((period.first_day, period.last_day))
                    heard.period(pull, report.name, period, said, number)
                    rows.append(_row(pull, report, period, values[number], said))
    _check_empty(client, reports, pull, rows, heard)
    return rows


def _named(request: types.RunReportRequest, number: int) -> types.RunReportRequest:
    for place, one in enumerate(request.date_ranges):
        one.name = f"part_{number}_{place}"
    return request


def _values(request: types.RunReportRequest, answer: types.RunReportResponse) -> list[tuple[str, ...] | None]:
    """The counts of each range, None where the vendor gave no row."""
    names = [one.name for one in request.date_ranges]
    by_name = {(labels or names)[0]: values for labels, values in one_page(request, answer)}
    if strange := by_name.keys() - set(names):
        raise ConnectorError(f"Google Analytics: a report of {request.property} has ranges {strange}, not {names}")
    return [by_name.get(name) for name in names]


def _row(
    pull: Pull, report: PeriodReport, period: Period, values: tuple[str, ...] | None, said: dict[str, Any]
) -> dict[str, Any]:
    return {
        "property_id": pull.account_id,
        "report": report.name,
        "definition": report.definition,
        "grain": period.grain,
        "period_start": period.first_day,
        "period_end": period.last_day,
        "metrics": dict(zip(report.metrics, values, strict=True)) if values else {},
        "metadata": said,
    }


def _check_empty(
    client: BetaAnalyticsDataClient,
    reports: Sequence[PeriodReport],
    pull: Pull,
    rows: list[dict[str, Any]],
    heard: Heard,
) -> None:
    """Refuse a part without anybody of which a day has some."""
    empty: dict[str, list[Range]] = {}
    for row in rows:
        if not row["metrics"]:
            empty.setdefault(row["report"], []).append((row["period_start"], row["period_end"]))
    held = [report for report in reports if report.name in empty]
    for start in range(0, len(held), REQUESTS_PER_BATCH):
        some = held[start : start + REQUESTS_PER_BATCH]
        requests = [request_of(pull.account_id, ("date",), report, [_all_of(empty[report.name])]) for report in some]
        answers = answers_of(client, pull.account_id, requests)
        for report, request, answer in zip(some, requests, answers, strict=True):
            heard.quota(pull.account_id, answer)
            days = [date.fromisoformat(labels[0]) for labels, _ in one_page(request, answer)]
            for first, last in empty[report.name]:
                if any(first <= day <= last for day in days):
                    raise contradiction(pull.account_id, report.name, first, last, some=True)


def _all_of(ranges: list[Range]) -> Range:
    return min(first for first, _ in ranges), max(last for _, last in ranges)
