"""Writes the digest: a mail of what the published file says of the latest week or month, readable without images."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboard.cards import Card, card
from dashboard.facts import Facts, read_facts
from dashboard.health import sources
from dashboard.page import objectives
from dashboard.words import told, word

HERE = Path(__file__).parent


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
    known = [one for one in cards if one.is_known]
    subject = word(f"digest.title_{grain}", language, business=facts.business["business_name"])
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    html = environment.get_template("digest.html.j2").render(
        language=language,
        subject=subject,
        told=told,
        objectives=objectives(facts),
        moved={direction: [one for one in known if _direction(one) == direction] for direction in ("worse", "better")},
        unsure=[one for one in known if one.marks],
        sources=[one for one in sources(facts) if one.is_connected and not one.is_fresh],
    )
    return Digest(subject, html)


def _direction(one: Card) -> str:
    """Of the change from the period before."""
    return next((change.direction for change in one.changes if change.comparison == "previous_period"), "")
