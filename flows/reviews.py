"""Reviews of objectives: who looked at one says so, once; the next refresh publishes it."""

from datetime import datetime

import duckdb

from flows.objective_tables import ENDED
from flows.objectives import unknown
from flows.one_at_a_time import held
from flows.places import Places
from pipelines import migrations
from pipelines.connector import ConnectorError
from pipelines.opening import opened


class NoSuchObjective(ConnectorError):
    """A review names an objective that no refresh has seen, or that is over."""


def keep(places: Places, objective_id: str, note: str, reviewed_at: datetime) -> None:
    """Add a review to the warehouse, alone as a refresh is; another one at the same instant takes its place."""
    if not note.strip():
        raise ConnectorError("A review needs a note of what was found or decided: --note")
    if not places.warehouse.exists():
        raise ConnectorError(f"{places.warehouse} does not exist yet. Make it: parcours refresh")
    with held(places), opened(places.warehouse) as warehouse:
        migrations.is_behind(warehouse)  # what a newer program has written is left as it is
        known = _current(warehouse)
        if objective_id not in known:
            told = unknown("objective", objective_id, known, "no objective of the last refresh")
            raise NoSuchObjective(f"{told}. One written since is known after the next: parcours refresh")
        warehouse.execute("begin")
        warehouse.execute(
            "delete from raw_parcours.objective_reviews where objective_id = ? and reviewed_at = ?",
            [objective_id, reviewed_at],
        )
        warehouse.execute(
            "insert into raw_parcours.objective_reviews values (?, ?, ?)", [objective_id, reviewed_at, note.strip()]
        )
        warehouse.execute("commit")


def _current(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """The objectives in force; none in a warehouse of before there were any."""
    try:
        found = warehouse.execute(
            "select objective_id from raw_parcours.objective_versions group by objective_id "
            "having arg_max(said, valid_from) != ? order by objective_id",
            [ENDED],
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [name for (name,) in found]
