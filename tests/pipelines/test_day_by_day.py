"""Loads of day after day leave the raw tables that one load at the end leaves, whatever a vendor restates or deletes.

No models: this is fast enough to run per source. What only daily loads can hold is listed, table by table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows.places import PROJECT
from pipelines.deletions import AGAIN_AFTER
from pipelines.load import create_empty, load
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings
from sandbox.server import Running, running
from sandbox.world import generate
from tests.aiming import aimed

FIRST_DAY, LAST_DAY = date(2026, 8, 20), date(2026, 10, 1)
DAYS = 21  # of daily loads; the last of them is deep
EVERY = 7

# One of each kind of table; the others are slow: half a minute each.
ALWAYS = ("facebook_page", "mailchimp", "woocommerce")

# Raw tables that daily loads fill with what no later load can show, and why.
ONLY_DAILY: dict[str, str] = {
    "brevo.opt_ins": "an opt-in that was shown once stays when another, a new address or an erasure hides it",
    "klaviyo.profiles": "a consent that was shown once stays when another, a new address or an erasure hides it",
    "mailchimp.members": "who was deleted, alone or with a list, stays as they were last; no figure rests on them",
    "mailchimp.opt_ins": "an opt-in that was shown once stays when another, a new address or an erasure hides it",
}


@dataclass
class Daily:
    """One source loaded day by day, and once at the end."""

    by_days: Path
    at_once: Path
    rows: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def vendors() -> Iterator[Running]:
    with running(generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.4)) as found, aimed(found):
        yield found


@pytest.fixture(scope="module")
def settings() -> Settings:
    return read_settings(PROJECT / "examples" / "demo" / "parcours.toml", history_start=FIRST_DAY)


def evening(day: date) -> datetime:
    """Late enough that the vendors have shown the day."""
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=20)


@pytest.mark.parametrize(
    "source", [pytest.param(one, marks=[] if one in ALWAYS else [pytest.mark.slow]) for one in CONNECTORS]
)
def test_daily_loads_leave_what_one_load_leaves(
    source: str, vendors: Running, settings: Settings, tmp_path: Path
) -> None:
    connector, options = CONNECTORS[source], settings.sources[source]
    by_days, at_once = tmp_path / "by_days.duckdb", tmp_path / "at_once.duckdb"
    for day in (LAST_DAY - timedelta(days=back) for back in range(DAYS, -1, -1)):
        vendors.set_clock(evening(day))
        asked = settings.business.asked(day - timedelta(days=1), evening(day))
        load(connector, options, by_days, tmp_path / "dlt_by_days", asked)
    # what the last day deleted unusually much of is believed when it is seen again
    later = replace(asked, as_of=asked.as_of + AGAIN_AFTER)
    vendors.set_clock(later.as_of)
    load(connector, options, by_days, tmp_path / "dlt_by_days", later)
    load(connector, options, at_once, tmp_path / "dlt_at_once", later)
    for warehouse in (by_days, at_once):
        create_empty(connector, warehouse)
    different = {table: rows for table in connector.tables if (rows := _only_in_one(source, table, by_days, at_once))}
    expected = {table.split(".")[1] for table in ONLY_DAILY if table.startswith(f"{source}.")}
    snapshots = {name for name, table in connector.tables.items() if table.kind == "snapshots"}
    assert set(different) - snapshots == expected & set(different), different


def _only_in_one(source: str, table: str, one: Path, other: Path) -> list[str]:
    """Rows that one of the warehouses holds and the other does not, the first few with their origin."""
    columns = ", ".join(f'"{name}"' for name in CONNECTORS[source].tables[table].columns.names)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{one}' as daily (read_only); attach '{other}' as once (read_only)")
        chosen = [f"select {columns} from {file}.raw_{source}.{table}" for file in ("daily", "once")]
        found = connection.execute(
            f"""
            select 'daily' as file, * from ({chosen[0]} except all {chosen[1]})
            union all select 'once', * from ({chosen[1]} except all {chosen[0]})
            """
        ).fetchall()
    return [f"{len(found)} rows", *map(str, found[:6])] if found else []
