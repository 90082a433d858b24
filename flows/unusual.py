"""Whether a value is outside what its own past explains: one rule, robust against the odd past value."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, sqrt
from statistics import median
from typing import Literal

PERIODS = 8  # of the past that are looked at; of days, those of the same weekday
LEAST_PERIODS = 6  # of fewer, the spread is a guess
BACK = 2  # spreads, within which a value that was unusual is usual again: one that swings around a bound is told once
WIDTH = 4.5  # spreads from the usual value; of 10,000 calm values with 10 % noise a few at most are beyond
OF_NORMAL = 1.4826  # the standard deviation of a normal distribution, by its median absolute deviation
LEAST_SHARE = 0.1  # of the usual value: a past that happened to be even promises nothing


@dataclass(frozen=True)
class Unusual:
    """What was usual, and the bound that the value is beyond."""

    side: Literal["low", "high"]
    usual: float
    bound: float


def unusual(value: float, past: Sequence[float], volume: float, good: str, is_known: bool = False) -> Unusual | None:
    """Whether a value is beyond the median of its past by several spreads, on the side that is bad.

    All is measured on square roots, on which chance moves few as much as many. A spread is the past's median absolute
    deviation, but no less than chance alone makes of what counts `volume`. What `is_known` to be unusual is so until
    it is near again.
    """
    usual = median(past)
    middle = _root(usual)
    deviation = OF_NORMAL * median(abs(_root(one) - middle) for one in past)
    spread = max(deviation, abs(middle) * max(LEAST_SHARE, 1 / sqrt(volume)) / 2)
    sign = -1 if good == "up" else 1
    limit = middle + sign * spread * (BACK if is_known else WIDTH)
    if sign * (_root(value) - limit) <= 0:
        return None
    return Unusual("low" if good == "up" else "high", usual, _square(middle + sign * spread * WIDTH))


def _root(value: float) -> float:
    return copysign(sqrt(abs(value)), value)


def _square(root: float) -> float:
    return copysign(root * root, root)
