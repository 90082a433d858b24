"""Affiliates and partners: how many there were when we last looked."""

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
    return [(day, sum(exists(one.joined_at, one.left_at, as_of) for one in members)) for day, as_of in view.captures()]
