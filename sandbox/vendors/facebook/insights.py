"""Insights of ads by day (https://developers.facebook.com/docs/marketing-api/insights): what deliveries add up to."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from sandbox.events import Ad, AdAccount, AdCampaign, AdConversion, AdDelivery, AdSet
from sandbox.state import Sandbox
from sandbox.vendors.facebook.graph import Row

BREAKDOWNS = {"country": "country", "publisher_platform": "platform"}
WITHOUT_CENTS = ("JPY",)
# What each window of an action counts; the value without a window is a week after a click or a day after a view.
WINDOWS = {
    "1d_view": ("1d_view",),
    "1d_click": ("1d_click",),
    "7d_click": ("1d_click", "7d_click"),
    "28d_click": ("1d_click", "7d_click", "28d_click"),
    "value": ("1d_click", "7d_click", "1d_view"),
}


@dataclass(frozen=True)
class Placed:
    """An ad with what it belongs to."""

    ad: Ad
    ad_set: AdSet
    campaign: AdCampaign


@dataclass
class Sums:
    """One row before it is written: metrics, and conversions by (action type, attribution)."""

    metrics: Counter[str] = field(default_factory=Counter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)


def status_of(one: AdCampaign | AdSet | Ad, now: datetime) -> str:
    """An object's state at an instant; in this world a set's and an ad's effective state is that of its campaign."""
    return "DELETED" if one.deleted_at and one.deleted_at <= now else one.status


def insights(
    sandbox: Sandbox,
    account: AdAccount,
    first: date,
    last: date,
    breakdown: str,
    windows: tuple[str, ...],
    states: list[str] | None = None,
) -> list[Row]:
    """A row per day, ad and value of the breakdown that was shown to anybody, as known now.

    Of deleted ads only where the report is filtered on their state
    (https://developers.facebook.com/documentation/ads-commerce/marketing-api/best-practices/manage-your-ad-object-status).
    """
    now = sandbox.now()
    placed = {
        ad_id: one for ad_id, one in _placed(sandbox, account).items() if _is_reported(status_of(one.ad, now), states)
    }
    attribute = BREAKDOWNS.get(breakdown, "")
    sums: defaultdict[tuple[date, str, str], Sums] = defaultdict(Sums)

    def of(event: AdDelivery | AdConversion) -> Sums | None:
        if not first <= event.date_day <= last or event.ad_id not in placed or event.shown_at > now:
            return None
        return sums[event.date_day, event.ad_id, getattr(event, attribute) if attribute else ""]

    for delivery in sandbox.world.ad_deliveries:
        if (found := of(delivery)) is not None:
            for name in ("impressions", "clicks", "link_clicks", "reach", "spend"):
                found.metrics[name] += getattr(delivery, name)
    for conversion in sandbox.world.ad_conversions:
        if (found := of(conversion)) is not None:
            found.counts[conversion.action_type, conversion.attribution] += conversion.count
            found.values[conversion.action_type, conversion.attribution] += conversion.value
    return [
        _row(account, placed[ad_id], day, row, windows) | ({breakdown: place} if breakdown else {})
        for (day, ad_id, place), row in sorted(sums.items(), key=lambda item: item[0])
        if row.metrics["impressions"] > 0
    ]


def _is_reported(status: str, states: list[str] | None) -> bool:
    return status in states if states else status != "DELETED"


def _placed(sandbox: Sandbox, account: AdAccount) -> dict[str, Placed]:
    world = sandbox.world
    campaigns = {one.campaign_id: one for one in world.ad_campaigns if one.account_id == account.account_id}
    sets = {one.adset_id: one for one in world.ad_sets if one.campaign_id in campaigns}
    now = sandbox.now()
    return {
        ad.ad_id: Placed(ad, sets[ad.adset_id], campaigns[sets[ad.adset_id].campaign_id])
        for ad in world.ads
        if ad.adset_id in sets and ad.created_at <= now
    }


def _row(account: AdAccount, placed: Placed, day: date, sums: Sums, windows: tuple[str, ...]) -> Row:
    """All scalars are text; what is zero or empty is left out (None here)."""
    metrics = sums.metrics
    link_clicks = max(0, metrics["link_clicks"])
    actions = _actions(sums.counts, windows)
    if link_clicks:
        actions.append({"action_type": "link_click", "value": str(link_clicks)})
    return {
        "account_id": account.account_id,
        "account_name": account.name,
        "account_currency": account.currency,
        "campaign_id": placed.campaign.campaign_id,
        "campaign_name": placed.campaign.name,
        "adset_id": placed.ad_set.adset_id,
        "adset_name": placed.ad_set.name,
        "ad_id": placed.ad.ad_id,
        "ad_name": placed.ad.name,
        "date_start": day.isoformat(),
        "date_stop": day.isoformat(),
        "impressions": _text(metrics["impressions"]),
        "clicks": _text(max(0, metrics["clicks"])),
        "inline_link_clicks": _text(link_clicks),
        "reach": _text(max(0, metrics["reach"])),
        "spend": _money(metrics["spend"], account.currency),
        "actions": actions or None,
        "action_values": _actions(sums.values, windows, account.currency) or None,
    }


def _text(number: int) -> str | None:
    return str(number) if number else None


def _money(minor: int, currency: str) -> str | None:
    if not minor or currency in WITHOUT_CENTS:
        return _text(minor)
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _actions(counts: Counter[tuple[str, str]], windows: tuple[str, ...], currency: str = "") -> list[Row]:
    """One entry per action type; a window that was asked for is a key of its own, and holds the shorter ones."""
    entries: list[Row] = []
    for action_type in sorted({action_type for action_type, _ in counts}):
        entry: Row = {"action_type": action_type}
        for window in ("value", *windows):
            total = sum(counts[action_type, attribution] for attribution in WINDOWS.get(window, ()))
            text = _money(total, currency) if currency else _text(total)
            if text:
                entry[window] = text
        if len(entry) > 1:
            entries.append(entry)
    return entries
