"""`kpi_comparisons` against truth: what each value is held against, both values, the change or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from sandbox.events import World
from sandbox.truth import Business, Key, Refresh, Value, earlier_periods, truth
from sandbox.truth.periods import days_between, local_day, periods
from tests.end_to_end.comparison import CLOSE, FED

COMPARISONS = ("previous_period", "last_year", "previous_to_date", "last_year_to_date")
TO_DATE = COMPARISONS[2:]
COLUMNS = "kpi_id, grain, period_start, comparison, value, other_from, other_through, other_value, change, reason"
At = tuple[str, str, date, str]  # KPI, grain, first day, comparison
FALLING = {"bounce_rate", "cart_abandonment_rate", "cost_per_prospect", "avg_days_to_first_purchase", "support_tickets"}


@dataclass(frozen=True)
class Row:
    """What is said of one comparison."""

    value: Any
    other_from: date | None
    other_through: date | None
    other_value: Any
    change: Any
    reason: str

    def is_as(self, other: "Row") -> bool:
        """Whether both say the same, figures to 1e-9 of the values."""
        size = max(abs(float(one)) for one in (self.value or 0, self.other_value or 0))
        for one, another in zip(self.__dict__.values(), other.__dict__.values(), strict=True):
            if isinstance(one, (str, date)) or isinstance(another, (str, date)) or None in (one, another):
                if one != another:
                    return False
            elif abs(float(one) - float(another)) > CLOSE * size:
                return False
        return True


def published_comparisons(database: Path, schema: str = "main") -> dict[At, Row]:
    """Every row of the table."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as published (read_only)")
        rows = connection.execute(f"select {COLUMNS} from published.{schema}.kpi_comparisons").fetchall()
    return {row[:4]: Row(*row[4:]) for row in rows}


def true_comparisons(
    world: World, refreshes: Sequence[Refresh], business: Business, database: Path, schema: str = "main"
) -> dict[At, Row]:
    """What the table must say; which days a KPI has loaded is taken from `kpi_values`, by day."""
    last = max(refreshes, key=lambda refresh: refresh.as_of)
    earlier = earlier_periods(business.history_start, last.through, business.week_start)
    values = truth(world, refreshes, business)
    values |= truth(world, refreshes, business, [one.other for one in earlier if one.other.grain != one.period.grain])
    loaded = _Loaded(database, schema)
    today = local_day(business.time_zone)(last.as_of)
    of_period = {(one.period, one.comparison): one for one in earlier}
    found = {}
    for period in periods(business.history_start, last.through, business.week_start):
        is_open = period.end > last.through
        for comparison in COMPARISONS if is_open and period.grain != "day" else COMPARISONS[:2]:
            one = of_period.get((period, comparison))
            for kpi in FED:
                value = _number(values, kpi, period.grain, period.start)
                other = _number(values, kpi, one.other.grain, one.other.start) if one else None
                days = (one.other.first, one.other.last) if one else (None, None)
                if one and one.other.start < business.history_start:
                    days = one.other.start, one.other.last
                window = max(pair.window_days for pair in business.upsells) if "upsell" in kpi else None
                window = business.prospect_window_days if kpi == "prospect_to_customer_rate" else window
                has_time = window is not None and period.last + timedelta(days=window) >= today
                reason = (
                    "open" if is_open and comparison not in TO_DATE
                    else "no earlier period" if one is None
                    else "incomplete" if not loaded.has(kpi, period.start, period.last)
                    else "earlier incomplete" if not loaded.has(kpi, one.other.start, one.other.last)
                    else "window open" if has_time
                    else "no value" if value is None
                    else "no earlier value" if other is None
                    else ""
                )  # fmt: skip
                change = value - other if not reason and value is not None and other is not None else None
                found[kpi, period.grain, period.start, comparison] = Row(value, days[0], days[1], other, change, reason)
    return found


class _Loaded:
    """The days that each KPI has complete, as its values by day say; of a stock the last one counts."""

    def __init__(self, database: Path, schema: str) -> None:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{database}' as published (read_only)")
            days = connection.execute(
                f"select kpi_id, period_start from published.{schema}.kpi_values where grain = 'day' and is_complete"
            ).fetchall()
            stocks = connection.execute(
                f"select kpi_id from published.{schema}.kpi_catalog where aggregation_class = 'snapshot'"
            ).fetchall()
        self.days, self.stocks = set(days), {kpi for (kpi,) in stocks}

    def has(self, kpi: str, first: date, last: date) -> bool:
        """All of these days."""
        return all((kpi, day) in self.days for day in ([last] if kpi in self.stocks else days_between(first, last)))


def _number(values: dict[Key, Value], kpi: str, grain: str, start: date) -> float | None:
    found = values.get(Key(kpi, grain, start))
    return None if found is None or found.value is None else float(found.value)


def wrong(published: dict[At, Row], true: dict[At, Row]) -> dict[At, tuple[Row | None, Row | None]]:
    """Where they differ: what is published, and what is true."""
    return {
        at: (published.get(at), true.get(at))
        for at in sorted({*published, *true})
        if at not in published or at not in true or not published[at].is_as(true[at])
    }


def told(found: dict[At, tuple[Row | None, Row | None]]) -> str:
    """How many differ by KPI, grain and comparison, with an example of each."""
    examples: dict[tuple[str, str, str], list[At]] = {}
    for at in found:
        examples.setdefault((at[0], at[1], at[3]), []).append(at)
    return "\n".join(f"{where}: {len(ats)} differ, e.g. {ats[0]} {found[ats[0]]}" for where, ats in examples.items())
