"""A small query engine over the world's hits: Google Analytics' names mapped to SQL, answered as of an instant.

Names and meanings: https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.events import World

NOT_SET = "(not set)"
MOMENT = pa.timestamp("us", "UTC")
TEXT, WHOLE = pa.string(), pa.int64()
ZONES = pa.schema([pa.field(name, TEXT) for name in ("property_id", "time_zone")])
VISITS = pa.schema(
    [pa.field("visit_id", WHOLE)]
    + [pa.field("is_engaged", pa.bool_())]
    + [pa.field(name, TEXT) for name in ("reported_source", "reported_medium", "reported_campaign")]
    + [pa.field("google_ads_campaign_id", TEXT)]
    + [pa.field(name, TEXT) for name in ("landing_page", "device", "country")]
)
HITS = pa.schema(
    [pa.field(name, WHOLE) for name in ("hit_id", "visit_id", "engagement_seconds", "quantity", "value")]
    + [pa.field(name, TEXT) for name in ("property_id", "cookie_id", "name", "page", "item_id", "item_name")]
    + [pa.field("transaction_id", TEXT), pa.field("happened_at", MOMENT), pa.field("shown_at", MOMENT)]
)
COSTS = pa.schema(
    [pa.field(name, TEXT) for name in ("property_id", "campaign_name", "google_ads_campaign_id", "source", "medium")]
    + [pa.field("date_day", pa.date32()), pa.field("cost", WHOLE), pa.field("shown_at", MOMENT)]
)
DIMENSIONS = {
    "date": "strftime(local_day, '%Y%m%d')",
    "isoYearIsoWeek": "strftime(local_day, '%G%V')",
    "yearMonth": "strftime(local_day, '%Y%m')",
    "year": "strftime(local_day, '%Y')",
    "eventName": "name",
    "pagePath": "page",
    "landingPage": "landing_page",
    "deviceCategory": "device",
    "country": "country",
    "sessionSource": "source",
    "sessionMedium": "medium",
    "sessionCampaignName": "campaign",
    "sessionSourceMedium": "source || ' / ' || medium",
    "sessionGoogleAdsCampaignId": "google_ads_campaign_id",
    "itemId": "item_id",
    "itemName": "item_name",
    "transactionId": "transaction_id",
}
# Users are cookies, sessions are those that hold an event of the asked range; both are null for refused consent.
METRICS = {
    "totalUsers": ("INTEGER", "count(distinct cookie_id)"),
    "activeUsers": ("INTEGER", "count(distinct cookie_id) filter (is_engaged or name = 'user_engagement')"),
    "newUsers": ("INTEGER", "count(*) filter (is_first_of_user)"),
    "sessions": ("INTEGER", "count(distinct visit_id)"),
    "engagedSessions": ("INTEGER", "count(distinct visit_id) filter (is_engaged)"),
    "eventCount": ("INTEGER", "count(*)"),
    "screenPageViews": ("INTEGER", "count(*) filter (name = 'page_view')"),
    "keyEvents": ("FLOAT", "count(*) filter (name in ('generate_lead', 'purchase'))"),
    "addToCarts": ("INTEGER", "count(*) filter (name = 'add_to_cart')"),
    "checkouts": ("INTEGER", "count(*) filter (name = 'begin_checkout')"),
    "ecommercePurchases": ("INTEGER", "count(distinct nullif(transaction_id, ''))"),
    "itemsViewed": ("INTEGER", "coalesce(sum(quantity) filter (name = 'view_item'), 0)"),
    "itemsAddedToCart": ("INTEGER", "coalesce(sum(quantity) filter (name = 'add_to_cart'), 0)"),
    "itemsPurchased": ("INTEGER", "coalesce(sum(quantity) filter (name = 'purchase'), 0)"),
    "userEngagementDuration": ("SECONDS", "coalesce(sum(engagement_seconds), 0)"),
    "averageSessionDuration": ("SECONDS", "sum(seconds_since_last) / nullif(count(distinct visit_id), 0)"),
    "bounceRate": ("FLOAT", "1 - count(distinct visit_id) filter (is_engaged) / nullif(count(distinct visit_id), 0)"),
    "engagementRate": ("FLOAT", "count(distinct visit_id) filter (is_engaged) / nullif(count(distinct visit_id), 0)"),
    "purchaseRevenue": ("CURRENCY", "coalesce(sum(value) filter (name = 'purchase'), 0) / 100"),
    "advertiserAdCost": ("CURRENCY", "sum(cost) / 100"),
}
ITEM_DIMENSIONS = {"itemId", "itemName"}
ITEM_METRICS = {"itemsViewed", "itemsAddedToCart", "itemsPurchased"}
AD_METRICS = {"advertiserAdCost"}
AD_DIMENSIONS = {
    "date", "isoYearIsoWeek", "yearMonth", "year", "sessionSource", "sessionMedium", "sessionCampaignName",
    "sessionSourceMedium", "sessionGoogleAdsCampaignId",
}  # fmt: skip


class InvalidArgumentError(ValueError):
    """The request cannot be answered; the text is the vendor's."""


