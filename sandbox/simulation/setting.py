"""What every area shares: the period, the size, seeded generators, and the business's calendar."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
YEARLY_GROWTH = 0.35
WEEKDAY_WEIGHT = (1.0, 1.05, 1.05, 1.0, 0.95, 0.8, 0.9)  # Monday first
MONTH_WEIGHT = (0.95, 0.9, 0.95, 1.0, 1.0, 0.95, 0.85, 0.8, 1.0, 1.05, 1.25, 1.3)  # January first
PROMOTION_DAYS = {(11, 27), (11, 28), (11, 29), (1, 8), (1, 9), (6, 24), (6, 25)}


@dataclass(frozen=True)
class Setting:
    """The arguments of one world."""

    seed: int
    first_day: date
    last_day: date
    scale: float

    def random(self, *area: object) -> Random:
        """A generator of its own for each area (and day), so that one area's changes leave the others alone."""
        return Random(":".join(str(part) for part in (self.seed, *area)))

    def days(self) -> list[date]:
        """Every day of the world."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]

    def count(self, random: Random, day: date, per_day: float) -> int:
        """How many times something happens on a day: growth, season, weekday, promotion, chance."""
        growth = (1 + YEARLY_GROWTH) ** ((day - self.first_day).days / 365)
        mean = per_day * self.scale * growth * WEEKDAY_WEIGHT[day.weekday()] * MONTH_WEIGHT[day.month - 1]
        if (day.month, day.day) in PROMOTION_DAYS:
            mean *= 1.8
        return poisson(random, mean)

    def at_least(self, number: int) -> int:
        """A number of things that grows with the scale, but keeps every special case in a small world."""
        return max(number // 4, round(number * self.scale))


def poisson(random: Random, mean: float) -> int:
    """A Poisson draw; for large means its normal approximation."""
    if mean > 50:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), random.random(), 0
    while product > limit:
        number += 1
        product *= random.random()
    return number


def moment(random: Random, day: date, zone: ZoneInfo = PARIS, first_hour: int = 7, last_hour: int = 24) -> datetime:
    """A second of a local day, as UTC."""
    second = random.randrange(first_hour * 3600, last_hour * 3600)
    local = datetime.combine(day, time(), zone) + timedelta(seconds=second)
    return local.astimezone(UTC)


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = PARIS) -> datetime:
    """A local time of a day, as UTC."""
    return datetime.combine(day, time(hour, minute), zone).astimezone(UTC)
