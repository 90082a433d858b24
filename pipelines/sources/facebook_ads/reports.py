"""Facebook's reports of ads by day (https://developers.facebook.com/docs/marketing-api/insights).

A report is asked for, made by the vendor in its time, and then read. Of a row, the vendor leaves out what is zero.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from pipelines import deadline, parts
from pipelines.connector import ConnectorError, Plan, Pull, Table, columns
from pipelines.retry import patience
from pipelines.rows import SchemaDrift
from pipelines.sources.facebook.graph import Graph, ObjectGone, Row, TooMuchData, spans

# Spend is corrected, and conversions are credited to the day of their click, for this long.
ATTRIBUTION_DAYS = 28
JOB_DAYS = 30  # the days of one report: a month of ads is made in seconds, a year may fail
KEPT_DAYS = 37 * 30  # the vendor refuses a report that begins over 37 months ago
JOB_ATTEMPTS = 2
JOB_POLLS, LONGEST_POLL_SECONDS = 24, 30  # ten minutes: what takes longer is too large
DONE, FAILED = "Job Completed", ("Job Failed", "Job Skipped")
UNDER_WAY = ("Job Not Started", "Job Started", "Job Running")

NUMBERS = ("impressions", "clicks", "inline_link_clicks", "reach", "spend")
INSIGHT_FIELDS = (
    *("account_id", "date_start", "ad_id", "adset_id", "campaign_id", "campaign_name", "account_currency"),
    *NUMBERS,
    *("actions", "action_values"),
)
WINDOWS = ("1d_view", "1d_click", "7d_click", "28d_click")
AD_STATES = (
    *("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES", "CAMPAIGN_PAUSED", "ADSET_PAUSED"),
    *("DISAPPROVED", "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED"),
)
# Without a filter that names the states, the vendor leaves deleted ads, and what was spent on them, out of a report:
# https://developers.facebook.com/documentation/ads-commerce/marketing-api/best-practices/manage-your-ad-object-status
ALL_ADS = [{"field": "ad.effective_status", "operator": "IN", "value": list(AD_STATES)}]
NEVER_UNSEEN = 10  # rows: one may be a late click, but of so many some were shown
NEVER_FREE = 1000  # impressions: so many cost something, whatever the currency
# Table → breakdown. Totals come without one; the vendor refuses country together with platform.
INSIGHTS = {
    "ads_insights": "",
    "ads_insights_by_country": "country",
    "ads_insights_by_platform": "publisher_platform",
}


def insights_table(breakdown: str) -> Table:
    """Days of an account, replaced whole; of the metrics none is in every row."""
    broken_down = (breakdown,) if breakdown else ()
    texts = (name for name in (*INSIGHT_FIELDS, *broken_down) if name != "date_start")
    slice_by = ("account_id", "date_start")
    return Table(
        columns(*texts, date_start=pa.date32()),
        (*slice_by, "ad_id", *broken_down),
        "slices",
        ATTRIBUTION_DAYS,
        slice_by,
        nested=("actions", "action_values"),
        inside={"action_type": pa.string(), **dict.fromkeys(("value", *WINDOWS), pa.float64())},
        required=("account_currency", "campaign_id"),
        kept_days=KEPT_DAYS,
        in_steps=True,
    )


def ad_reports(graph: Graph, plan: Plan, name: str, report_rows: int) -> Iterator[list[Row]]:
    """The rows of one report by day, a month at a time: a month that cannot be read ends its account's report."""

    def read(pull: Pull) -> Iterator[list[Row]]:
        sent: Counter[str] = Counter()
        for first, last in spans(pull.first_day, pull.last_day, JOB_DAYS):
            found = _days(graph, name, pull.account_id, first, last, report_rows)
            rows = [_checked(row, INSIGHTS[name]) | {"account_id": pull.account_id} for row in found]
            for row in rows:
                sent.update(["rows", *row])
                sent["shown"] += int(Decimal(row.get("impressions") or 0))
            _refuse_lost_metrics(name, sent)
            yield rows

    yield from parts.each(plan, name, read)


