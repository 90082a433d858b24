"""Affiliates and partners: how many there were when we last looked."""

from datetime import datetime

from sandbox.events import Affiliate
from sandbox.truth.periods import Capture
from sandbox.truth.terms import Value
from sandbox.truth.view import Answers, View, exists, key

PROGRAMMES = {"affiliates": "affiliate", "partners": "partner"}


def ambassador_kpis(view: View) -> Answers:
    """The stock of each programme at the last capture of each period."""
    found: Answers = {}
    for kpi_id, programme in PROGRAMMES.items():
        captures = _captures(view, programme)
        found |= {key(kpi_id, period): Value(period.stock({programme: captures})) for period in view.periods}
    return found


def _captures(view: View, programme: str) -> list[Capture]:
    members = [one for one in view.world.affiliates if one.programme == programme]
    return [(day, sum(_is_enabled(one, as_of) for one in members)) for day, as_of in view.captures()]


def _is_enabled(one: Affiliate, instant: datetime) -> bool:
    """Neither left nor deleted by then."""
    return exists(one.joined_at, one.left_at, instant) and exists(one.joined_at, one.removed_at, instant)
