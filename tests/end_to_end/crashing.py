"""A refresh in a process of its own that is killed at a named place: kill -9 leaves no time to tidy up.

python -m tests.end_to_end.crashing <data> <settings> <through> <as of> <where>; `hold` only holds the data directory.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dbt.task.run import ModelRunner
from dlt.load.load import Load

from flows import publish, replay, swapped
from flows.one_at_a_time import alone
from flows.places import Places
from flows.refresh import run_refresh
from pipelines import load_log, reading
from pipelines.settings import read_settings

Function = Callable[..., Any]
COMMENTS_WRITTEN = 100  # of the published file's, when the process dies in the copy


def die() -> None:
    """End this very process at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def after_a_batch_of_ads(batches: Function) -> Function:
    """Dies when Facebook's ads have given some rows and owe others."""

    def first_only(source: str, name: str, *rest: Any) -> Iterator[Any]:
        for batch in batches(source, name, *rest):
            yield batch
            if name == "ads_insights":
                die()

    return first_only


def between_tables_of_the_page(complete_jobs: Function) -> Function:
    """Dies when some of the Facebook page's tables are merged and others not."""

    def halfway(self: Load, load_id: str, jobs: Any, schema: Any) -> Any:
        remaining, finalized, exception = complete_jobs(self, load_id, jobs, schema)
        if "facebook_page" in schema.name and finalized and remaining:
            die()
        return remaining, finalized, exception

    return halfway


def when_the_shop_is_copied(complete_package: Function) -> Function:
    """Dies when all rows of the shop are in their tables, but dlt has not noted it."""

    def unless_files(self: Load, load_id: str, schema: Any, *rest: Any, **named: Any) -> None:
        if "woocommerce" in schema.name:
            die()
        complete_package(self, load_id, schema, *rest, **named)

    return unless_files


def before_mail_is_logged(record: Function) -> Function:
    """Dies when the mailing tool's rows are loaded and dlt has noted it, but the load log has not."""

    def unless_mail(connection: Any, connector: Any, *rest: Any) -> None:
        if connector.name == "mailchimp":
            die()
        record(connection, connector, *rest)

    return unless_mail


def when_orders_are_built(after_execute: Function) -> Function:
    """Dies when some of the facts are built and others not."""

    def unless_orders(self: ModelRunner, result: Any) -> None:
        if result.node.name == "fct_orders":
            die()
        after_execute(self, result)

    return unless_orders


def when_orders_are_run_again(done: Function) -> Function:
    """Dies when some of the facts are built without dbt and others not."""

    def unless_orders(connection: Any, step: replay.Step) -> replay.Node:
        if step.name == "fct_orders":
            die()
        node: replay.Node = done(connection, step)
        return node

    return unless_orders


def after(number: int) -> Callable[[Function], Function]:
    """Dies when it is called once more than so many times."""

    def counting(function: Function) -> Function:
        calls = iter(range(number))

        def counted(*arguments: Any) -> Any:
            if next(calls, None) is None:
                die()
            return function(*arguments)

        return counted

    return counting


# Where it dies: the function to replace, and with what.
PLACES: dict[str, tuple[Any, str, Callable[[Function], Function]]] = {
    "extract": (reading, "batches", after_a_batch_of_ads),
    "load, between tables": (Load, "complete_jobs", between_tables_of_the_page),
    "load, before dlt's bookkeeping": (Load, "complete_package", when_the_shop_is_copied),
    "load, before the load log": (load_log, "record", before_mail_is_logged),
    "dbt": (ModelRunner, "after_execute", when_orders_are_built),
    "what dbt ran": (replay, "_done", when_orders_are_run_again),
    "publish, in the copy": (publish, "_comment", after(COMMENTS_WRITTEN)),
    "publish, before the swap": (swapped, "_sync", after(0)),
    "publish, after the swap": (swapped, "_sync", after(1)),
}


def main(data: str, settings: str, through: str, as_of: str, where: str) -> None:
    """Refresh, and die where it was asked."""
    if where == "hold":
        with alone(Path(data)):
            print("held", flush=True)  # noqa: T201
            sys.stdin.read()
        return
    os.environ["PARCOURS_REPLAY"] = "off" if where == "dbt" else "on"
    owner, name, deadly = PLACES[where]
    setattr(owner, name, deadly(getattr(owner, name)))
    asked = date.fromisoformat(through), datetime.fromisoformat(as_of)
    outcome = run_refresh(read_settings(Path(settings)), Places(Path(data)), *asked, [], print)
    print(f"survived: {outcome}")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
