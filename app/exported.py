"""What an export holds: the KPIs of the asked grains with what they mean, all read from one published state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.stages import stage_names
from dashboard.published import Ask, Rows, opened

Row = dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """The stage tables, the KPIs' own values and flags, and the catalogue."""

    language: str
    stages: dict[str, str]  # their names
    business: Row
    catalog: Rows
    titles: dict[str, str]  # of the sources
    values: dict[str, dict[tuple[str, date], Row]]  # by KPI, then by grain and first day
    columns: dict[str, dict[str, str]]  # of each stage's table, in its order, with what is said of them
    rows: dict[str, Rows]  # of each stage's table

    def label(self, kpi: Row) -> str:
        """The KPI's name."""
        return str(kpi[f"label_{self.language}"])

    def definition(self, kpi: Row) -> str:
        """Its formula in words."""
        return str(kpi["definition_fr" if self.language == "fr" else "definition"])

    def of_stage(self, stage: str) -> Rows:
        """The KPIs that are shown with a stage; the levers are shown with their stage, too."""
        return [kpi for kpi in self.catalog if kpi["stage"] == stage or (stage == "levers" and kpi["is_lever"])]

    def latest(self, kpi: Row) -> Row:
        """The newest of its values; empty where there is none."""
        return next(reversed(self.values.get(kpi["kpi_id"], {}).values()), {})


def read_exported(marts: Path, grains: Sequence[str], language: str) -> Exported:
    """The grains come in the given order, each from its first period on."""
    with opened(marts) as ask:
        stages = stage_names(ask, language)
        columns = _columns(ask, stages)
        return Exported(
            language,
            stages,
            business=ask("from marts.dim_business")[0],
            catalog=ask("from marts.kpi_catalog order by position"),
            titles={row["source"]: row["title"] for row in ask("from marts.dim_sources")},
            values=_values(_periods(ask, "kpi_values", grains)),
            columns=columns,
            rows={stage: _periods(ask, f"kpi_{stage}", grains) for stage in columns},
        )


def _periods(ask: Ask, table: str, grains: Sequence[str]) -> Rows:
    return ask(
        f"from marts.{table} where list_contains($grains, grain) order by list_position($grains, grain), period_start",
        {"grains": list(grains)},
    )


def _values(rows: Rows) -> dict[str, dict[tuple[str, date], Row]]:
    found: dict[str, dict[tuple[str, date], Row]] = {}
    for row in rows:
        found.setdefault(row["kpi_id"], {})[row["grain"], row["period_start"]] = row
    return found


def _columns(ask: Ask, stages: dict[str, str]) -> dict[str, dict[str, str]]:
    query = (
        "select column_name, comment from duckdb_columns() "
        "where database_name = 'marts' and table_name = $table order by column_index"
    )
    found = {
        stage: {row["column_name"]: row["comment"] or "" for row in ask(query, {"table": f"kpi_{stage}"})}
        for stage in stages
    }
    return {stage: columns for stage, columns in found.items() if columns}
