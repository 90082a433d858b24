"""Google Analytics 4: users, sessions, items, ad cost and audiences of several properties (Data API v1beta).

https://developers.google.com/analytics/devguides/reporting/data/v1
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from google.analytics.data_v1beta import BetaAnalyticsDataClient
from pydantic import Field, model_validator

from pipelines import parts
from pipelines.connector import Connector, ConnectorError, NumberId, Options, Plan, Pull, Scope, Table
from pipelines.sources.google_analytics import to_date
from pipelines.sources.google_analytics.audiences import audience_exports
from pipelines.sources.google_analytics.batches import (
    RANGES_PER_REQUEST,
    REQUESTS_PER_BATCH,
    answers_of,
    contradiction,
    request_of,
)
from pipelines.sources.google_analytics.client import (
    ADVICE,
    HOST,
    SCOPES,
    call,
    connect,
    metadata,
    one_page,
    whole_report,
)
from pipelines.sources.google_analytics.quality import Heard, tell_of_days, tell_of_property
from pipelines.sources.google_analytics.reports import Period, PeriodReport, is_exactly, period_reports, periods

# Hits are complete after 24 to 48 hours; key events are attributed for up to 12 days more.
REREAD_DAYS = 14
MOST_ROWS = 250_000  # the vendor's limit of a page
CHECK_DAY = date(2026, 1, 1)  # any day will do

TEXT, DAY, MOMENT = pa.string(), pa.date32(), pa.timestamp("us", "UTC")


def _columns(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list(columns.items()))


def _dated(names: dict[str, str], metrics: dict[str, str], **more: pa.DataType) -> Table:
    """A dated report: property, day, the dimensions' and metrics' columns."""
    texts = dict.fromkeys([*names.values(), *metrics.values()], TEXT)
    columns = _columns(property_id=TEXT, date_day=DAY, **texts, **more)
    slice_by = ("property_id", "date_day")
    return Table(columns, (*slice_by, *names.values()), "slices", REREAD_DAYS, slice_by, in_steps=True)


# Dated reports: API name → column, dimensions (beside date) and metrics.
ITEM_METRICS = {"itemsViewed": "items_viewed", "itemsPurchased": "items_purchased"}
PRODUCT = {"itemId": "item_id", "itemName": "item_name"}
CAMPAIGN = {"sessionCampaignName": "session_campaign_name", "sessionGoogleAdsCampaignId": "google_ads_campaign_id"}
COST = {"advertiserAdCost": "advertiser_ad_cost"}
TRAFFIC = {
    "sessionSource": "session_source",
    "sessionMedium": "session_medium",
    "sessionCampaignName": "session_campaign_name",
}
TRAFFIC_METRICS = {"sessions": "sessions", "totalUsers": "total_users", "engagedSessions": "engaged_sessions"}
DATED: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "items_by_day": ({}, ITEM_METRICS),
    "items_by_product": (PRODUCT, ITEM_METRICS),
    "ad_cost_by_day": (CAMPAIGN, COST),
    "traffic_by_day": (TRAFFIC, TRAFFIC_METRICS),
    "transactions_by_day": ({"transactionId": "transaction_id", **TRAFFIC}, {"ecommercePurchases": "purchases"}),
}
# All other events have no transaction, and would come as rows of none.
FILTERS = {"transactions_by_day": (is_exactly("eventName", "purchase"),)}
TABLES = {
    "period_metrics": Table(
        _columns(
            property_id=TEXT, report=TEXT, definition=TEXT, grain=TEXT, period_start=DAY, period_end=DAY, metrics=TEXT,
            metadata=TEXT,
        ),
        ("property_id", "report", "definition", "grain", "period_start"),
        "entities",
        REREAD_DAYS,
        nested=("metrics", "metadata"),
        dated_by=("period_start",),
    ),
    **{
        name: _dated(dimensions, metrics, **({"currency_code": TEXT} if metrics is COST else {}))
        for name, (dimensions, metrics) in DATED.items()
    },
    "audience_exports": Table(
        _columns(
            property_id=TEXT, audience_id=TEXT, captured_on=DAY, captured_at=MOMENT, row_count=pa.int64(), state=TEXT
        ),
        ("property_id", "audience_id", "captured_on"),
        "snapshots",
        1,
    ),
    # last, since it is left out where the others have used up the quota
    to_date.NAME: to_date.TABLE,
}  # fmt: skip


class GoogleAnalyticsOptions(Options):
    """`[sources.google_analytics]`."""

    properties: list[NumberId] = Field(min_length=1, description="every property to load")
    primary: NumberId = Field(description="the property that feeds the KPIs")
    source_groups: dict[str, str] = Field(default_factory=dict, description="group → pattern of the whole source")
    capture_pages: list[str] = Field(default_factory=list)
    lead_event: str = "generate_lead"
    audiences: list[NumberId] = Field(
        default_factory=list, description="audiences of the primary property, to be exported"
    )
    week_start: str = "monday"
    history_start: date = date.max  # nothing is known to lie in it
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)

    @model_validator(mode="after")
    def _primary_is_loaded(self) -> "GoogleAnalyticsOptions":
        if self.primary not in self.properties:
            raise ValueError(f"primary {self.primary!r} is not among the properties: add it there")
        return self

    def reports(self) -> dict[str, PeriodReport]:
        """The reports that are asked per period, by definition."""
        reports = period_reports(self.source_groups, self.capture_pages, self.lead_event)
        return {report.definition: report for report in reports if self.capture_pages or "capture" not in report.name}


@dlt.source(name="google_analytics", section="google_analytics", max_table_nesting=0)
def google_analytics(
    options: GoogleAnalyticsOptions,
    plan: Plan,
    credentials: dlt.TSecretStrValue | None = None,
    base_url: str = HOST,
) -> list[DltResource]:
    """Counts per period, dated reports as Arrow, and the sizes of audiences."""
    client = connect(base_url, credentials)
    heard = Heard(plan)
    resources = [
        dlt.resource(_period_metrics(client, options, heard), name="period_metrics"),
        dlt.resource(audience_exports(client, options.primary, options.audiences, plan), name="audience_exports"),
    ]
    resources += [dlt.resource(_dated_rows(client, options, heard, name), name=name) for name in DATED]
    earlier = to_date.to_date_metrics(
        client, list(options.reports().values()), options.history_start, options.week_start, heard
    )
    return [*resources, dlt.resource(earlier, name=to_date.NAME)]


def _period_metrics(
    client: BetaAnalyticsDataClient, options: GoogleAnalyticsOptions, heard: Heard
) -> Iterator[dict[str, Any]]:
    reports = options.reports()

    def read(pull: Pull) -> Iterator[dict[str, Any]]:
        report = reports[pull.definition]
        by_period: list[dict[str, Any]] = []
        asked = list(periods(pull.first_day, pull.last_day, options.week_start))
        # the first week whole, so that its days can be held against it
        since = min((one.first_day for one in asked if one.grain == "week"), default=pull.first_day)
        by_day = list(_by_day(client, options, heard, pull, report, since))
        size = RANGES_PER_REQUEST * REQUESTS_PER_BATCH
        for start in range(0, len(asked), size):
            by_period += _by_period(client, heard, pull, report, asked[start : start + size])
        for row in by_period:
            _check_days(pull, by_day, row, since)
        _check_empty(client, options, heard, pull, report, [row for row in by_period if row["period_start"] < since])
        yield from [row for row in by_day if row["period_start"] >= pull.first_day] + by_period

    yield from parts.each(heard.plan, "period_metrics", read)
    heard.tell()


def _by_day(
    client: BetaAnalyticsDataClient,
    options: GoogleAnalyticsOptions,
    heard: Heard,
    pull: Pull,
    report: PeriodReport,
    since: date,
) -> Iterator[dict[str, Any]]:
    """Every day from `since` on, those without visitors too: an empty answer is an answer."""
    by_day, said = _days_of(client, options, heard, pull, report, since, pull.last_day)
    tell_of_property(heard.plan, pull, said, is_estimated=True)
    for day in replace(pull, first_day=since).days():
        period = Period("day", day, day)
        if day >= pull.first_day:
            heard.period(pull, report.name, period, said)
        yield _period_row(heard.plan, pull, report, period, by_day.get(day), said)


def _days_of(
    client: BetaAnalyticsDataClient,
    options: GoogleAnalyticsOptions,
    heard: Heard,
    pull: Pull,
    report: PeriodReport,
    first: date,
    last: date,
) -> tuple[dict[date, tuple[str, ...]], dict[str, Any]]:
    """The days of a range that have a row, with its values, and what the vendor says of the range."""
    request = request_of(pull.account_id, ("date",), report, [(first, last)])
    found = whole_report(client, request, options.page_rows, partial(heard.quota, pull.account_id))
    return {date.fromisoformat(dimensions[0]): values for dimensions, values in found.rows}, found.metadata


def _check_days(pull: Pull, by_day: list[dict[str, Any]], row: dict[str, Any], since: date) -> None:
    """Refuse a period without anybody whose days have some, or the reverse where nothing of them was withheld."""
    first, last = row["period_start"], row["period_end"]
    days = [one for one in by_day if first <= one["period_start"] <= last]
    is_whole = bool(days) and since <= first
    withheld = any("subjectToThresholding" in one["metadata"] for one in days)
    some = any(one["metrics"] for one in days)
    if (some and not row["metrics"]) or (row["metrics"] and is_whole and not some and not withheld):
        raise contradiction(pull.account_id, row["report"], first, last, some)


def _check_empty(
    client: BetaAnalyticsDataClient,
    options: GoogleAnalyticsOptions,
    heard: Heard,
    pull: Pull,
    report: PeriodReport,
    begun: list[dict[str, Any]],
) -> None:
    """Refuse a period without anybody of which a day has some: asked where not all its days were read anyway."""
    empty = [row for row in begun if not row["metrics"]]
    if not empty:
        return
    first, last = min(row["period_start"] for row in empty), max(row["period_end"] for row in empty)
    days, _ = _days_of(client, options, heard, pull, report, first, last)
    for row in empty:
        if any(row["period_start"] <= day <= row["period_end"] for day in days):
            raise contradiction(pull.account_id, row["report"], row["period_start"], row["period_end"], some=True)


def _by_period(
    client: BetaAnalyticsDataClient, heard: Heard, pull: Pull, report: PeriodReport, asked: list[Period]
) -> Iterator[dict[str, Any]]:
    """Up to twenty periods in one batch: four date ranges a request, five requests."""
    groups = [asked[start : start + RANGES_PER_REQUEST] for start in range(0, len(asked), RANGES_PER_REQUEST)]
    requests = [
        request_of(pull.account_id, (), report, [(period.first_day, period.last_day) for period in group])
        for group in groups
    ]
    answers = answers_of(client, pull.account_id, requests)
    for request, group, answer in zip(requests, groups, answers, strict=True):
        heard.quota(pull.account_id, answer)
        said = metadata(answer)
        # With a single range there is no dateRange dimension.
        by_range = {(labels or ["date_range_0"])[0]: values for labels, values in one_page(request, answer)}
        if strange := by_range.keys() - {f"date_range_{number}" for number in range(len(group))}:
            raise ConnectorError(f"Google Analytics: a report of property {pull.account_id} has ranges {strange}")
        for number, period in enumerate(group):
            heard.period(pull, report.name, period, said, number)
            yield _period_row(heard.plan, pull, report, period, by_range.get(f"date_range_{number}"), said)


def _period_row(
    plan: Plan, pull: Pull, report: PeriodReport, period: Period, values: tuple[str, ...] | None, said: dict[str, Any]
) -> dict[str, Any]:
    return {
        "property_id": pull.account_id,
        "report": report.name,
        "definition": pull.definition,
        "grain": period.grain,
        "period_start": period.first_day,
        "period_end": period.last_day,
        "metrics": dict(zip(report.metrics, values, strict=True)) if values else {},
        "metadata": said,
    }


def _dated_rows(
    client: BetaAnalyticsDataClient, options: GoogleAnalyticsOptions, heard: Heard, name: str
) -> Iterator[pa.Table]:
    """One dated report of every property, as Arrow."""
    dimensions, metrics = DATED[name]

    def read(pull: Pull) -> Iterator[pa.Table]:
        report = PeriodReport(name, tuple(metrics), FILTERS.get(name, ()))
        request = request_of(pull.account_id, ("date", *dimensions), report, [(pull.first_day, pull.last_day)])
        found = whole_report(client, request, options.page_rows, partial(heard.quota, pull.account_id))
        tell_of_property(heard.plan, pull, found.metadata, "sessions" in metrics, metrics is COST)
        tell_of_days(heard.plan, pull, found, report.metrics[0])
        columns = found.rows.labels + found.rows.values
        arrays = [pa.array([pull.account_id] * len(found.rows), TEXT), _days(columns[0])]
        arrays += [pa.array(column, TEXT) for column in columns[1:]]
        if "currency_code" in TABLES[name].columns.names:
            arrays.append(pa.array([found.metadata["currencyCode"]] * len(found.rows), TEXT))
        yield pa.Table.from_arrays(arrays, schema=TABLES[name].columns)

    yield from parts.each(heard.plan, name, read)


def _days(values: list[str]) -> "pa.Array[Any]":
    days = {value: date.fromisoformat(value) for value in set(values)}
    return pa.array([days[value] for value in values], DAY)


def scopes(options: GoogleAnalyticsOptions, table: str) -> list[Scope]:
    """Every property. Counts per period also by report, so that a changed group asks only its own history again.

    The groups, pages and events feed KPIs, so they are asked of the primary property only.
    """
    if table == "period_metrics":
        reports = options.reports()
        others = [one for one in options.properties if one != options.primary]
        return [Scope(options.primary, definition) for definition in reports] + [
            Scope(one, definition) for one in others for definition, report in reports.items() if report.name == "site"
        ]
    if table == to_date.NAME:
        return [Scope(options.primary)]
    if table == "audience_exports":
        return [Scope(options.primary)] if options.audiences else []
    return [Scope(one) for one in options.properties]


def check(options: GoogleAnalyticsOptions) -> list[str]:
    """Each property's zone and currency, from a report of one day."""
    client = connect(
        dlt.config.get("sources.google_analytics.base_url", str) or HOST,
        dlt.secrets.get("sources.google_analytics.credentials", str),
    )
    lines = []
    for one in options.properties:
        request = request_of(one, (), PeriodReport("check", ("sessions",)), [(CHECK_DAY, CHECK_DAY)])
        said = metadata(call(client.run_report, request))
        primary = ", primary" if one == options.primary else ""
        lines.append(f"property {one}{primary}: {said['timeZone']}, {said['currencyCode']}")
    return lines


CONNECTOR = Connector(
    name="google_analytics",
    title="Google Analytics 4",
    tables=TABLES,
    options=GoogleAnalyticsOptions,
    source=google_analytics,
    scopes=scopes,
    lists="properties",
    account_columns=dict.fromkeys(TABLES, "property_id"),
    check=check,
    feeds={
        "web": ("period_metrics",),
        "items": ("items_by_day",),
        "transactions": ("transactions_by_day",),
        "spend": ("ad_cost_by_day",),
    },
    secrets=("credentials",),
    advice=ADVICE,
    permissions=SCOPES,
    docs_url="https://developers.google.com/analytics/devguides/reporting/data/v1",
    api_version="v1beta",
)
