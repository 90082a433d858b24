"""What the business wants, as rows: stages with what they show first, notes, and every version of every objective."""

from datetime import date
from typing import get_args

import duckdb

from flows.catalog import STAGES, kpis
from pipelines.objectives import MOST, Dashboard, Objective, Stage
from pipelines.settings import Settings

ENDED = ""  # what the settings say of an objective that they no longer have


def write(connection: duckdb.DuckDBPyConnection, settings: Settings, today: date) -> None:
    """Replace stages and notes; of objectives, add what is said since `today`, a business day."""
    _stages(connection, settings.dashboard)
    _annotations(connection, settings)
    _objectives(connection, settings.objectives, today)


def _stages(connection: duckdb.DuckDBPyConnection, dashboard: Dashboard) -> None:
    places = ", ".join(f"focus_{place + 1} varchar" for place in range(MOST))
    connection.execute(
        "create or replace table raw_parcours.stages "
        f"(stage varchar, position integer, label_fr varchar, label_en varchar, {places})"
    )
    for position, stage in enumerate(get_args(Stage), start=1):
        french, english = STAGES[stage]
        own = dashboard.stages.get(stage)
        focus = dashboard.focus.get(stage) or usual_focus(stage)
        connection.execute(
            "insert into raw_parcours.stages values (?, ?, ?, ?, ?, ?, ?)",
            [stage, position, own or french, own or english, *(focus + [None] * MOST)[:MOST]],
        )


def usual_focus(stage: str) -> list[str]:
    """What a stage shows first where the settings do not choose: as declared beside the KPIs."""
    declared = [(kpi.declared["focus"], kpi.kpi_id) for kpi in kpis() if kpi.stage == stage and "focus" in kpi.declared]
    return [kpi_id for _, kpi_id in sorted(declared)]


def _annotations(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """A row per KPI that a note belongs to; one without KPI where it belongs to all."""
    connection.execute("create or replace table raw_parcours.annotations (date_day date, text varchar, kpi_id varchar)")
    for note in settings.annotations:
        for kpi_id in note.kpis or (None,):
            connection.execute("insert into raw_parcours.annotations values (?, ?, ?)", [note.day, note.text, kpi_id])


def _objectives(connection: duckdb.DuckDBPyConnection, objectives: list[Objective], today: date) -> None:
    """A line where an objective says something else than on the last day before; the day's last word counts."""
    connection.execute("delete from raw_parcours.objective_versions where valid_from >= ?", [today])
    before = dict(
        connection.execute(
            "select objective_id, arg_max(said, valid_from) from raw_parcours.objective_versions group by objective_id"
        ).fetchall()
    )
    now = {one.id: one.model_dump_json(exclude={"id"}, exclude_none=True) for one in objectives}
    for name in sorted({*before, *now}):
        said = now.get(name, ENDED)
        if said != before.get(name, ENDED):
            connection.execute("insert into raw_parcours.objective_versions values (?, ?, ?)", [name, today, said])
