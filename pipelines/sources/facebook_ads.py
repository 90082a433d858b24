"""Facebook ads: structure, daily insights and custom audiences (https://developers.facebook.com/docs/marketing-apis)."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import Connector, ConnectorError, Options, Plan, Pull, Scope, Table
from pipelines.retry import patience
from pipelines.sources.facebook_graph import API_VERSION, BASE_URL, Graph, Row, parts

# Spend is corrected, and conversions are credited to the day of their click, for this long.
ATTRIBUTION_DAYS = 28
JOB_DAYS = 30  # the days of one report: a month of ads is made in seconds, a year may fail
KEPT_DAYS = 37 * 30  # the vendor refuses a report that begins over 37 months ago
JOB_ATTEMPTS = 3
JOB_POLLS, LONGEST_POLL_SECONDS = 150, 30  # over an hour
DONE, FAILED = "Job Completed", ("Job Failed", "Job Skipped")
ADVICE = (
    "Give SOURCES__FACEBOOK_ADS__ACCESS_TOKEN a token of a system user with the permission ads_read, and assign the ad "
    "account to that user (Business settings, System users)."
)

TEXT: pa.DataType = pa.string()
DAY, COUNT, MOMENT = pa.date32(), pa.int64(), pa.timestamp("us", "UTC")
ACCOUNT_FIELDS = ("account_id", "name", "currency", "timezone_name")
# Lists of an account: its fields, and the states to ask for, since archived and deleted objects are else left out.
STRUCTURE: dict[str, tuple[str, ...]] = {
    "campaigns": ("id", "name", "objective", "status", "effective_status", "created_time", "updated_time"),
    "adsets": ("id", "campaign_id", "name", "status", "daily_budget", "created_time", "updated_time"),
    "ads": ("id", "adset_id", "campaign_id", "name", "status", "created_time", "updated_time"),
}
CAMPAIGN_STATES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES")
ADSET_STATES = (*CAMPAIGN_STATES, "CAMPAIGN_PAUSED")
AD_STATES = (*ADSET_STATES, "ADSET_PAUSED", "DISAPPROVED", "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED")
STATES = {"campaigns": CAMPAIGN_STATES, "adsets": ADSET_STATES, "ads": AD_STATES}

NUMBERS = ("impressions", "clicks", "inline_link_clicks", "reach", "spend")
INSIGHT_FIELDS = (
    *("account_id", "date_start", "ad_id", "adset_id", "campaign_id", "campaign_name", "account_currency"),
    *NUMBERS,
    *("actions", "action_values"),
)
WINDOWS = ("1d_view", "1d_click", "7d_click", "28d_click")
# Table → breakdown. Totals come without one; the vendor refuses country together with platform.
INSIGHTS = {
    "ads_insights": "",
    "ads_insights_by_country": "country",
    "ads_insights_by_platform": "publisher_platform",
}
AUDIENCE_FIELDS = ("id", "name", "approximate_count_lower_bound", "approximate_count_upper_bound", "delivery_status")


def _entities(fields: tuple[str, ...], key: tuple[str, ...]) -> Table:
    return Table(pa.schema([(name, TEXT) for name in dict.fromkeys((*key, *fields))]), key, "entities", 1)


def _insights(breakdown: str) -> Table:
    broken_down = (breakdown,) if breakdown else ()
    names = (*INSIGHT_FIELDS, *broken_down)
    types: dict[str, pa.DataType] = dict.fromkeys(names, TEXT) | {"date_start": DAY}
    slice_by = ("account_id", "date_start")
    return Table(pa.schema(types), (*slice_by, "ad_id", *broken_down), "slices", ATTRIBUTION_DAYS, slice_by)


TABLES: dict[str, Table] = {
    "accounts": _entities(ACCOUNT_FIELDS, ("account_id",)),
    **{name: _entities(fields, ("account_id", "id")) for name, fields in STRUCTURE.items()},
    **{name: _insights(breakdown) for name, breakdown in INSIGHTS.items()},
    "custom_audiences": Table(
        pa.schema(
            [
                ("account_id", TEXT),
                ("id", TEXT),
                ("captured_on", DAY),
                ("captured_at", MOMENT),
                ("name", TEXT),
                ("approximate_count_lower_bound", COUNT),
                ("approximate_count_upper_bound", COUNT),
                ("delivery_status", TEXT),
            ]
        ),
        ("account_id", "id", "captured_on"),
        "snapshots",
        1,
    ),
}


class FacebookAdsOptions(Options):
    """`[sources.facebook_ads]`."""

    accounts: list[str] = Field(min_length=1, description="ids of ad accounts, digits without act_")
    retargeting_audiences: list[str] = Field(default_factory=list, description="ids of custom audiences")
    page_rows: int = Field(default=100, ge=1, le=500, description="rows asked for per page of a list")
    report_rows: int = Field(default=500, ge=1, le=500, description="rows asked for per page of a report")


@dlt.source(name="facebook_ads", section="facebook_ads", max_table_nesting=0)
def facebook_ads(
    options: FacebookAdsOptions,
    plan: Plan,
    access_token: dlt.TSecretStrValue = dlt.secrets.value,
    app_secret: dlt.TSecretStrValue | None = None,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Accounts and their structure as they are now, the asked days of the insights, the audiences' sizes."""
    graph = Graph(base_url, access_token, app_secret, ADVICE)
    return [
        dlt.resource(_accounts(graph, plan), name="accounts"),
        *(dlt.resource(_structure(graph, options, plan, name), name=name) for name in STRUCTURE),
        *(dlt.resource(_reports(graph, options, plan, name), name=name) for name in INSIGHTS),
        dlt.resource(_audiences(graph, options, plan), name="custom_audiences"),
    ]


