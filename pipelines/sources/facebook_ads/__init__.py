"""Facebook ads: structure, daily insights and custom audiences (https://developers.facebook.com/docs/marketing-apis)."""

from collections.abc import Iterator

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines import parts
from pipelines.connector import Connector, NumberId, Options, Plan, Pull, Scope, Table, columns
from pipelines.rows import SchemaDrift
from pipelines.sources.facebook.graph import API_VERSION, BASE_URL, Graph, Row
from pipelines.sources.facebook.token import token_expiry
from pipelines.sources.facebook_ads.reports import AD_STATES, INSIGHTS, WINDOWS, ad_reports, insights_table

AS_NOW = 1  # listed whole, or captured, every time
ADVICE = (
    "Give SOURCES__FACEBOOK_ADS__ACCESS_TOKEN a token of a system user with the permission ads_read, made never to "
    "expire, and assign the ad account to that user (Business settings, System users)."
)

DAY, COUNT, MOMENT = pa.date32(), pa.int64(), pa.timestamp("us", "UTC")
ACCOUNT_FIELDS = ("account_id", "name", "currency", "timezone_name")
# Lists of an account: its fields, and the states to ask for, since archived and deleted objects are else left out. A
# deleted one is listed in that state; one that is not listed at all any more vanishes here. No figure rests on them.
STRUCTURE: dict[str, tuple[str, ...]] = {
    "campaigns": ("id", "name", "objective", "status", "effective_status", "created_time", "updated_time"),
    "adsets": ("id", "campaign_id", "name", "status", "daily_budget", "created_time", "updated_time"),
    "ads": ("id", "adset_id", "campaign_id", "name", "status", "created_time", "updated_time"),
}
CAMPAIGN_STATES = ("ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES")
ADSET_STATES = (*CAMPAIGN_STATES, "CAMPAIGN_PAUSED")
STATES = {"campaigns": CAMPAIGN_STATES, "adsets": ADSET_STATES, "ads": AD_STATES}

BOUNDS = ("approximate_count_lower_bound", "approximate_count_upper_bound")
AUDIENCE_FIELDS = ("id", "name", *BOUNDS, "delivery_status")
READY = 200  # the code of an audience's delivery status


def _structure_table(fields: tuple[str, ...]) -> Table:
    return Table(columns("account_id", *fields), ("account_id", "id"), "slices", AS_NOW, ("account_id",))


TABLES: dict[str, Table] = {
    "accounts": Table(
        columns(*ACCOUNT_FIELDS), ("account_id",), "entities", AS_NOW, required=("currency", "timezone_name")
    ),
    **{name: _structure_table(fields) for name, fields in STRUCTURE.items()},
    **{name: insights_table(breakdown) for name, breakdown in INSIGHTS.items()},
    # One that was deleted is listed no more: its captures stay.
    "custom_audiences": Table(
        columns(
            *("account_id", "id", "name", "delivery_status"),
            captured_on=DAY,
            captured_at=MOMENT,
            **dict.fromkeys(BOUNDS, COUNT),
        ),
        ("account_id", "id", "captured_on"),
        "snapshots",
        AS_NOW,
        nested=("delivery_status",),
        inside={"code": COUNT, "description": pa.string()},
    ),
}


class FacebookAdsOptions(Options):
    """`[sources.facebook_ads]`."""

    accounts: list[NumberId] = Field(min_length=1, description="ids of ad accounts, digits without act_")
    retargeting_audiences: list[NumberId] = Field(default_factory=list, description="ids of custom audiences")
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
    graph = Graph(base_url, access_token, app_secret, ADVICE, quota=plan.quota)
    return [
        dlt.resource(_accounts(graph, plan), name="accounts"),
        *(dlt.resource(_structure(graph, options, plan, name), name=name) for name in STRUCTURE),
        *(dlt.resource(ad_reports(graph, plan, name, options.report_rows), name=name) for name in INSIGHTS),
        dlt.resource(_audiences(graph, options, plan), name="custom_audiences"),
    ]


