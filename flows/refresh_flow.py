"""The flow of a refresh: load every connected source side by side, build and test the models, publish if they hold."""

from collections.abc import Collection
from dataclasses import asdict, replace
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows import backfill, business_tables, definition, north_star, objectives, own_faults, publish, purge, transform
from flows.backfill import Backfill
from flows.places import Places
from flows.refresh import Outcome, Say, SourceOutcome
from pipelines import deadline, load_log, windows
from pipelines.connector import AccessRefused, BudgetSpent, ConnectorError, QuotaExhausted
from pipelines.deadline import Budget
from pipelines.load import LoadResult, add_tables, load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Published, Settings

RETRY_DELAYS: list[float] = [5, 30]  # seconds; within a load the connector has already been patient with each call


@flow(validate_parameters=False)
def refresh(
    settings: Settings,
    places: Places,
    outcome: Outcome,
    only: list[str],
    say: Say,
    again: Backfill | None,
    accepted: Collection[str],
    accepts_purge: bool,
) -> None:
    """Load what is connected, forget who has lapsed, build the models layer by layer, publish; show it as artifacts."""
    business = settings.business
    asked = business.asked(outcome.through, outcome.as_of)
    own_faults.check(settings.models)
    transform.check(places)
    north_star.check(settings)
    objectives.check(settings)
    defined = definition.definition(settings)
    business_tables.write(places, settings, asked, defined)
    # Held open, so that no load meets the file while the last connection of another one is closing it.
    with load_log.connect(places.warehouse) as connection:
        for connector in CONNECTORS.values():
            add_tables(connection, connector)
        if again:
            own = Budget(again.source, business.source_seconds)
            loads = {again.source: load_again.submit(again, settings, places, asked, own)}
        else:
            ended = [] if only else windows.ended(connection, settings)
            for name in ended:
                say(f"{name} {windows.told(settings.sources[name])}")
            wanted = [name for name in only or settings.connected if name not in ended]
            loads = {
                name: load_source.submit(
                    name,
                    settings,
                    places,
                    replace(asked, accepts_deletions=name in accepted),
                    Budget(name, business.source_seconds),
                )
                for name in wanted
            }
        for name, running in loads.items():
            outcome.sources.append(_outcome(name, running.result(raise_on_failure=False)))
            say(_told(outcome.sources[-1]))
    if not again:
        keep_outcomes(places, outcome)
    forget_lapsed(places, settings, outcome, accepts_purge, say)
    anew = definition.is_anew(places, defined)
    for layer in transform.LAYERS:
        if layer == transform.KPIS:
            answer_north_star(places, settings)
        result = build_layer(places, layer, anew)
        outcome.layers[layer] = round(result.seconds, 1)
        warned = "".join(f"\n  warning: {warning}" for warning in result.warnings)
        say(f"built {layer}: {len(result.nodes)} nodes in {result.seconds:.1f} s{warned}")
    definition.keep_build(places, defined, outcome.as_of)
    outcome.published = publish_marts(places, settings.published)
    say(f"published {len(outcome.published)} tables to {places.marts}")
    show_sources(outcome)


def _may_help(_task: Task[..., Any], _run: TaskRun, state: State) -> bool:
    """Asking again cannot help against a refused credential, a spent quota or a spent budget."""
    try:
        state.result()
    except (AccessRefused, BudgetSpent, QuotaExhausted):
        return False
    except Exception:  # noqa: BLE001  anything else may pass
        return True
    return False


PATIENCE: dict[str, Any] = {
    "retries": len(RETRY_DELAYS),
    "retry_delay_seconds": RETRY_DELAYS,
    "retry_condition_fn": _may_help,
    "cache_policy": NO_CACHE,
}


@task(task_run_name="load {name}", **PATIENCE)
def load_source(name: str, settings: Settings, places: Places, asked: Asked, own: Budget) -> LoadResult:
    """One vendor into its raw tables, within its budget; a second try has what the first one left of it."""
    return deadline.supervised(
        own, lambda: load(CONNECTORS[name], settings.sources[name], places.warehouse, places.state, asked)
    )


@task(task_run_name="load {again.source} again", **PATIENCE)
def load_again(again: Backfill, settings: Settings, places: Places, asked: Asked, own: Budget) -> LoadResult:
    """A range of one vendor's days into its raw tables, within its budget."""
    return deadline.supervised(own, lambda: backfill.load(again, settings, places, asked))


def keep_outcomes(places: Places, outcome: Outcome) -> None:
    """For `source_health`: a source that failed has no line in the load log."""
    with load_log.connect(places.warehouse) as connection:
        for one in outcome.sources:
            error = one.error if one.is_explained else "an unexpected error: see the end of data/runs.jsonl"
            load_log.record_outcome(
                connection, one.source, outcome.as_of, one.status, one.rows, one.warnings, one.quota, error
            )


@task(cache_policy=NO_CACHE)
def forget_lapsed(places: Places, settings: Settings, outcome: Outcome, accepts_purge: bool, say: Say) -> None:
    """Persons from whom nothing has come for long become nobody, where the settings say after how long."""
    purge.purge(places, settings, outcome, accepts_purge, say)


@task(task_run_name="build {layer}", cache_policy=NO_CACHE)
def build_layer(places: Places, layer: str, anew: bool) -> transform.LayerResult:
    """dbt's models and tests of one layer, each node in an artifact."""
    result = transform.build(places, layer, anew)
    create_table_artifact(key=layer.replace(".", "-"), table=[asdict(node) for node in result.nodes])
    return result


@task(cache_policy=NO_CACHE)
def answer_north_star(places: Places, settings: Settings) -> None:
    """The business's own query, over the facts of this refresh."""
    north_star.write(places, settings)


@task(cache_policy=NO_CACHE)
def publish_marts(places: Places, published: Published) -> list[str]:
    """The published file, swapped in whole."""
    return publish.publish(places, published)


@task(cache_policy=NO_CACHE)
def show_sources(outcome: Outcome) -> None:
    """How each source fared, as an artifact."""
    create_table_artifact(key="sources", table=[asdict(source) for source in outcome.sources])


def _outcome(name: str, result: LoadResult | Exception) -> SourceOutcome:
    if isinstance(result, LoadResult):
        rows = sum(result.rows.values())
        status = "partial" if result.refused else "loaded"
        return SourceOutcome(name, status, rows, round(result.seconds, 1), result.warnings, result.quota)
    return SourceOutcome(name, "failed", error=str(result), is_explained=isinstance(result, ConnectorError))


def _told(source: SourceOutcome) -> str:
    if source.status == "failed":
        return f"{source.source} failed, its KPIs keep their last data: {source.error}"
    warned = "".join(f"\n  warning: {warning}" for warning in source.warnings)
    how = "loaded in part" if source.status == "partial" else "loaded"
    return f"{how} {source.source}: {source.rows:,} rows in {source.seconds:.1f} s{warned}"
