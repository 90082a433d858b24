"""What can be asked of Google Analytics: its names mapped to SQL over events, and a report made of them.

Names and meanings: https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sandbox.vendors.google_analytics.quality import Quality, is_telling, lumped_columns

NOT_SET = "(not set)"
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
    "ecommercePurchases": ("INTEGER", "count(distinct nullif(purchase_id, ''))"),
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
    """A report over some date ranges. `where` is SQL over the dimensions `filtered`, made by the protocol layer."""

    property_id: str
    ranges: tuple[tuple[date, date], ...]
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    where: str
    parameters: tuple[Any, ...]
    filtered: tuple[str, ...] = ()
    quality: Quality = field(default_factory=Quality)

    @property
    def is_ad_cost(self) -> bool:
        """It asks for what ads cost, which is no event."""
        return bool(AD_METRICS & set(self.metrics))

    @property
    def is_thresholded(self) -> bool:
        """Rows of few users would tell who they are, and are withheld."""
        return bool(self.quality.threshold_users) and not self.is_ad_cost and is_telling(self.dimensions)

    @property
    def lumped(self) -> list[str]:
        """The columns whose rare values may be (other)."""
        asked = (*self.dimensions, *self.filtered)
        return lumped_columns(asked) if self.quality.other_row_after and not self.is_ad_cost else []


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