def _accounts(graph: Graph, plan: Plan) -> Iterator[Row]:
    """Each account; its zone, its currency and the windows that are asked say how to read its reports."""

    def read(pull: Pull) -> Iterator[Row]:
        found = graph.node(f"act_{pull.account_id}", *ACCOUNT_FIELDS)
        for name in INSIGHTS:
            plan.caveat(name, pull.account_id, "attribution", ", ".join(WINDOWS))
            plan.account_currency(name, pull.account_id, str(found.get("currency")))
            plan.account_zone(name, pull.account_id, str(found.get("timezone_name")))
        yield found | {"account_id": pull.account_id}

    yield from parts.each(plan, "accounts", read)


def _structure(graph: Graph, options: FacebookAdsOptions, plan: Plan, name: str) -> Iterator[list[Row]]:
    """One level of the structure; what was archived or deleted stays, with that as its state."""
    fields, states = ",".join(STRUCTURE[name]), list(STATES[name])
    asked: Row = {"fields": fields, "effective_status": states, "summary": "total_count"}

    def read(pull: Pull) -> Iterator[list[Row]]:
        pages = graph.pages(f"act_{pull.account_id}", name, limit=options.page_rows, **asked)
        yield [row | {"account_id": pull.account_id} for page in pages for row in page]

    yield from parts.each(plan, name, read)


def _audiences(graph: Graph, options: FacebookAdsOptions, plan: Plan) -> Iterator[list[Row]]:
    """Every custom audience as large as it is now: the vendor keeps no history of sizes."""
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    absent = set(options.retargeting_audiences)

    def read(pull: Pull) -> Iterator[list[Row]]:
        asked = ",".join(AUDIENCE_FIELDS)
        pages = graph.pages(f"act_{pull.account_id}", "customaudiences", limit=options.page_rows, fields=asked)
        found = [row for page in pages for row in page]
        _refuse_lost_bounds(found)
        absent.difference_update(str(row.get("id")) for row in found)
        yield [row | captured | {"account_id": pull.account_id} for row in found]

    yield from parts.each(plan, "custom_audiences", read)
    if any(plan.has_failed(pull) for pull in plan.of("custom_audiences")):
        return  # which audiences there are is not known
    for one in sorted(absent if plan.of("custom_audiences") else ()):
        plan.warn(f"facebook_ads: custom_audiences: no account has the audience {one}; correct retargeting_audiences")


def _refuse_lost_bounds(audiences: list[Row]) -> None:
    """One that is not counted yet may leave its bounds out, but not all of them where some are ready."""
    codes = [(one.get("delivery_status") or {}).get("code") for one in audiences]
    ready = [number for number, code in enumerate(codes, 1) if code == READY]
    for name in BOUNDS:
        if ready and not any(name in one for one in audiences):
            raise SchemaDrift(
                f"facebook_ads: custom_audiences row {ready[0]}: the vendor no longer sends {name}, not even of an "
                "audience that is ready, and the size of audiences needs it; nothing of this source was loaded. "
                "Upgrade Parcours, or report it."
            )


def scopes(options: FacebookAdsOptions, table: str) -> list[Scope]:
    """Every account, for every table."""
    return [Scope(one) for one in options.accounts]


def check(options: FacebookAdsOptions) -> list[str]:
    """Each account's name, currency and zone."""
    graph = Graph.configured("facebook_ads", ADVICE)
    lines = [f"Marketing API {API_VERSION}"]
    for one in options.accounts:
        found = graph.node(f"act_{one}", *ACCOUNT_FIELDS)
        lines.append(f"account {one}, {found.get('name')}: {found.get('currency')}, {found.get('timezone_name')}")
    return lines


CONNECTOR = Connector(
    name="facebook_ads",
    title="Facebook ads",
    tables=TABLES,
    options=FacebookAdsOptions,
    source=facebook_ads,
    scopes=scopes,
    lists="accounts",
    account_columns=dict.fromkeys(TABLES, "account_id"),
    check=check,
    feeds={"spend": ("ads_insights",), "ad_days": ("ads_insights",), "ad_audiences": ("custom_audiences",)},
    expires=lambda _: token_expiry("facebook_ads", ADVICE),
    secrets=("access_token", "app_secret"),
    advice=ADVICE,
    permissions=("ads_read",),
    docs_url="https://developers.facebook.com/docs/marketing-apis",
    api_version=API_VERSION,
)
