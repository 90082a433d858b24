"""`parcours kpi`: the published KPIs as a table with sparklines, in a language, or as JSON or CSV. No arithmetic."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.choices import Format, GrainOrAuto, Language, Stage
from app.printing import new_table, print_csv, print_json
from app.stages import stage_names
from dashboard.locales import NOTHING, value_text
from dashboard.published import Ask, Rows, opened
from dashboard.words import word
from flows.places import Places

LAST = 99  # what is not in focus keeps the catalogue's order
BARS = "▁▂▃▄▅▆▇█"
SPARK_PERIODS = 14  # a year of months to compare with, and the one that is open
PERIOD_CHARACTERS = {"month": 7, "year": 4}  # of an ISO day; other periods are named by their first day
LABEL_WIDTH, VALUE_WIDTH = 30, 18  # the same in every stage, so that the tables line up
BESIDE_LABEL, BESIDE_BY = 88, 10  # what all other columns take, and the one that names each KPI's grain
NARROWEST_LABEL = 20  # a narrower terminal shows no history: the values must not be cut


@dataclass(frozen=True)
class Series:
    """One KPI at one grain: its catalogue row and its values, oldest first."""

    stage: str
    grain: str
    label: str
    rows: Rows


def show_kpis(
    places: Places, stage: Stage | None, grain: GrainOrAuto, output: Format, language: Language, console: Console
) -> None:
    """Print the KPIs of a stage, or of all."""
    with opened(places.marts) as ask:
        rows, stages = read_values(ask, stage, grain), stage_names(ask, language)
    if output == "json":
        print_json(rows)
    elif output == "csv":
        print_csv(rows, list(rows[0]) if rows else ["kpi_id"])
    else:
        show_tables(rows, grain, stages, language, console)


def read_values(ask: Ask, stage: str | None, grain: str) -> Rows:
    """The rows of `kpi_values` with the catalogue's labels, in its order; `auto` is each KPI at its cadence."""
    return ask(
        """
        select
            kpi_values.* replace (case when $stage = 'levers' then 'levers' else kpi_values.stage end as stage),
            kpi_catalog.label_en, kpi_catalog.label_fr, kpi_catalog.good,
            kpi_catalog.focus_position
        from marts.kpi_values
        join marts.kpi_catalog using (kpi_id)
        where kpi_values.grain = case when $grain <> 'auto' then $grain else
            case kpi_catalog.cadence when 'daily' then 'day' when 'weekly' then 'week' when 'monthly' then 'month' end
        end
        and coalesce(kpi_values.stage = $stage or ($stage = 'levers' and kpi_catalog.is_lever), true)
        order by kpi_catalog.position, kpi_values.period_start
        """,
        {"grain": grain, "stage": stage},
    )


def show_tables(rows: Rows, grain: str, stages: dict[str, str], language: str, console: Console) -> None:
    """A table per stage, its focus on top: the last complete period, the open one, and a sparkline of the past."""
    series = sorted(_series(rows, language), key=lambda one: one.rows[0]["focus_position"] or LAST)
    for stage, name in stages.items():
        of_stage = [one for one in series if one.stage == stage]
        if of_stage:
            _show_stage(name, grain, of_stage, language, console)
    details = f"[dim]{word('details', language)} select * from kpi_values[/dim]"
    console.print(f"~ {word('provisional means', language)}.   {details}")


def _show_stage(name: str, grain: str, series: list[Series], language: str, console: Console) -> None:
    has_grains = grain == "auto"
    label_width = min(LABEL_WIDTH, console.width - BESIDE_LABEL - BESIDE_BY * has_grains)
    is_wide = label_width >= NARROWEST_LABEL
    table = new_table(f"{escape(name)} {word(f'by {grain}', language)}")
    table.add_column(word("KPI", language), width=label_width if is_wide else None)
    for column in ("last complete", "so far"):
        title = word(column, language)
        table.add_column(title, justify="right", no_wrap=True, width=VALUE_WIDTH if is_wide else None)
        table.add_column("", style="dim", no_wrap=True)
    if has_grains:
        table.add_column(word("by", language), no_wrap=True)
    if is_wide:
        table.add_column(word("history", language), no_wrap=True, width=SPARK_PERIODS)
    for one in series:
        by = [word(one.grain, language)] if has_grains else []
        table.add_row(*[*_values(one, language), *by, _history(one)][: len(table.columns)])
    console.print(table)


def _series(rows: Rows, language: str) -> list[Series]:
    found: dict[tuple[str, str], Series] = {}
    for row in rows:
        key = (row["stage"], row["kpi_id"])
        series = found.setdefault(key, Series(row["stage"], row["grain"], row[f"label_{language}"], []))
        series.rows.append(row)
    return list(found.values())


def _values(one: Series, language: str) -> list[str]:
    """The label, then the last complete value and the open one, each with its period."""
    complete = [row for row in one.rows if row["is_complete"]]
    latest = one.rows[-1]
    if not latest["is_connected"]:
        return [escape(one.label), f"[dim]{word('not connected', language)}[/dim]", "", "", ""]
    return [
        escape(one.label),
        *_value_and_period(complete[-1] if complete else None, language),
        *_value_and_period(None if latest["is_complete"] else latest, language),
    ]


def _value_and_period(row: dict[str, Any] | None, language: str) -> list[str]:
    if row is None:
        return [NOTHING, ""]
    period = str(row["period_start"])[: PERIOD_CHARACTERS.get(row["grain"])]
    text = value_text(row["value"], row["unit"], language)
    return [f"{'~' if row['is_provisional'] and row['value'] is not None else ''}{text}", period]


def _history(one: Series) -> str:
    is_connected = one.rows[-1]["is_connected"]
    return sparkline([row["value"] for row in one.rows[-SPARK_PERIODS:]]) if is_connected else ""


def sparkline(values: list[float | None]) -> str:
    """Bars from the lowest to the highest value; a gap where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    top = len(BARS) - 1
    return "".join(" " if value is None else BARS[round((value - low) / span * top) if span else 0] for value in values)
