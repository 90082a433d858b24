"""What the settings say of KPIs, held against the KPIs that there are: objectives, focus and notes."""

from collections.abc import Iterator
from difflib import get_close_matches

from flows.catalog import Kpi, kpis
from pipelines.connector import ConnectorError
from pipelines.objectives import Objective, Target
from pipelines.settings import Settings

NORTH_STAR = "north_star"


class BadObjective(ConnectorError):
    """The settings name a KPI that is none, or that does not fit; the message says where."""


def check(settings: Settings) -> None:
    """Refuse objectives, a focus or notes that do not fit the KPIs."""
    if wrong := list(faults(settings)):
        raise BadObjective("\n".join(wrong))


def faults(settings: Settings) -> Iterator[str]:
    """All that is wrong, each with the key that says it."""
    known = {kpi.kpi_id: kpi for kpi in kpis(settings.models)}
    for stage, named in settings.dashboard.focus.items():
        of_stage = [kpi.kpi_id for kpi in known.values() if kpi.stage == stage]
        yield from (unknown(f"dashboard.focus.{stage}", name, of_stage) for name in named if name not in of_stage)
    ids = [objective.id for objective in settings.objectives]
    for number, objective in enumerate(settings.objectives):
        key = f"objectives.{number}"
        if objective.id in ids[:number]:
            yield f"{key}.id: {objective.id!r} is that of an objective above; each needs its own"
        levers = [NORTH_STAR, *(kpi.kpi_id for kpi in known.values() if _is_lever(kpi))]
        if objective.serves not in levers:
            yield unknown(f"{key}.serves", objective.serves, levers)
        for place, target in enumerate(objective.kpis):
            yield from _of_target(f"{key}.kpis.{place}", target, objective, known)
    for number, note in enumerate(settings.annotations):
        yield from (unknown(f"annotations.{number}.kpis", name, list(known)) for name in note.kpis if name not in known)


def _of_target(key: str, target: Target, objective: Objective, known: dict[str, Kpi]) -> Iterator[str]:
    fitting = [kpi.kpi_id for kpi in known.values() if kpi.stage == objective.stage or _is_lever(kpi)]
    if target.kpi not in fitting:
        yield unknown(f"{key}.kpi", target.kpi, fitting, f"no KPI of {objective.stage} and no lever")
    elif target.per_period is not None and (kind := known[target.kpi].declared["class"]) != "additive":
        yield (
            f"{key}.per_period: {target.kpi} is {kind}: its periods cannot be added up; "
            "give start_value, start_day, target_value and target_day in its place"
        )


def unknown(key: str, name: str, known: list[str], what: str = "") -> str:
    """That a name is none of those known, with the nearest one where one is near."""
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"{key}: {name!r} is {what or 'not known'}; {meant}known are: {', '.join(known) or 'none'}"


def _is_lever(kpi: Kpi) -> bool:
    return bool(kpi.declared.get("is_lever"))
