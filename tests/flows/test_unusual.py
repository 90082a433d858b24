"""The rule that calls a value unusual: silent over calm weeks, and awake when something breaks."""

from collections.abc import Iterator
from random import Random

import pytest

from bench import alarms
from flows.unusual import LEAST_PERIODS, PERIODS, Unusual, unusual

WEEK = (1.0, 1.1, 1.05, 1.0, 0.9, 0.5, 0.4)  # what a weekday counts, of a Monday


def calm(seed: int) -> list[float]:
    """60 days of about 200 a day: a weekly pattern, a little growth, and noise of 10 %."""
    random = Random(seed)
    return [float(round(200 * 1.002**day * WEEK[day % 7] * random.gauss(1, 0.1))) for day in range(60)]


def judged(days: list[float], good: str) -> Iterator[tuple[int, Unusual | None]]:
    for day, value in enumerate(days):
        past = days[day % 7 : day : 7][-PERIODS:]
        if len(past) >= LEAST_PERIODS:
            yield day, unusual(value, past, sorted(past)[len(past) // 2], good)


@pytest.mark.parametrize("good", ["up", "down"])
@pytest.mark.parametrize("seed", range(10))
def test_sixty_calm_days_raise_no_alarm(seed: int, good: str) -> None:
    verdicts = list(judged(calm(seed), good))
    assert len(verdicts) == 18
    assert [day for day, found in verdicts if found] == []


@pytest.mark.parametrize("seed", range(10))
def test_a_day_that_lost_nine_tenths_or_tripled_is_told_on_its_bad_side_alone(seed: int) -> None:
    day = 45 + seed
    for share, bad, fine, side in ((0.1, "up", "down", "low"), (3, "down", "up", "high")):
        days = calm(seed)
        days[day] *= share
        assert [(at, found.side) for at, found in judged(days, bad) if found] == [(day, side)]
        assert [at for at, found in judged(days, fine) if found] == []


def test_bounds_worked_out_by_hand() -> None:
    """Of roots the median is 10, of their distances from it (0 0 .198 .202 .488 .513 .954 1.056) .345064."""
    past = [100.0, 104.0, 96.0, 120.0, 80.0, 110.0, 90.0, 100.0]
    reach = 4.5 * 1.4826 * 0.345064  # 2.302: wider than half a tenth of 10 (4.5 * 0.5), and than chance of 2500 (0.45)
    assert unusual((10 - reach) ** 2 + 0.01, past, 2500, "up") is None
    found = unusual(50, past, 2500, "up")
    assert found is not None
    assert (found.side, found.usual) == ("low", 100)
    assert found.bound == pytest.approx((10 - reach) ** 2, abs=1e-3) == pytest.approx(59.257, abs=1e-3)
    assert unusual(200, past, 2500, "up") is None
    high = unusual(200, past, 2500, "down")
    assert high is not None
    assert high.side == "high"
    assert high.bound == pytest.approx((10 + reach) ** 2, abs=1e-3)


def test_chance_excuses_what_counts_little() -> None:
    """The root of a count is uncertain by a half: of 36 down to 3.75². Of 3600 the tenth of an even past holds."""
    assert unusual(14.1, [36.0] * 8, 36, "up") is None
    assert unusual(14, [36.0] * 8, 36, "up") == Unusual("low", 36, 14.0625)
    assert unusual(0.61, [1.0] * 8, 3600, "up") is None
    assert unusual(0.60, [1.0] * 8, 3600, "up") is not None


def test_what_is_known_is_over_when_it_is_near_again() -> None:
    assert unusual(24.9, [36.0] * 8, 36, "up", is_known=True) == Unusual("low", 36, 14.0625)
    assert unusual(25.1, [36.0] * 8, 36, "up", is_known=True) is None


def test_what_may_be_below_zero() -> None:
    """A margin: of -100 the root is -10, so 4.5 half tenths below are -12.25²."""
    assert unusual(-150, [-100.0] * 8, 10_000, "up") is None
    assert unusual(-151, [-100.0] * 8, 10_000, "up") is not None


@pytest.mark.parametrize("seeds", [range(10), range(10, 15)], ids=["seeds", "held back"])
def test_shops_with_campaigns_and_a_black_friday(seeds: range) -> None:
    """Nobody is told of a calm day, nor of what is good; of what breaks and is mended once, on that day or never."""
    for kpi in alarms.KPIS.values():
        for seed in seeds:
            told = alarms.told(alarms.parcours, kpi, alarms.days_of(kpi, seed))
            assert kpi.good == "down" or not told
            assert {*told} <= {*alarms.BLACK_FRIDAY}
    for what in [one for one in alarms.BROKEN if not one.endswith("for good")]:
        at_all, once, waited = alarms.broken_told(alarms.parcours, seeds, what)
        assert len(seeds) - 1 <= at_all == once
        assert waited == 0
