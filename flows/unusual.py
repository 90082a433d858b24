"""Whether a value is outside what its own past explains: one rule, robust against the odd past value."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Literal

PERIODS = 8  # of the past that are looked at; of days, those of the same weekday
LEAST_PERIODS = 6  # of fewer, the spread is a guess
WIDTH = 4.5  # spreads from the usual value; of 10,000 calm values with 10 % noise a few at most are beyond
OF_NORMAL = 1.4826  # the standard deviation of a normal distribution, by its median absolute deviation
LEAST_SHARE = 0.1  # of the usual value: a past that happened to be even promises nothing


@dataclass(frozen=True)
class Unusual:
    """What was usual, and the bound that the value is beyond."""

    side: Literal["low", "high"]
    usual: float
    bound: float


def unusual(value: float, past: Sequence[float], volume: float, good: str) -> Unusual | None:
    """Whether a value is beyond the median of its past by several spreads, on the side that is bad.

    A spread is the past's median absolute deviation, but no less than chance alone makes of what counts `volume`.
    """
    usual = median(past)
    deviation = OF_NORMAL * median(abs(one - usual) for one in past)
    reach = WIDTH * max(deviation, abs(usual) * max(LEAST_SHARE, 1 / sqrt(volume)))
    if good == "up":
        return Unusual("low", usual, usual - reach) if value < usual - reach else None
    return Unusual("high", usual, usual + reach) if value > usual + reach else None
