"""Writes the digest: a mail of what the published file says of the latest week or month, readable without images."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from dashboard.cards import Card, Change, card
from dashboard.facts import Facts, read_facts
from dashboard.health import sources
from dashboard.page import objectives
from dashboard.templates import environment
from dashboard.words import Both, both, told, word

FRENCH_SPACE = re.compile("(?<=«) | (?=[:;!?»])")


@dataclass(frozen=True)
class Digest:
    """A mail: its subject, and its body as HTML."""

    subject: str
    html: str


def digest(marts: Path, grain: str, language: str = "") -> Digest:
    """Of the latest complete period of each KPI; in the settings' language where none is said."""
    facts = read_facts(marts)
    return render(facts, grain, language or facts.business["language"])


def render(facts: Facts, grain: str, language: str) -> Digest:
    """Objectives, what became worse and better than in the period before, and what is unsure."""
    cards = [card(facts, kpi, grain) for kpi in facts.catalog]
    known = [_moved(one) for one in cards if one.is_known]
    subject = word(f"digest.title_{grain}", language, business=facts.business["business_name"])
    html = (
        environment()
        .get_template("digest.html.j2")
        .render(
            language=language,
            subject=subject,
            objectives=objectives(facts),
            moved={
                direction: [one for one in known if _direction(one) == direction] for direction in ("worse", "better")
            },
            unsure=_unsure(known),
            sources=[one for one in sources(facts) if one.is_connected and not one.is_fresh],
        )
    )
    if language == "fr":
        return Digest(_unbroken(subject), _unbroken(html))
    return Digest(subject, html)


def _unsure(cards: list[Card]) -> dict[Both, list[Both]]:
    """Why to be careful, by the KPIs that it holds for; where those are most, the ones that are spared are named."""
    found: dict[Both, list[Both]] = {}
    for reason in dict.fromkeys(reason for one in cards for reason in _reasons(one)):
        found.setdefault(_named([one for one in cards if reason in _reasons(one)], cards), []).append(reason)
    return found


def _reasons(one: Card) -> list[Both]:
    """Of several that a mark means, the first announces the others."""
    return [reason for mark in one.marks for reason in mark.means[1:] or mark.means]


def _named(held: list[Card], cards: list[Card]) -> Both:
    spared = [one for one in cards if one not in held]
    if len(held) <= len(spared):
        return _listed(held)
    return told("digest.all_but", kpis=_listed(spared)) if spared else told("digest.all")


def _listed(cards: list[Card]) -> Both:
    return both(lambda language: ", ".join(one.label[language] for one in cards))


def _moved(one: Card) -> Card:
    """With only those changes that do not read as none, such as 0.0 pt."""
    return replace(one, changes=[change for change in one.changes if _is_seen(change)])


def _is_seen(change: Change) -> bool:
    return re.search("[1-9]", change.by.en) is not None


def _unbroken(french: str) -> str:
    """No line begins with a sign that a space parts from its word."""
    return FRENCH_SPACE.sub("\N{NARROW NO-BREAK SPACE}", french)


def _direction(one: Card) -> str:
    """Of the change from the period before."""
    return next((change.direction for change in one.changes if change.comparison == "previous_period"), "")
