"""Facebook's ads with their restatements, audiences, and the ad cost that is linked into Google Analytics."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sandbox.events import (
    Ad,
    AdAccount,
    AdCampaign,
    AdConversion,
    AdDelivery,
    AdSet,
    AudienceSize,
    CustomAudience,
    LinkedAdCost,
)
from sandbox.simulation.setting import Setting, at
from sandbox.simulation.web import SHOP

ACCOUNTS = (
    AdAccount("1001", "Boutique FR", "EUR", "Europe/Paris"),
    AdAccount("1002", "Boutique US", "USD", "America/New_York"),
)
CAMPAIGNS = {
    "1001": ("Prospection", "Retargeting", "Notoriété", "Soldes", "Noël"),
    "1002": ("Prospecting", "Retargeting", "Brand"),
}
SETS, ADS = 3, 2  # per campaign, per set
COUNTRIES = {"1001": ("FR", "BE"), "1002": ("US", "CA")}
PLATFORMS = ("facebook", "instagram")
RESTATED_AFTER_DAYS = (2, 6, 15, 27)  # the vendor restates a day for 28 days
AUDIENCES = 14
LINKED = (("marque", "7001"), ("generique", "7002"))
IMPORTED = (("fb-prospection", "facebook", "cpc"), ("fb-retargeting", "fb", "paid"))


@dataclass
class Ads:
    """What the ad accounts hold."""

    campaigns: list[AdCampaign] = field(default_factory=list)
    sets: list[AdSet] = field(default_factory=list)
    ads: list[Ad] = field(default_factory=list)
    deliveries: list[AdDelivery] = field(default_factory=list)
    conversions: list[AdConversion] = field(default_factory=list)
    audiences: list[CustomAudience] = field(default_factory=list)
    sizes: list[AudienceSize] = field(default_factory=list)
    linked: list[LinkedAdCost] = field(default_factory=list)


def ads(setting: Setting) -> Ads:
    """Structure, daily deliveries, conversions, audiences, and the cost that Google Analytics shows."""
    found = Ads()
    for account in ACCOUNTS:
        _structure(found, setting, account)
    _deliveries(found, setting)
    _audiences(found, setting)
    _linked_costs(found, setting)
    return found


def _structure(found: Ads, setting: Setting, account: AdAccount) -> None:
    random = setting.random("ads", account.account_id)
    for name in CAMPAIGNS[account.account_id]:
        created = at(setting.first_day - timedelta(days=random.randint(1, 90)), 10)
        updated = at(setting.first_day + timedelta(days=random.randint(0, 300)), 10)
        campaign_id = f"23{account.account_id}{len(found.campaigns) + 1:03d}"
        status = random.choices(("ACTIVE", "PAUSED", "ARCHIVED"), (7, 2, 1))[0]
        found.campaigns.append(
            AdCampaign(campaign_id, account.account_id, name, "OUTCOME_SALES", status, created, max(created, updated))
        )
        for number in range(SETS):
            set_id = f"24{account.account_id}{len(found.sets) + 1:03d}"
            budget = random.choice((500, 1000, 2000))
            found.sets.append(AdSet(set_id, campaign_id, f"{name} {number + 1}", status, budget, created, created))
            for letter in "AB"[:ADS]:
                ad_id = f"25{account.account_id}{len(found.ads) + 1:03d}"
                found.ads.append(Ad(ad_id, set_id, f"{name} {number + 1}{letter}", status, created, created))


def _deliveries(found: Ads, setting: Setting) -> None:
    """An ad runs some months of the year, on most days, in each country and on each platform."""
    account_of = {campaign.campaign_id: campaign.account_id for campaign in found.campaigns}
    account_of_set = {ad_set.adset_id: account_of[ad_set.campaign_id] for ad_set in found.sets}
    zones = {account.account_id: ZoneInfo(account.time_zone) for account in ACCOUNTS}
    for ad in found.ads:
        account_id = account_of_set[ad.adset_id]
        random = setting.random("deliveries", ad.ad_id)
        months = {month for month in range(1, 13) if random.random() < 0.35}
        for day in setting.days():
            if day.month not in months or random.random() < 0.1:
                continue
            for country in COUNTRIES[account_id]:
                for platform in PLATFORMS:
                    if random.random() < 0.7:
                        _delivery(found, random, ad, day, zones[account_id], country, platform)


def _delivery(found: Ads, random: Random, ad: Ad, day: date, zone: ZoneInfo, country: str, platform: str) -> None:
    """One day of an ad: shown next morning, restated once or twice; conversions are attributed days later."""
    impressions = random.randint(60, 900)
    clicks = sum(random.random() < 0.02 for _ in range(impressions // 8)) + random.randint(0, 6)
    link_clicks = round(clicks * random.uniform(0.4, 0.9))
    spend = impressions * random.randint(4, 11) // 10 + clicks * random.randint(5, 25)
    first = at(day + timedelta(days=1), 5, zone=zone)
    reach = max(1, impressions * 3 // 4)
    place = (ad.ad_id, day, country, platform)
    found.deliveries.append(AdDelivery(*place, first, impressions, clicks, link_clicks, reach, spend))
    for after in RESTATED_AFTER_DAYS:
        if random.random() < 0.12:
            change = -random.randint(0, min(6, clicks, link_clicks)) if random.random() < 0.7 else random.randint(1, 5)
            money = change * random.randint(3, 9)
            if spend + money >= 0 and link_clicks + change >= 0:
                spend, link_clicks = spend + money, link_clicks + change
                shown = first + timedelta(days=after)
                found.deliveries.append(AdDelivery(*place, shown, change * 2, change, change, 0, money))
    for action, chance in (("lead", 0.08), ("purchase", 0.05)):
        if random.random() < chance * min(clicks, 10):
            delay = random.choice((0, 0, 1, 3, 7, 12, 25))
            window = "1d_click" if delay < 1 else "7d_click" if delay < 7 else "28d_click"
            value = random.randint(1500, 9000) if action == "purchase" else 0
            shown = first + timedelta(days=delay)
            found.conversions.append(AdConversion(*place, shown, action, window, 1, value))


def _audiences(found: Ads, setting: Setting) -> None:
    """Audiences whose bounds move every few days; a new one is not ready at first."""
    for number in range(AUDIENCES):
        random = setting.random("audience", number)
        account = ACCOUNTS[number % 3 == 2]
        created = at(setting.first_day + timedelta(days=-30 if number < 9 else random.randint(0, 200)), 11)
        audience_id = f"26{account.account_id}{number:03d}"
        found.audiences.append(CustomAudience(audience_id, account.account_id, f"Audience {number + 1}", created))
        found.sizes.append(AudienceSize(audience_id, created, -1, -1))
        size, moment = random.randint(1000, 6000), created + timedelta(days=1)
        while moment.date() <= setting.last_day:
            size = max(1000, size + random.randint(-200, 320)) // 100 * 100
            found.sizes.append(AudienceSize(audience_id, moment, size, size * 118 // 100))
            moment += timedelta(days=random.randint(3, 8))


def _linked_costs(found: Ads, setting: Setting) -> None:
    """Google Ads cost, restated the next day; and Facebook's own cost, imported, which must not count twice."""
    for day in setting.days():
        random = setting.random("linked", day)
        for name, campaign_id in LINKED:
            cost = round(random.randint(900, 2600) * setting.scale) + 1
            _linked(found, day, name, campaign_id, "google", "cpc", cost, at(day + timedelta(days=1), 4))
            if random.random() < 0.3:
                change = -random.randint(0, min(cost, 60))
                _linked(found, day, name, campaign_id, "google", "cpc", change, at(day + timedelta(days=2), 4))
        for name, source, medium in IMPORTED:
            _linked(found, day, name, "", source, medium, random.randint(500, 1500), at(day + timedelta(days=1), 6))


def _linked(
    found: Ads, day: date, name: str, campaign_id: str, source: str, medium: str, cost: int, shown_at: datetime
) -> None:
    found.linked.append(LinkedAdCost(SHOP.property_id, day, name, campaign_id, source, medium, cost, shown_at))