def _accounts(graph: Graph, plan: Plan) -> Iterator[Row]:
    for pull in plan.of("accounts"):
        found = graph.get(f"act_{pull.account_id}", fields=",".join(ACCOUNT_FIELDS))
        yield found | {"account_id": pull.account_id}


def _structure(graph: Graph, options: FacebookAdsOptions, plan: Plan, name: str) -> Iterator[list[Row]]:
    """One level of the structure; what was archived or deleted stays, with that as its state."""
    for pull in plan.of(name):
        asked = {"fields": ",".join(STRUCTURE[name]), "effective_status": list(STATES[name])}
        for page in graph.pages(f"act_{pull.account_id}", name, limit=options.page_rows, **asked):
            yield [row | {"account_id": pull.account_id} for row in page]


def _audiences(graph: Graph, options: FacebookAdsOptions, plan: Plan) -> Iterator[list[Row]]:
    """Every custom audience as large as it is now: the vendor keeps no history of sizes."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    absent = set(options.retargeting_audiences)
    for pull in plan.of("custom_audiences"):
        asked = ",".join(AUDIENCE_FIELDS)
        for page in graph.pages(f"act_{pull.account_id}", "customaudiences", limit=options.page_rows, fields=asked):
            absent -= {str(row.get("id")) for row in page}
            yield [row | captured | {"account_id": pull.account_id} for row in page]
    for one in sorted(absent):
        plan.warn(f"facebook_ads: no account has the audience {one}; correct retargeting_audiences")


def _reports(graph: Graph, options: FacebookAdsOptions, plan: Plan, name: str) -> Iterator[list[Row]]:
    """The rows of one report by day, a month at a time."""
    for pull in plan.of(name):
        for first, last in _months(pull, plan):
            for page in _report(graph, pull.account_id, first, last, INSIGHTS[name], options.report_rows):
                yield [_checked(row, INSIGHTS[name]) | {"account_id": pull.account_id} for row in page]


def _months(pull: Pull, plan: Plan) -> Iterator[tuple[date, date]]:
    """The pull's days in parts that one report can hold, without those that the vendor no longer has."""
    first = max(pull.first_day, plan.captured_on - timedelta(days=KEPT_DAYS))
    if first > pull.first_day:
        plan.warn(
            f"facebook_ads: {pull.table} of account {pull.account_id} begins on {first}: Facebook keeps 37 months"
        )
    yield from parts(first, pull.last_day, JOB_DAYS)


def _report(
    graph: Graph, account_id: str, first: date, last: date, breakdown: str, report_rows: int
) -> Iterator[list[Row]]:
    """All pages of one report; one that the vendor gives up is asked for again."""
    for _ in range(JOB_ATTEMPTS):
        made = graph.post(
            f"act_{account_id}",
            "insights",
            level="ad",
            time_increment="1",
            time_range={"since": first.isoformat(), "until": last.isoformat()},
            fields=list(INSIGHT_FIELDS),
            action_attribution_windows=list(WINDOWS),
            **({"breakdowns": [breakdown]} if breakdown else {}),
        )
        run_id = str(made.get("report_run_id") or "")
        if run_id and _is_made(graph, run_id):
            yield from graph.pages(run_id, "insights", limit=report_rows)
            return
    raise ConnectorError(
        f"Facebook did not finish the report of account {account_id} from {first} to {last} ({JOB_ATTEMPTS} times); "
        "the next refresh asks again."
    )


def _is_made(graph: Graph, run_id: str) -> bool:
    """Wait for a report: true when it is there, false when the vendor gave it up or takes too long."""
    for number in range(JOB_POLLS):
        time.sleep(patience() * min(LONGEST_POLL_SECONDS, 2**number))
        status = graph.get(run_id, fields="async_status,async_percent_completion").get("async_status")
        if status == DONE:
            return True
        if status in FAILED:
            return False
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


def scopes(options: FacebookAdsOptions, table: str) -> list[Scope]:
    """Every account, for every table."""
    return [Scope(one) for one in options.accounts]


def check(options: FacebookAdsOptions) -> list[str]:
    """Each account's name, currency and zone."""
    graph = Graph.configured("facebook_ads", ADVICE)
    lines = [f"Marketing API {API_VERSION}"]
    for one in options.accounts:
        found = graph.get(f"act_{one}", fields=",".join(ACCOUNT_FIELDS))
        lines.append(f"account {one}, {found.get('name')}: {found.get('currency')}, {found.get('timezone_name')}")
    return lines


CONNECTOR = Connector(
    name="facebook_ads",
    title="Facebook ads",
    tables=TABLES,
    options=FacebookAdsOptions,
    source=facebook_ads,
    scopes=scopes,
    check=check,
    feeds={"spend": ("ads_insights",), "ad_days": ("ads_insights",), "ad_audiences": ("custom_audiences",)},
    secrets=("access_token", "app_secret"),
    advice=ADVICE,
    permissions=("ads_read",),
    docs_url="https://developers.facebook.com/docs/marketing-apis",
    api_version=API_VERSION,
)
