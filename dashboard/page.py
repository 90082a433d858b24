"""Writes the page: one HTML file that asks nothing of anybody, from what the published file holds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup, escape

from dashboard import charts
from dashboard.cards import (
    GRAIN,
    Card,
    State,
    card,
    day_of,
    label,
    period_of,
    state_of,
    unit_of,
    value_of,
)
from dashboard.facts import Facts, Row, read_facts
from dashboard.health import Source, sources
from dashboard.locales import instant_text
from dashboard.opened import packed
from dashboard.sparklines import sparkline
from dashboard.templates import environment
from dashboard.words import Both, both, told

HERE = Path(__file__).parent
WORDED_UNIT = re.compile(r"(\d)\u00a0([^\W\d]{3}.*)$")


@dataclass(frozen=True)
class Stage:
    """A column of the journey: its focus cards, and the other KPIs one step away."""

    stage: str
    position: int
    name: Both
    focus: list[Card]
    others: list[Card]


@dataclass(frozen=True)
class Measured:
    """A KPI that follows an objective: where it stands, and its way."""

    kpi_id: str
    text: Both
    path: Both
    state: State
    is_known: bool
    is_provisional: bool


@dataclass(frozen=True)
class Objective:
    """What a stage wants to reach."""

    stage: Both
    sentence: str
    serves: Both
    people: list[Both]
    review: Both
    is_overdue: bool
    measured: list[Measured]


def page(marts: Path, kept: Path, language: str = "") -> str:
    """The page of a published file, as HTML; in the settings' language where none is said.

    What takes long to make and does not change is kept in a folder.
    """
    facts = read_facts(marts)
    return render(facts, charts.packed(kept), language or facts.business["language"])


def render(facts: Facts, drawing: str, language: str) -> str:
    """The page with the packed library that draws; it opens in a language, and switches to the other in place."""
    by_id = {kpi["kpi_id"]: kpi for kpi in facts.catalog}
    found = sources(facts)
    cards = {kpi_id: card(facts, kpi) for kpi_id, kpi in by_id.items()}
    sparks = {
        kpi_id: sparkline(facts.values[kpi_id, GRAIN], facts.targets.get((kpi_id, GRAIN), {})) for kpi_id in by_id
    }
    return _template().render(
        language=language,
        business=facts.business["business_name"],
        as_of=_as_of(facts),
        refreshed_at=facts.business["as_of"].isoformat(),
        freshness=_freshness(found),
        levers=[cards[kpi["kpi_id"]] for kpi in facts.catalog if kpi["is_lever"]] + [cards["north_star"]],
        stages=list(_stages(facts, cards)),
        cards=cards,
        sparks=sparks,
        objectives=objectives(facts),
        sources=found,
        style=Markup((HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704  ours
        script=Markup((HERE / "page.js").read_text(encoding="utf-8")),  # noqa: S704  ours
        packed=Markup(packed(facts)),  # noqa: S704  base64
        charts=Markup(drawing),  # noqa: S704  base64
    )


def _stages(facts: Facts, cards: dict[str, Card]) -> Iterator[Stage]:
    for stage in facts.stages:
        own = [kpi for kpi in facts.catalog if kpi["stage"] == stage["stage"]]
        focus = sorted((kpi for kpi in own if kpi["focus_position"]), key=lambda kpi: kpi["focus_position"])
        yield Stage(
            stage["stage"],
            stage["position"],
            label(stage),
            [cards[kpi["kpi_id"]] for kpi in focus],
            [cards[kpi["kpi_id"]] for kpi in own if kpi not in focus],
        )


def _as_of(facts: Facts) -> Both:
    business = facts.business
    instant = both(lambda language: instant_text(business["as_of"], business["time_zone"], language))
    return told("page.as_of", day=day_of(business["through"]), instant=instant)


def _freshness(found: list[Source]) -> Both:
    connected = [source for source in found if source.is_connected]
    return told("page.fresh", fresh=sum(source.is_fresh for source in connected), connected=len(connected))


def objectives(facts: Facts) -> list[Objective]:
    """What is to be reached now."""
    by_id = {kpi["kpi_id"]: kpi for kpi in facts.catalog}
    return [_objective(facts, by_id, row) for row in facts.objectives]


def _objective(facts: Facts, by_id: dict[str, Row], row: Row) -> Objective:
    followed = [one for one in facts.scorecard if one["objective_id"] == row["objective_id"]]
    stages = {stage["stage"]: label(stage) for stage in facts.stages}
    return Objective(
        stage=stages[row["stage"]],
        sentence=row["sentence"],
        serves=told("objective.serves", kpi=label(by_id[row["serves"]])),
        people=_people(row),
        review=_review(followed[0]),
        is_overdue=any(one["is_review_overdue"] for one in followed),
        measured=[_measured(facts, by_id[one["kpi_id"]], one) for one in followed],
    )


def _people(row: Row) -> list[Both]:
    found = [told("objective.owner", owner=row["owner"])] if row["owner"] else []
    return found + ([told("objective.contributors", contributors=row["contributors"])] if row["contributors"] else [])


def _review(row: Row) -> Both:
    due = told(
        "objective.review_overdue" if row["is_review_overdue"] else "objective.review_due",
        day=day_of(row["review_due_on"]),
    )
    last = row["last_reviewed_on"]
    said = told("objective.reviewed", day=day_of(last)) if last else told("objective.never_reviewed")
    return both(lambda language: f"{due[language]}, {said[language]}")


def _measured(facts: Facts, kpi: Row, row: Row) -> Measured:
    unit = unit_of(facts, kpi["kpi_id"])
    named = label(kpi)
    if row["latest_value"] is None:
        text = told("change.sentence", kpi=named, period=told(f"status.{row['status']}"), value=value_of(None, unit))
    else:
        text = told(
            "objective.measured",
            kpi=named,
            value=value_of(row["latest_value"], unit),
            period=period_of({"grain": row["grain"], "period_start": row["latest_period_start"]}),
            expected=value_of(row["expected_value"], unit),
        )
    is_known = row["latest_value"] is not None
    return Measured(
        kpi["kpi_id"], text, _path(row, unit), state_of(facts, row), is_known, is_known and row["is_provisional"]
    )


def _path(row: Row, unit: str) -> Both:
    target, target_day = value_of(row["target_value"], unit), day_of(row["target_day"])
    if row["cumulated_over"]:
        return told("objective.per_period", target=target, target_day=target_day)
    start, start_day = value_of(row["start_value"], unit), day_of(row["start_day"])
    return told("objective.path", start=start, start_day=start_day, target=target, target_day=target_day)


@cache
def _template() -> Template:
    templates = environment()
    templates.filters["both"] = _in_both
    templates.filters["figure"] = _figure
    return templates.get_template("page.html.j2")


def _in_both(text: Both, as_html: Callable[[str], Markup] = escape) -> Markup:
    """A text in both languages, of which the page shows the one that is chosen."""
    if text.fr == text.en:
        return as_html(text.fr)
    return Markup('<span lang="fr">{}</span><span lang="en">{}</span>').format(as_html(text.fr), as_html(text.en))


def _figure(text: Both) -> Markup:
    """A value whose unit, where it is a word, is written smaller."""
    smaller = r"\1 <small>\2</small>"
    return _in_both(both(lambda language: WORDED_UNIT.sub(smaller, str(escape(text[language])))), Markup)
