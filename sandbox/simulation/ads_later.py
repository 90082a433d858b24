"""What becomes of ads that were shown: credits for invalid traffic, deleted ads, campaigns and audiences.

All are chosen by their place, so that the rest of the world stays as it is.
"""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta

from sandbox.events import AdDelivery
from sandbox.simulation.ads import ACCOUNTS, Ads
from sandbox.simulation.setting import Setting, at

# Of the days of all ads, oldest first, each of so many is credited, half or all of it, once it is restated no more.
CREDITED_FIRST, CREDITED_EACH, CREDITED_AFTER_DAYS = 7, 110, (31, 40, 55)
AD_DELETED, AUDIENCE_DELETED, CAMPAIGN_DELETED = 20, 12, 10  # days before the world ends
LATELY = timedelta(days=28)  # what is deleted was shown so shortly before
AUDIENCE = 4  # one that the demo does not follow
METRICS = ("impressions", "clicks", "link_clicks", "reach", "spend")


def take_back_ads(found: Ads, setting: Setting) -> None:
    """Credits and deletions; what deleted ads have spent stays spent."""
    found.deliveries += _credits(found.deliveries)
    for account in ACCOUNTS:
        campaigns = _shown_lately(found, account.account_id, _before_end(setting, AD_DELETED))
        if len(campaigns) > 1:
            ad_ids = campaigns.popitem()[1]
            _delete_ads(found, set(ad_ids[:1]), _before_end(setting, AD_DELETED))
            _delete_campaign(found, min(campaigns), _before_end(setting, CAMPAIGN_DELETED))
    gone_at = _before_end(setting, AUDIENCE_DELETED)
    found.audiences[AUDIENCE] = replace(found.audiences[AUDIENCE], deleted_at=gone_at)
    _stop_deleted(found)


def _before_end(setting: Setting, days: int) -> datetime:
    return at(setting.last_day - timedelta(days=days), 15)


def _credits(deliveries: list[AdDelivery]) -> list[AdDelivery]:
    """Increments that take back half or all of what an ad's day amounts to after its restatements."""
    sums: dict[tuple[str, date, str, str], Counter[str]] = defaultdict(Counter)
    first: dict[tuple[str, date, str, str], datetime] = {}
    for one in deliveries:
        place = (one.ad_id, one.date_day, one.country, one.platform)
        first.setdefault(place, one.shown_at)
        sums[place].update({name: getattr(one, name) for name in METRICS})
    found = []
    for number, place in enumerate(sorted(sums, key=lambda place: place[1])[CREDITED_FIRST::CREDITED_EACH]):
        shown_at = first[place] + timedelta(days=CREDITED_AFTER_DAYS[number % 3])
        credit = [-(sums[place][name] // (1 + number % 2)) for name in METRICS]
        found.append(AdDelivery(*place, shown_at, *credit))
    return found


def _shown_lately(found: Ads, account_id: str, until: datetime) -> dict[str, list[str]]:
    """The account's campaigns that were running, with those of their ads that were shown."""
    campaign_of = {one.adset_id: one.campaign_id for one in found.sets}
    of_account = {one.campaign_id for one in found.campaigns if one.account_id == account_id}
    days = (until - LATELY).date(), until.date()
    shown = {one.ad_id for one in found.deliveries if days[0] <= one.date_day <= days[1]}
    campaigns: dict[str, list[str]] = {}
    for ad in found.ads:
        campaign_id = campaign_of[ad.adset_id]
        if campaign_id in of_account and ad.ad_id in shown and ad.status != "ARCHIVED":
            campaigns.setdefault(campaign_id, []).append(ad.ad_id)
    return campaigns


def _delete_ads(found: Ads, ad_ids: set[str], gone_at: datetime) -> None:
    found.ads = [replace(one, deleted_at=gone_at) if one.ad_id in ad_ids else one for one in found.ads]


def _delete_campaign(found: Ads, campaign_id: str, gone_at: datetime) -> None:
    """And all below it."""
    sets = {one.adset_id for one in found.sets if one.campaign_id == campaign_id}
    found.campaigns = [
        replace(one, deleted_at=gone_at) if one.campaign_id == campaign_id else one for one in found.campaigns
    ]
    found.sets = [replace(one, deleted_at=gone_at) if one.adset_id in sets else one for one in found.sets]
    _delete_ads(found, {one.ad_id for one in found.ads if one.adset_id in sets}, gone_at)


def _stop_deleted(found: Ads) -> None:
    """A deleted ad is shown no more from the day after on."""
    last = {one.ad_id: one.deleted_at.date() for one in found.ads if one.deleted_at}
    found.deliveries = [one for one in found.deliveries if one.date_day <= last.get(one.ad_id, one.date_day)]
    found.conversions = [one for one in found.conversions if one.date_day <= last.get(one.ad_id, one.date_day)]
