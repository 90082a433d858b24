"""What a connector adds to its vendor's answers: `python -m bench.connectors [objects]` prints ratios.

So many of Stripe's charges and of Google Analytics' rows are loaded into an empty warehouse. The baseline of each is to
fetch and parse the same pages by the vendor's plain client and keep nothing. Each is measured in a process of its own,
after a load of one object, so that imports are not counted, and the vendor runs in another one.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe, get_context
from pathlib import Path
from zoneinfo import ZoneInfo

import requests
from google.analytics.data_v1beta import types

from bench.stub_vendors import FIRST_DAY, LAST_DAY, NOW, serve
from pipelines.connector import Connector, Options
from pipelines.load import load
from pipelines.plan import Asked
from pipelines.sources.google_analytics import CONNECTOR as GOOGLE_ANALYTICS
from pipelines.sources.google_analytics import GoogleAnalyticsOptions
from pipelines.sources.google_analytics.client import connect
from pipelines.sources.stripe import CONNECTOR as STRIPE
from pipelines.sources.stripe import StripeOptions

MEGABYTE = 1024  # kilobytes
PAGE_ROWS = 250_000  # of Google Analytics
ASKED = Asked(LAST_DAY, NOW, ZoneInfo("UTC"), FIRST_DAY)
SPAWN = get_context("spawn")


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and the most memory that the process took before and in all, in MB."""

    cpu: float
    before: int
    peak: int


def measured(prepare: Callable[[], object], does: Callable[[], int], objects: int) -> Cost:
    """What a call takes, of which it is known how many objects it gives."""
    prepare()
    before, started = peak(), time.process_time()
    given = does()
    cpu = time.process_time() - started
    if given != objects:
        raise SystemExit(f"{given:,} objects were read, not {objects:,}")
    return Cost(cpu, before, peak())


def peak() -> int:
    """The most memory that this process took, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEGABYTE


def loaded(connector: Connector, options: Options, table: str) -> int:
    """Load into an empty warehouse; gives how many rows the vendor gave of a table."""
    with tempfile.TemporaryDirectory() as folder:
        return load(connector, options, Path(folder) / "warehouse.duckdb", Path(folder) / "state", ASKED).rows[table]


def stripe(url: str, objects: int) -> Cost:
    """The connector."""

    def charges(objects: int) -> int:
        os.environ |= {"SOURCES__STRIPE__BASE_URL": f"{url}/{objects}", "SOURCES__STRIPE__API_KEY": "key"}
        return loaded(STRIPE, StripeOptions(), "charges")

    return measured(lambda: charges(1), lambda: charges(objects), objects)


def stripe_alone(url: str, objects: int) -> Cost:
    """The same pages by requests, which the connector asks by, too, and the parser of the standard library."""

    def charges(objects: int) -> int:
        session, asked, count, more = requests.Session(), {"limit": "100"}, 0, True
        while more:
            answer = session.get(f"{url}/{objects}/v1/charges", params=asked, timeout=60).json()
            count, more = count + len(answer["data"]), answer["has_more"]
            asked = asked | {"starting_after": answer["data"][-1]["id"]} if more else asked
        return count

    return measured(lambda: charges(1), lambda: charges(objects), objects)


def analytics(url: str, objects: int) -> Cost:
    """The connector."""

    def traffic(objects: int) -> int:
        os.environ["SOURCES__GOOGLE_ANALYTICS__BASE_URL"] = url
        name = str(objects)
        return loaded(
            GOOGLE_ANALYTICS,
            GoogleAnalyticsOptions(properties=[name], primary=name, page_rows=PAGE_ROWS),
            "traffic_by_day",
        )

    return measured(lambda: traffic(1), lambda: traffic(objects), objects)


def analytics_alone(url: str, objects: int) -> Cost:
    """The same report by the vendor's own client, its values read as text."""
    client = connect(url, None)

    def traffic(objects: int) -> int:
        request = types.RunReportRequest(
            property=f"properties/{objects}",
            dimensions=[
                types.Dimension(name=name) for name in ("date", "sessionSource", "sessionMedium", "sessionCampaignName")
            ],
            metrics=[types.Metric(name=name) for name in ("sessions", "totalUsers", "engagedSessions")],
            limit=PAGE_ROWS,
        )
        report = types.RunReportResponse.pb(client.run_report(request))
        rows = [[one.value for one in (*row.dimension_values, *row.metric_values)] for row in report.rows]
        return len(rows)

    return measured(lambda: traffic(1), lambda: traffic(objects), objects)


@contextmanager
def vendors() -> Iterator[tuple[str, str]]:
    """The stub vendors in a process of their own; gives their addresses."""
    here, there = Pipe()
    process = SPAWN.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()


def main(objects: int) -> None:
    """Measure, and print each ratio beside its baseline."""
    os.environ.setdefault("PARCOURS_IDENTITY_KEY", "a key for benchmarks only")
    with vendors() as (http, rpc), ProcessPoolExecutor(1, SPAWN, max_tasks_per_child=1) as fresh:
        for name, url, alone, connector in (
            ("Stripe", http, stripe_alone, stripe),
            ("Google Analytics", rpc, analytics_alone, analytics),
        ):
            base, cost = (fresh.submit(one, url, objects).result() for one in (alone, connector))
            print(
                f"{cost.cpu / base.cpu:5.2f} × {name}: {cost.cpu:.2f} CPU s against {base.cpu:.2f} of {objects:,} "
                f"objects fetched and parsed alone, {objects / cost.cpu:,.0f} objects per CPU s, {cost.peak} MB at "
                f"most ({cost.before} MB with one object loaded)"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