@dataclass(frozen=True)
class Query:
    """A report over some date ranges. `where` is SQL over the dimensions, made by the protocol layer."""

    property_id: str
    ranges: tuple[tuple[date, date], ...]
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    where: str
    parameters: tuple[Any, ...]


class Engine:
    """The hits of one world in memory; every answer counts only what Google Analytics shows at that instant."""

    def __init__(self, world: World) -> None:
        self._lock = Lock()
        self._connection = duckdb.connect()
        self._connection.execute("set timezone = 'UTC'")
        for name, records, columns in (
            ("visits", world.visits, VISITS),
            ("hits", world.hits, HITS),
            ("zones", world.properties, ZONES),
            ("costs", world.linked_ad_costs, COSTS),
        ):
            self._connection.register(name, _table(records, columns))
        self._connection.execute(EVENTS)
        self._connection.execute(AD_COSTS)

    def rows(self, query: Query, now: datetime) -> list[tuple[int, tuple[Any, ...]]]:
        """The range's number, then dimension values (text) and metric values; no row where nothing happened."""
        table = "ad_costs" if AD_METRICS & set(query.metrics) else "events"
        dimensions = [f"coalesce({DIMENSIONS[name]}, '{NOT_SET}')" for name in query.dimensions]
        metrics = [METRICS[name][1] for name in query.metrics]
        ranges = ", ".join("(?, ?::date, ?::date)" for _ in query.ranges)
        sql = (
            f"select {', '.join(['ranges.number', *dimensions, *metrics])} from {table} "
            f"join (values {ranges}) as ranges (number, first_day, last_day) "
            "on local_day between ranges.first_day and ranges.last_day "
            f"where property_id = ? and shown_at <= ? and ({query.where}) "
            f"group by {', '.join(str(n + 1) for n in range(len(dimensions) + 1))}"
        )
        days = [value for number, (first, last) in enumerate(query.ranges) for value in (number, first, last)]
        with self._lock:
            found = self._connection.execute(sql, [*days, query.property_id, now, *query.parameters]).fetchall()
        return [(row[0], row[1:]) for row in found]


def _table(records: Sequence[Any], columns: pa.Schema) -> pa.Table:
    arrays = [pa.array([getattr(one, field.name) for one in records], field.type) for field in columns]
    return pa.Table.from_arrays(arrays, schema=columns)


def check(dimensions: Sequence[str], metrics: Sequence[str]) -> None:
    """Refuse unknown names and combinations that Google Analytics refuses, in its words."""
    for name in dimensions:
        if name not in DIMENSIONS:
            raise InvalidArgumentError(
                f"Field {name} is not a valid dimension. For a list of valid dimensions and metrics, see "
                "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
            )
    for name in metrics:
        if name not in METRICS:
            raise InvalidArgumentError(
                f"Field {name} is not a valid metric. For a list of valid dimensions and metrics, see "
                "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
            )
    if AD_METRICS & set(metrics):
        if not {"sessionCampaignName", "sessionGoogleAdsCampaignId"} & set(dimensions):
            raise InvalidArgumentError("Please add sessionCampaignName to make the request compatible.")
        wrong = [*sorted(set(dimensions) - AD_DIMENSIONS), *sorted(set(metrics) - AD_METRICS)]
        if wrong:
            raise InvalidArgumentError(f"Please remove {wrong[0]} to make the request compatible.")
    if ITEM_DIMENSIONS & set(dimensions):
        wrong = sorted(set(metrics) & {"eventCount", "addToCarts", "checkouts", "screenPageViews", "keyEvents"})
        if wrong:
            raise InvalidArgumentError(f"Please remove {wrong[0]} to make the request compatible.")


EVENTS = """
create table events as
select
    hits.* replace (hash(hits.cookie_id) as cookie_id),
    visits.is_engaged, visits.reported_source as source, visits.reported_medium as medium,
    visits.reported_campaign as campaign,
    coalesce(nullif(visits.google_ads_campaign_id, ''), '(not set)') as google_ads_campaign_id,
    visits.landing_page, visits.device, visits.country,
    cast(timezone(zones.time_zone, hits.happened_at) as date) as local_day,
    case when hits.visit_id is not null then date_diff('second', lag(hits.happened_at) over (
        partition by hits.visit_id order by hits.happened_at, hits.hit_id
    ), hits.happened_at) end as seconds_since_last,
    row_number() over (partition by hits.cookie_id order by hits.happened_at, hits.hit_id) = 1 as is_first_of_user
from hits
left join visits on hits.visit_id = visits.visit_id
join zones on hits.property_id = zones.property_id
where hits.cookie_id is not null  -- without consent nothing is reported
order by hits.property_id, local_day
"""
AD_COSTS = """
create table ad_costs as
select
    property_id, date_day as local_day, campaign_name as campaign, source, medium, cost, shown_at,
    coalesce(nullif(google_ads_campaign_id, ''), '(not set)') as google_ads_campaign_id
from costs
"""
