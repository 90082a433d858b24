"""Money: the ECB's rate of the day, and what was spent on marketing."""

from bisect import bisect_right
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from sandbox.truth.view import View

# Decimals of a currency by ISO 4217, where they are not two.
DECIMALS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
MICRO = Decimal("0.000001")


def major(amount: int, currency: str) -> Decimal:
    """An amount in minor units, in units of its currency."""
    return Decimal(amount).scaleb(-DECIMALS.get(currency, 2))


class Converter:
    """Amounts in the reporting currency, at the rates of the last day that the ECB published by theirs."""

    def __init__(self, view: View) -> None:
        self._reporting = view.business.currency
        self._rates: dict[date, dict[str, Decimal]] = defaultdict(dict)
        for rate in sorted(view.world.rates, key=lambda rate: rate.shown_at):  # a correction comes later
            if rate.shown_at <= view.now:
                self._rates[rate.date_day][rate.currency] = Decimal(rate.rate)
        self._days = sorted(self._rates)

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """The amount to six decimals; None without a rate, never the amount as it is."""
        if currency != self._reporting:
            taken, given = self._rate(currency, day), self._rate(self._reporting, day)
            if taken is None or given is None:
                return None
            amount = amount / taken * given
        return amount.quantize(MICRO, ROUND_HALF_EVEN)

    def _rate(self, currency: str, day: date) -> Decimal | None:
        """Units of the currency for one euro."""
        if currency == "EUR":
            return Decimal(1)
        position = bisect_right(self._days, day)
        return self._rates[self._days[position - 1]].get(currency) if position else None


def spend_by_day(view: View) -> dict[date, Decimal]:
    """All marketing in the reporting currency, rounded per source, account or channel, and day."""
    converter = Converter(view)
    found: dict[date, Decimal] = defaultdict(Decimal)
    for spend in (_facebook(view), _google(view), _other(view)):
        for (_, currency, day), cents in spend.items():
            amount = converter.convert(major(cents, currency), currency, day)
            if amount is not None:
                found[day] += amount
    return found


def spend_known_through(view: View) -> date:
    """The last day that is over in the zone of every account that is charged; the cost of a later one is not known."""
    world = view.world
    zones = {account.time_zone for account in world.ad_accounts} | {
        one.time_zone for one in world.properties if one.property_id == view.business.primary_property
    }
    over = (view.now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1) for zone in zones)
    return min(over, default=view.through)


def _facebook(view: View) -> dict[tuple[str, str, date], int]:
    """Spend per account; the vendor leaves out the day of an ad that has no impressions (any more)."""
    world = view.world
    accounts = {account.account_id: account for account in world.ad_accounts}
    of_campaign = {campaign.campaign_id: accounts[campaign.account_id] for campaign in world.ad_campaigns}
    of_set = {ad_set.adset_id: of_campaign[ad_set.campaign_id] for ad_set in world.ad_sets}
    of_ad = {ad.ad_id: of_set[ad.adset_id] for ad in world.ads}
    impressions: dict[tuple[str, date], int] = defaultdict(int)
    spend: dict[tuple[str, date], int] = defaultdict(int)
    for delivery in world.ad_deliveries:
        if delivery.shown_at <= view.now:
            impressions[delivery.ad_id, delivery.date_day] += delivery.impressions
            spend[delivery.ad_id, delivery.date_day] += delivery.spend
    found: dict[tuple[str, str, date], int] = defaultdict(int)
    for (ad_id, day), cents in spend.items():
        if impressions[ad_id, day] > 0:
            found[of_ad[ad_id].account_id, of_ad[ad_id].currency, day] += cents
    return found


def _google(view: View) -> dict[tuple[str, str, date], int]:
    """Google Ads cost in the primary property; cost without its campaign is another network's, imported."""
    currency = {one.property_id: one.currency for one in view.world.properties}
    primary = view.business.primary_property
    found: dict[tuple[str, str, date], int] = defaultdict(int)
    for cost in view.world.linked_ad_costs:
        if cost.property_id == primary and cost.google_ads_campaign_id and cost.shown_at <= view.now:
            found[primary, currency[primary], cost.date_day] += cost.cost
    return found


def _other(view: View) -> dict[tuple[str, str, date], int]:
    """What somebody noted by hand, per channel."""
    found: dict[tuple[str, str, date], int] = defaultdict(int)
    for spend in view.world.other_spend if view.business.has_other_spend else []:
        if spend.noted_at is not None and spend.noted_at > view.now:
            continue  # the bill has not come yet
        found[spend.channel, spend.currency, spend.date_day] += spend.amount
    return found
