"""The rule that calls a value unusual: silent over calm weeks, and awake when something breaks."""

from collections.abc import Iterator
from random import Random

import pytest

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
    past = [100.0, 104.0, 96.0, 120.0, 80.0, 110.0, 90.0, 100.0]  # median 100, deviations 0 0 4 4 10 10 20 20: median 7
    reach = 4.5 * 1.4826 * 7  # 46.7: wider than a tenth (45), and than what chance makes of 2500 (9)
    assert unusual(100 - reach + 0.01, past, 2500, "up") is None
    found = unusual(50, past, 2500, "up")
    assert found is not None
    assert (found.side, found.usual) == ("low", 100)
    assert found.bound == pytest.approx(53.2981)
    assert unusual(200, past, 2500, "up") is None
    assert unusual(200, past, 2500, "down") == Unusual("high", 100, 100 + (100 - found.bound))


def test_chance_excuses_what_counts_little() -> None:
    """Of 36 a spread is a sixth, so 27 fewer are as chance has it; of 3600 the tenth of an even past holds."""
    assert unusual(10, [36.0] * 8, 36, "up") is None
    assert unusual(8, [36.0] * 8, 36, "up") == Unusual("low", 36, 9)
    assert unusual(0.50, [1.0] * 8, 3600, "up") == Unusual("low", 1, 0.55)
    assert unusual(0.56, [1.0] * 8, 3600, "up") is None
