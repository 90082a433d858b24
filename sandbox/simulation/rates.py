"""The ECB's reference rates: a random walk, some corrections, and a currency that ends."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sandbox.events import Rate
from sandbox.simulation.setting import Setting, at

FIRST_RATES = {"USD": "1.0850", "JPY": "162.40", "GBP": "0.8450", "CHF": "0.9520"}
LAST_RATES = {"BGN": ("1.9558", date(2025, 12, 31))}  # Bulgaria joined the euro the day after
LEAD_DAYS = 9
# Which rates are published again with another value, and how many days later: from the first one on, each of so many.
CORRECTIONS = ((5, 41, 1), (61, 91, 16))
CORRECTED_BY = Decimal("1.003")


def rates(setting: Setting) -> list[Rate]:
    """One per currency and working day, from a week before the world begins; then the corrections."""
    random = setting.random("rates")
    level = {currency: Decimal(rate) for currency, rate in FIRST_RATES.items()}
    found, days = [], _published_days(setting)
    for day in days:
        for currency in FIRST_RATES:
            step = Decimal(random.randint(-60, 60)) / 10_000
            decimals = Decimal("0.01") if currency == "JPY" else Decimal("0.0001")
            level[currency] = (level[currency] * (1 + step)).quantize(decimals)
            found.append(Rate(day, currency, str(level[currency]), at(day, 16)))
    corrections = [_corrected(one, after) for first, each, after in CORRECTIONS for one in found[first::each]]
    for currency, (rate, last_day) in LAST_RATES.items():
        found += [Rate(day, currency, rate, at(day, 16)) for day in days if day <= last_day]
    return found + corrections


def _corrected(rate: Rate, after_days: int) -> Rate:
    right = (Decimal(rate.rate) * CORRECTED_BY).quantize(Decimal(rate.rate))
    return replace(rate, rate=str(right), shown_at=at(rate.date_day + timedelta(days=after_days), 10))


def _published_days(setting: Setting) -> list[date]:
    """Working days (Easter left out)."""
    first = setting.first_day - timedelta(days=LEAD_DAYS)
    days = [first + timedelta(days=number) for number in range((setting.last_day - first).days + 1)]
    closed = {(1, 1), (5, 1), (12, 25), (12, 26)}
    return [day for day in days if day.weekday() < 5 and (day.month, day.day) not in closed]
