"""The refresh: load every connected source side by side, build and test the models, publish if they hold."""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from flows import backfill, business_tables, definition, north_star, publish, tethered, transform
from flows.backfill import Backfill
from flows.one_at_a_time import alone
from flows.places import Places
from flows.private import private
from pipelines import deadline, load_log
from pipelines.connector import AccessRefused, BudgetSpent, ConnectorError, QuotaExhausted
from pipelines.deadline import Budget
from pipelines.load import LoadResult, add_tables, load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Published, Settings

OK, NOTHING_PUBLISHED, PARTIAL = 0, 1, 3  # exit codes
RETRY_DELAYS: list[float] = [5, 30]  # seconds; within a load the connector has already been patient with each call
Say = Callable[[str], None]


@dataclass
class SourceOutcome:
    """How one source fared."""

    source: str
    status: str  # loaded, partial where some of it could not be read, failed
    rows: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    quota: dict[str, str] = field(default_factory=dict)
    error: str = ""
    is_explained: bool = True  # the error is a message of ours, fit to be published


@dataclass
class Outcome:
    """What a refresh did; one line of `runs.jsonl`."""

    as_of: datetime
    through: date
    started_at: datetime
    sources: list[SourceOutcome] = field(default_factory=list)
    layers: dict[str, float] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    @property
    def exit_code(self) -> int:
        """0 all well, 1 nothing published, 3 published although a source, or a part of one, failed."""
        if not self.published:
            return NOTHING_PUBLISHED
        return OK if all(source.status == "loaded" for source in self.sources) else PARTIAL


def through_by_default(as_of: datetime, settings: Settings) -> date:
    """The last whole business day before an instant."""
    return as_of.astimezone(settings.business.zone).date() - timedelta(days=1)


def run_refresh(
    settings: Settings,
    places: Places,
    through: date,
    as_of: datetime,
    only: list[str],
    say: Say,
    again: Backfill | None = None,
    accepted: Collection[str] = (),
) -> Outcome:
    """Refresh alone, and leave a line in `runs.jsonl` whatever happens. With a backfill, that is all that is loaded.

    Of the `accepted` sources what is no longer there is deleted at once, however much it is.
    Raises `AlreadyRunning` when another refresh holds the data directory.
    """
    os.environ.setdefault("PREFECT_HOME", str(places.prefect.absolute()))
    tethered.tether_prefect()
    outcome = Outcome(as_of.astimezone(UTC), through, datetime.now(UTC))
    started = monotonic()
    with alone(places.data), private(places.data, places.marts.name):
        try:
            refresh(settings, places, outcome, only, say, again, accepted)
        except Exception as error:  # noqa: BLE001  whatever it was, it is told, logged and exits 1
            outcome.error = str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"
        outcome.seconds = round(monotonic() - started, 1)
        _log(places, outcome)
    return outcome


def _log(places: Places, outcome: Outcome) -> None:
    """One line more; a line that a killed run left half written stays a line of its own."""
    line = json.dumps(asdict(outcome) | {"exit_code": outcome.exit_code}, default=str) + "\n"
    with places.runs.open("a+b") as log:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - 1))
        if end and log.read(1) != b"\n":
            line = "\n" + line
        log.write(line.encode())


@flow(validate_parameters=False)
def refresh(
    settings: Settings,
    places: Places,
    outcome: Outcome,
    only: list[str],
    say: Say,
    again: Backfill | None,
    accepted: Collection[str],
) -> None:
    """Load what is connected, build the models layer by layer, publish, and show the result as artifacts."""
    business = settings.business
    asked = business.asked(outcome.through, outcome.as_of)
    north_star.check(settings)
    defined = definition.definition(settings)
    business_tables.write(places, settings, asked, defined)
    wanted = [name for name in settings.connected if not only or name in only]
    # Held open, so that no load meets the file while the last connection of another one is closing it.
    with load_log.connect(places.warehouse) as connection:
        for connector in CONNECTORS.values():
            add_tables(connection, connector)
        if again:
            own = Budget(again.source, business.source_seconds)
            loads = {again.source: load_again.submit(again, settings, places, asked, own)}
        else:
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


@task(
    task_run_name="load {name}",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=_may_help,
    cache_policy=NO_CACHE,
)
def load_source(name: str, settings: Settings, places: Places, asked: Asked, own: Budget) -> LoadResult:
    """One vendor into its raw tables, within its budget; a second try has what the first one left of it."""
    return deadline.supervised(
        own, lambda: load(CONNECTORS[name], settings.sources[name], places.warehouse, places.state, asked)
    )


@task(
    task_run_name="load {again.source} again",
    retries=len(RETRY_DELAYS),
    retry_delay_seconds=RETRY_DELAYS,
    retry_condition_fn=_may_help,
    cache_policy=NO_CACHE,
)
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
