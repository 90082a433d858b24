"""What the page says of each KPI before it is opened: value, period, state, changes, and what to be careful with."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboard.facts import Facts, Row
from dashboard.locales import change_text, day_text, period_text, value_text
from dashboard.words import Both, both, caveats_of, told, word

GRAIN = "month"  # of the page's cards; the opened KPI has all
WHOLE = ("previous_period", "last_year")  # what a complete period is compared with


@dataclass(frozen=True)
class Change:
    """What a value is compared with, in words; `direction` is better, worse, same, or empty."""

    comparison: str
    by: Both
    than: Both
    direction: str
    arrow: str


@dataclass(frozen=True)
class Mark:
    """A reservation about a value: a short name, and what it means when touched."""

    name: Both
    means: list[Both]


@dataclass(frozen=True)
class State:
    """How a KPI fares against its objective."""

    status: str
    name: Both
    text: Both


@dataclass(frozen=True)
class SoFar:
    """The open period: what it has come to, against as much of the one before."""

    period_start: date
    period: Both
    value: Both
    changes: list[Change]


@dataclass(frozen=True)
class Card:
    """One KPI at one grain."""

    kpi_id: str
    label: Both
    note: Both | None
    period_start: date | None
    value: Both
    period: Both
    is_known: bool
    changes: list[Change]
    so_far: SoFar | None
    marks: list[Mark]
    state: State | None


def card(facts: Facts, kpi: Row, grain: str = GRAIN) -> Card:
    """The latest complete period, and the one that is open."""
    rows = facts.values.get((kpi["kpi_id"], grain), [])
    latest = _latest(rows)
    opened = rows[-1] if rows and rows[-1] is not latest and rows[-1]["is_connected"] else None
    value, period, is_known = _headline(rows, latest)
    return Card(
        kpi_id=kpi["kpi_id"],
        label=label(kpi),
        note=_chosen(facts) if kpi["kpi_id"] == "north_star" else None,
        period_start=latest["period_start"] if latest else None,
        value=value,
        period=period,
        is_known=is_known,
        changes=changes(facts, latest, *WHOLE),
        so_far=_so_far(facts, opened) if opened else None,
        marks=_marks(facts, latest or opened),
        state=state(facts, kpi["kpi_id"]),
    )


def label(row: Row) -> Both:
    """The name of a KPI or a stage."""
    return Both(row["label_fr"], row["label_en"])


def _chosen(facts: Facts) -> Both:
    """What the business chose as its north star."""
    chosen = facts.business["north_star"]
    for kpi in facts.catalog:
        if kpi["kpi_id"] == chosen:
            return label(kpi)
    return told("page.active_customers" if chosen else "page.own_query")


def value_of(value: Any, unit: str) -> Both:
    """A value in its unit."""
    return both(lambda language: value_text(value, unit, language))


def day_of(day: date) -> Both:
    """A day."""
    return both(lambda language: day_text(day, language))


def period_of(row: Row) -> Both:
    """A period's name."""
    return both(lambda language: period_text(row["grain"], row["period_start"], language))


def _latest(rows: list[Row]) -> Row | None:
    """The newest of the periods that is complete."""
    return next((row for row in reversed(rows) if row["is_complete"]), None)


def _headline(rows: list[Row], latest: Row | None) -> tuple[Both, Both, bool]:
    if latest:
        value, period = value_of(latest["value"], latest["unit"]), period_of(latest)
        return value, period, latest["value"] is not None
    is_connected = bool(rows) and rows[-1]["is_connected"]
    return value_of(None, "count"), told("value.no_value" if is_connected else "value.not_connected"), False


def _so_far(facts: Facts, row: Row) -> SoFar:
    day = both(lambda language: day_text(row["last_day"], language, is_short=True))
    return SoFar(
        period_start=row["period_start"],
        period=told("value.so_far", day=day),
        value=value_of(row["value"], row["unit"]),
        changes=changes(facts, row, "previous_to_date"),
    )


def changes(facts: Facts, row: Row | None, *comparisons: str) -> list[Change]:
    """The comparisons of a period that there are."""
    found = facts.comparisons.get((row["kpi_id"], row["grain"], row["period_start"]), {}) if row else {}
    return [
        _change(row, found[comparison])
        for comparison in comparisons
        if row and comparison in found and found[comparison]["change"] is not None
    ]


def _change(row: Row, compared: Row) -> Change:
    # A part of a period begins where its whole does, and so is named by it.
    named = both(lambda language: period_text(row["grain"], compared["other_from"], language, is_short=True))
    than = told(f"change.than_{row['grain']}", period=named)
    if compared["comparison"].endswith("_to_date"):
        than = told("change.to_date", than=than)
    change, share, direction = compared["change"], compared["change_share"], compared["direction"]
    by = both(lambda language: change_text(change, share, row["unit"], language))
    arrow = "▲" if change > 0 else "▼" if change < 0 else "="
    return Change(
        compared["comparison"], told(f"change.{direction or 'plain'}", change=by), than, direction or "", arrow
    )


def _marks(facts: Facts, row: Row | None) -> list[Mark]:
    if row is None:
        return []
    found = []
    if row["is_complete"] and row["is_provisional"]:
        found.append(Mark(told("value.provisional"), [told("value.provisional_long")]))
    if row["missing_sources"]:
        named = ", ".join(titles(facts, row["missing_sources"]))
        found.append(Mark(told("value.missing"), [told("value.missing_long", sources=named)]))
    if row["caveats"]:
        found.append(
            Mark(told("value.caveats"), [told("value.caveats_long"), *caveats_of(row["caveats"], facts.titles)])
        )
    return found


def titles(facts: Facts, sources: str) -> list[str]:
    """The vendors' names of a list of sources."""
    return [facts.titles.get(source, source) for source in sources.split(", ") if source]


def state(facts: Facts, kpi_id: str) -> State | None:
    """Against the first objective that follows the KPI."""
    for row in facts.scorecard:
        if row["kpi_id"] == kpi_id:
            return state_of(facts, row)
    return None


def state_of(facts: Facts, row: Row) -> State:
    """A row of the scorecard in words."""
    name = told(f"status.{row['status']}")
    if row["expected_value"] is None:
        return State(row["status"], name, name)
    unit = unit_of(facts, row["kpi_id"])
    expected = value_of(row["expected_value"], unit)
    if row["grain"] == GRAIN and not row["cumulated_over"]:
        return State(row["status"], name, told("value.expected", status=name, expected=expected))
    # The card shows another value than the one that is judged.
    period = both(lambda language: period_text(row["grain"], row["latest_period_start"], language, is_short=True))
    judged = told(
        "value.cumulated" if row["cumulated_over"] else "value.judged",
        status=name,
        value=value_of(row["latest_value"], unit),
        period=period,
        expected=expected,
    )
    return State(row["status"], name, judged)


def unit_of(facts: Facts, kpi_id: str) -> str:
    """The unit of a KPI's values."""
    return str(facts.values[kpi_id, GRAIN][0]["unit"])


def sentence(facts: Facts, kpi: Row, grain: str) -> Both:
    """One KPI at one grain in a sentence."""
    rows = facts.values.get((kpi["kpi_id"], grain), [])
    latest = _latest(rows)
    value, period, _ = _headline(rows, latest)
    said = told("change.sentence", kpi=label(kpi), period=period, value=value)
    compared = changes(facts, latest, *WHOLE)

    def in_language(language: str) -> str:
        parts = [said[language], *(f"{change.by[language]} {change.than[language]}" for change in compared)]
        return word("list.and_then", language).join(parts) + "."

    return both(in_language)
