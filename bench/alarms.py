"""How often the rule of unusual values cries wolf, and what it sleeps through: `python -m bench.alarms [seeds]`.

For each seed a shop of 120 days, of which the last 60 are watched: a weekly pattern, growth, a campaign, a Black
Friday, and chance. Then ten things that break, one at a time; what goes on through a Black Friday may be over on it,
and is told again. The baseline is what many would write: beyond three standard deviations of the last 28 days, on the
bad side.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random
from statistics import mean, median, stdev

from rich.console import Console
from rich.progress import track
from rich.table import Table

from flows.unusual import LEAST_PERIODS, PERIODS, unusual

DAYS, WATCHED_FROM = 120, 60
WEEK = (1.0, 1.1, 1.05, 1.0, 0.9, 0.5, 0.4)
CAMPAIGN, BLACK_FRIDAY = range(80, 87), range(102, 106)
HELD_BACK = 5  # seeds after the others, which the rule was never tuned on


@dataclass(frozen=True)
class Watched:
    """A KPI by day: what it counts, and what a calm day of it is made of."""

    name: str
    good: str
    usual: float
    campaign: float
    black_friday: float
    of: float = 0  # of a rate: how many it is a share of


KPIS = {
    one.name: one
    for one in (
        Watched("visitors", "up", 900, 1.5, 3),
        Watched("prospects", "up", 60, 1.5, 2),
        Watched("purchases", "up", 45, 1.2, 4),
        Watched("revenue", "up", 4000, 1.2, 3.5),
        Watched("tickets", "down", 50, 1.1, 1.3),
        Watched("cost_per_prospect", "down", 6, 1.1, 1.2, of=60),
        Watched("bounce_rate", "down", 0.4, 1.1, 1.05, of=900),
        Watched("unsubscribe_rate", "down", 0.05, 1.0, 1.2, of=1200),
    )
}
Broken = Callable[[int], float]  # days since it began → what remains of the value
BROKEN: dict[str, tuple[str, Broken]] = {
    "the tag is gone, mended on the third day": ("visitors", lambda day: 0.1 if day < 3 else 1),
    "a consent banner halves what is seen, for good": ("visitors", lambda _: 0.45),
    "a form is broken for a day": ("prospects", lambda day: 0.0 if day == 0 else 1),
    "a form loses most, for a week": ("prospects", lambda day: 0.2 if day < 7 else 1),
    "the till is down for a day": ("purchases", lambda day: 0.05 if day == 0 else 1),
    "prices without their decimals": ("revenue", lambda day: 0.1 if day < 2 else 1),
    "tickets triple, for four days": ("tickets", lambda day: 3 if day < 4 else 1),
    "an ad set runs wild": ("cost_per_prospect", lambda day: 3 if day < 5 else 1),
    "the tag fires twice": ("bounce_rate", lambda day: 1.8 if day < 6 else 1),
    "a mail to the wrong list": ("unsubscribe_rate", lambda day: 4 if day == 0 else 1),
}


def days_of(kpi: Watched, seed: int) -> list[float]:
    """What each day counts, calm as it is."""
    random = Random(f"{kpi.name} {seed}")
    return [_day(kpi, day, random) for day in range(DAYS)]


def _day(kpi: Watched, day: int, random: Random) -> float:
    lifted = kpi.campaign if day in CAMPAIGN else kpi.black_friday if day in BLACK_FRIDAY else 1
    if kpi.of:  # a rate follows neither the week nor the growth
        return kpi.usual * lifted * random.gauss(1, max(0.06, _chance(kpi.usual, kpi.of)))
    expected = kpi.usual * 1.002**day * WEEK[day % 7] * lifted
    return max(0.0, expected * random.gauss(1, 0.08) + random.gauss(0, sqrt(expected)))


def _chance(share: float, of: float) -> float:
    return sqrt(max(1 - share, 0.0) / (share * of)) if share < 1 else 1 / sqrt(of)


def parcours(kpi: Watched, days: Sequence[float], day: int, is_known: bool) -> bool:
    """The rule of flows/unusual.py, over the past of the same weekday."""
    past = days[day % 7 : day : 7][-PERIODS:]
    volume = kpi.of or median(past)
    return len(past) >= LEAST_PERIODS and unusual(days[day], past, max(volume, 1), kpi.good, is_known) is not None


def deviations(kpi: Watched, days: Sequence[float], day: int, _is_known: bool) -> bool:
    """The baseline."""
    past = days[day - 28 : day]
    away = days[day] - mean(past)
    return (away if kpi.good == "down" else -away) > 3 * stdev(past)


Rule = Callable[[Watched, Sequence[float], int, bool], bool]


def told(rule: Rule, kpi: Watched, days: Sequence[float]) -> list[int]:
    """The days on which somebody is told: each incident once, when it begins."""
    begun, is_known = [], False
    for day in range(WATCHED_FROM, DAYS):
        before, is_known = is_known, rule(kpi, days, day, is_known)
        begun += [day] if is_known and not before else []
    return begun


def calm_alarms(rule: Rule, seeds: range) -> dict[str, int]:
    """KPI → how often somebody is told though nothing breaks."""
    return {name: sum(len(told(rule, kpi, days_of(kpi, seed))) for seed in seeds) for name, kpi in KPIS.items()}


def broken_told(rule: Rule, seeds: range, what: str) -> tuple[int, int, float]:
    """Of so many seeds: told at all, told exactly once, and the mean of days until it was."""
    name, remains = BROKEN[what]
    kpi, once, waited = KPIS[name], 0, []
    for seed in seeds:
        calm, began = days_of(kpi, seed), Random(f"{what} {seed}").randrange(WATCHED_FROM + 2, DAYS - 10)
        days = [value * remains(day - began) if day >= began else value for day, value in enumerate(calm)]
        new = [day for day in told(rule, kpi, days) if day >= began and day not in told(rule, kpi, calm)]
        once += len(new) == 1
        waited += [new[0] - began] if new else []
    return len(waited), once, mean(waited) if waited else float("nan")


def main() -> None:
    """Print both tables."""
    tuned = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    console, rules = Console(), {"Parcours": parcours, "3 deviations": deviations}
    for title, seeds in (("seeds", range(tuned)), ("held back", range(tuned, tuned + HELD_BACK))):
        calm = Table(title=f"Nothing breaks: alarms in {len(seeds)} × 60 days ({title})")
        broken = Table(title=f"Something breaks: told, told once, days until then; of {len(seeds)} ({title})")
        for table, first in ((calm, "KPI"), (broken, "what")):
            table.add_column(first)
            for name in rules:
                table.add_column(name, justify="right")
        alarms = {name: calm_alarms(rule, seeds) for name, rule in rules.items()}
        for kpi in KPIS:
            calm.add_row(f"{kpi}, good {KPIS[kpi].good}", *(str(alarms[name][kpi]) for name in rules))
        sums = [sum(alarms[name].values()) for name in rules]
        calm.add_row("all", *map(str, sums))
        for what in track(BROKEN, "breaking", console=Console(stderr=True)):
            found = [broken_told(rule, seeds, what) for rule in rules.values()]
            broken.add_row(what, *(f"{at_all}, {once}, {wait:.1f}" for at_all, once, wait in found))
        console.print(calm, broken)
        print(f"alarms while nothing breaks, Parcours : 3 deviations = {sums[0]} : {sums[1]}")


if __name__ == "__main__":
    main()
