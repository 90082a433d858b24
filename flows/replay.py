"""dbt without dbt: what it ran for a layer is kept, and run again as it was while nothing that it was made of changes.

dbt takes about 60 ms of Python for each of its nodes, the statements themselves a tenth of that. They depend on the
project's files, on the versions of dbt and DuckDB, and on whether the layer's relations are there already; settings
are rows. Whatever does not go as it went is left to dbt, which then builds the layer and says what is wrong.
`PARCOURS_REPLAY=off` leaves everything to dbt.
"""

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb

from flows import definition
from flows.places import Places
from pipelines import load_log

ABRIDGED = 512  # of a statement that reads a seed dbt tells no more, and three dots

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Node:
    """One dbt node of a layer's run."""

    name: str
    status: str
    seconds: float
    message: str


@dataclass(frozen=True)
class Step:
    """What dbt ran for one node."""

    name: str
    relation: str  # schema.name; empty for a test
    message: str
    fails_as: str  # of a test: ERROR or WARN
    warns_if: str
    statements: list[str]


class Recorder:
    """Listens to dbt's events: the statements of each node, in the order in which the nodes began."""

    def __init__(self) -> None:
        self.statements: dict[str, list[str]] = {}

    def __call__(self, event: Any) -> None:
        """Keep a statement; not what begins and ends a transaction: run again, each node is one."""
        if event.info.name == "SQLQuery" and event.data.sql not in ("BEGIN", "COMMIT"):
            self.statements.setdefault(event.data.node_info.unique_id, []).append(event.data.sql)

    def steps(self, results: list[Any]) -> list[Step]:
        """What was run for these results; the schemas, which no node makes, first."""
        by_node = {one.node.unique_id: one for one in results}
        first = Step("", "", "", "", "", self._changing(""))
        return [first, *(self._step(by_node[node]) for node in self.statements if node in by_node)]

    def _step(self, result: Any) -> Step:
        node, message = result.node, result.message or ""
        if node.resource_type == "test":
            counts = self.statements[node.unique_id][-1:]
            return Step(node.name, "", message, node.config.severity.upper(), node.config.warn_if, counts)
        return Step(node.name, f"{node.schema}.{node.alias}", message, "", "", self._changing(node.unique_id))

    def _changing(self, unique_id: str) -> list[str]:
        """Without what only looks around."""
        return [sql for one in self.statements.get(unique_id, ()) if not _only_asks(sql := _whole(one))]


def _whole(sql: str) -> str:
    return sql.removesuffix("...") if len(sql) < ABRIDGED else sql


def _only_asks(sql: str) -> bool:
    return all(one.type == duckdb.StatementType.SELECT for one in duckdb.extract_statements(sql))


def relations(places: Places) -> set[str]:
    """The tables and views that there are, as schema.name."""
    with load_log.connect(places.warehouse) as connection:
        return _relations(connection)


def keep(places: Places, layer: str, anew: bool, before: set[str], steps: list[Step]) -> None:
    """Keep what dbt ran to build a layer of which nothing was there before, or all of it."""
    if _fits(steps, before, anew):
        script = _script(places, layer, anew)
        places.dbt_ran.mkdir(parents=True, exist_ok=True)
        for old in script.parent.glob("*" + script.name.removeprefix(definition.of_project(places.models))):
            old.unlink()
        fresh = script.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps([asdict(step) for step in steps]), encoding="utf-8")
        os.replace(fresh, script)


def kept(places: Places, layer: str, anew: bool) -> list[Step]:
    """What dbt ran for a layer, as far as it was kept."""
    script = _script(places, layer, anew)
    return [Step(**step) for step in json.loads(script.read_text(encoding="utf-8"))] if script.exists() else []


def run(places: Places, layer: str, anew: bool) -> list[Node] | None:
    """Run what was kept for a layer; None where nothing fits, or where it does not go as it went."""
    if os.environ.get("PARCOURS_REPLAY") == "off" or not (steps := kept(places, layer, anew)):
        return None
    with load_log.connect(places.warehouse) as connection:
        if not _fits(steps, _relations(connection), anew):
            return None
        try:
            return [_done(connection, step) for step in steps][1:]
        except (duckdb.Error, _Found) as error:
            log.warning("dbt builds %s, since what it ran before does not go as it did: %s", layer, error)
            return None


class _Found(Exception):
    """A test fails."""


def _done(connection: duckdb.DuckDBPyConnection, step: Step) -> Node:
    started = monotonic()
    status, message = "success", step.message
    connection.execute("begin")
    try:
        for statement in step.statements:
            connection.execute(statement)
        if step.fails_as:
            status, message = _judged(step, connection.fetchall()[0])
        connection.execute("commit")
    except (duckdb.Error, _Found):
        connection.rollback()
        raise
    return Node(step.name, status, monotonic() - started, message)


def _judged(step: Step, counted: tuple[int, bool, bool]) -> tuple[str, str]:
    """A test's status and message, as dbt has them."""
    failures, should_warn, should_fail = counted
    if should_fail and step.fails_as == "ERROR":
        raise _Found(f"{step.name} found {failures}")
    if not should_warn:
        return "pass", ""
    results = "1 result" if failures == 1 else f"{failures} results"
    return "warn", f"Got {results}, configured to warn if {step.warns_if}"


def _relations(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        name
        for (name,) in connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema != 'main'"
        ).fetchall()
    }


def _fits(steps: list[Step], there: set[str], anew: bool) -> bool:
    made = {step.relation for step in steps if step.relation}
    return made.isdisjoint(there) if anew else made <= there


def _script(places: Places, layer: str, anew: bool) -> Path:
    kind = "first" if anew else "next"
    return places.dbt_ran / f"{definition.of_project(places.models)}-{layer}-{kind}.json"