def _refuse_lost_metrics(name: str, sent: Counter[str]) -> None:
    """A metric that is absent from every row was dropped, where all of them can hardly be zero."""
    lost = [
        *(["impressions"] if sent["rows"] >= NEVER_UNSEEN and not sent["impressions"] else []),
        *(["spend"] if sent["shown"] >= NEVER_FREE and not sent["spend"] else []),
    ]
    if lost:
        raise SchemaDrift(
            f"facebook_ads: {name} row 1 and all {sent['rows']} rows: the vendor no longer sends {lost[0]}, which its "
            "figures need; nothing of this source was loaded. Upgrade Parcours, or report it."
        )


class ReportFailed(ConnectorError):
    """Facebook did not make a report: it may be too large."""


def _days(graph: Graph, name: str, account_id: str, first: date, last: date, report_rows: int) -> list[Row]:
    """The rows of some days; where so many cannot be made at once, of one half and then of the other."""
    try:
        return [row for page in _report(graph, name, account_id, first, last, report_rows) for row in page]
    except (ReportFailed, TooMuchData):
        if first == last:
            raise
    middle = first + (last - first) // 2
    former = _days(graph, name, account_id, first, middle, report_rows)
    return former + _days(graph, name, account_id, middle + timedelta(days=1), last, report_rows)


def _report(graph: Graph, name: str, account_id: str, first: date, last: date, report_rows: int) -> Iterator[list[Row]]:
    """All pages of one report; one that the vendor gives up is asked for again."""
    breakdown = INSIGHTS[name]
    key = ("ad_id", "date_start", *([breakdown] if breakdown else ()))
    for _ in range(JOB_ATTEMPTS):
        made = graph.post(
            f"act_{account_id}",
            "insights",
            level="ad",
            time_increment="1",
            time_range={"since": first.isoformat(), "until": last.isoformat()},
            fields=list(INSIGHT_FIELDS),
            filtering=ALL_ADS,
            action_attribution_windows=list(WINDOWS),
            **({"breakdowns": [breakdown]} if breakdown else {}),
        )
        run_id = str(made.get("report_run_id") or "")
        if run_id and _is_made(graph, name, run_id):
            yield from graph.pages(run_id, "insights", limit=report_rows, key=key)
            return
    raise ReportFailed(
        f"Facebook did not finish the report of account {account_id} from {first} to {last} ({JOB_ATTEMPTS} times); "
        "the next refresh asks again."
    )


def _is_made(graph: Graph, name: str, run_id: str) -> bool:
    """Wait for a report: true when it is there, false when the vendor gave it up or takes too long."""
    for number in range(JOB_POLLS):
        deadline.sleep(patience() * min(LONGEST_POLL_SECONDS, 2**number))
        try:
            status = graph.node(run_id, "async_status", "async_percent_completion").get("async_status")
        except ObjectGone:
            return False
        if status == DONE:
            return True
        if status in FAILED:
            return False
        if status not in UNDER_WAY:
            raise SchemaDrift(
                f"facebook_ads: {name}, before its first row: async_status is {status!r}, and whether the report is "
                f"whole is not known (known: {', '.join((*UNDER_WAY, DONE, *FAILED))}); nothing of this source was "
                "loaded. Upgrade Parcours, or report it."
            )
    return False


def _checked(row: Row, breakdown: str) -> Row:
    """A row whose metrics are numbers, as text; an absent one is zero. A key is never absent."""
    for name in NUMBERS:
        if not _is_number(row.get(name, "0")):
            raise ConnectorError(
                f"facebook_ads: {name} of ad {row.get('ad_id')} on {row.get('date_start')} is {row[name]!r}, not a "
                "number. Facebook changed this field; nothing of this source was loaded."
            )
    return row | ({breakdown: row.get(breakdown) or ""} if breakdown else {})


def _is_number(text: object) -> bool:
    try:
        return text is None or Decimal(str(text)).is_finite()
    except InvalidOperation:
        return False
