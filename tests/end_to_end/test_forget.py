"""`parcours forget`: a business whose persons are told in `test_identity`, beside its twin that forgets nobody.

Zoé is in three tools and two shops, Fay has moved from address to address over two tools, Dora confirms once more in
April, after she was forgotten.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.forget import forget
from flows.places import Places
from pipelines.identity import email_key
from pipelines.settings import read_settings
from sandbox import events as e
from tests.end_to_end.small_business import Small, served
from tests.end_to_end.test_identity import FIRST, SECOND, SETTINGS, world
from tests.end_to_end.test_privacy import everything_written

FORGOTTEN = ("zoe.martin+x@gmail.com", "fay@one.example", "dora@new.example")
ADDRESSES = (
    *("zoemartin@gmail.com", "fay@one.example", "fay@two.example", "fay@three.example"),
    *("dora@old.example", "dora@new.example"),
)
pytestmark = pytest.mark.slow  # each forgetting builds all models

COMES_BACK = datetime(2026, 4, 3, 10, tzinfo=UTC)
# three usual mornings, and one a week after the last deep re-read
LATER = tuple((SECOND[0] + timedelta(days=days), SECOND[1] + timedelta(days=days)) for days in (1, 2, 5, 9))


def with_april() -> e.World:
    known = world()
    again = e.ContactEvent("brevo dora@old.example", "confirm", COMES_BACK)
    return replace(known, last_day=date(2026, 4, 20), contact_events=[*known.contact_events, again])


@pytest.fixture(scope="module")
def businesses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Small, Small, dict[str, Any]]]:
    """One that forgets, its twin, and what was seen of the first one on the way."""
    folder = tmp_path_factory.mktemp("forget")
    with served(with_april(), FIRST[0]) as vendors:
        twin = Small(vendors, folder / "twin", SETTINGS)
        twin.refresh(*FIRST)
        twin.refresh(*SECOND)
        twin.copied(folder / "as it was")
        small = twin.copied(folder / "small")
        shutil.copy(small.places.warehouse, small.places.data / "warehouse.version-1.duckdb")
        settings = read_settings(small.folder / "parcours.toml")
        seen: dict[str, Any] = {"before": values(small), "found before": found_in(small.places)}
        seen["reported"] = [
            forget(small.places, settings, one, SECOND[0], seen.setdefault("said", []).append).rows for one in FORGOTTEN
        ]
        seen |= {"after": values(small), "found after": found_in(small.places)}
        for number, when in enumerate(LATER):
            twin.refresh(*when)
            small.refresh(*when)
            seen[f"twin {number}"], seen[f"reread {number}"] = values(twin), values(small)
            seen[f"found {number}"] = found_in(small.places, look_for_dora=when[1] < COMES_BACK.date())
        yield twin, small, seen


def values(small: Small) -> list[tuple[Any, ...]]:
    """Every published value of a period that is over by the end of March."""
    return small.rows(
        "select grain, period_start, kpi_id, value, numerator, denominator from kpi_values "
        "where period_start < '2026-03-30' and grain in ('day', 'week', 'month') order by all"
    )


def found_in(places: Places, look_for_dora: bool = True) -> set[str]:
    """The files that hold what a person is known by, read as bytes and, of databases, by SQL too."""
    wanted = [email_key(one) for one in ADDRESSES if look_for_dora or not one.startswith("dora")]
    found = {name for name, text in everything_written(places) if any(one in text for one in wanted)}
    for path in places.data.rglob("*"):
        if path.is_file() and any(one.encode() in path.read_bytes() for one in wanted):
            found.add(path.name)
    return found


def test_who_is_forgotten_was_there(businesses: tuple[Small, Small, dict[str, Any]]) -> None:
    seen = businesses[2]
    assert {"warehouse.duckdb", "marts.duckdb"} <= {name.split(":")[0] for name in seen["found before"]}


def test_each_table_is_reported_with_the_rows_that_were_the_persons(
    businesses: tuple[Small, Small, dict[str, Any]],
) -> None:
    zoe, fay, dora = businesses[2]["reported"]
    assert zoe == {
        "mailchimp.members": 1, "mailchimp.opt_ins": 1, "brevo.opt_ins": 1, "klaviyo.profiles": 1,
        "klaviyo.opt_in_events": 2, "shopify.orders": 1, "woocommerce.orders": 1,
    }  # fmt: skip
    assert fay == {"mailchimp.members": 2, "mailchimp.opt_ins": 2, "brevo.opt_ins": 2, "shopify.orders": 2}
    assert dora == {"brevo.opt_ins": 2}


def test_no_file_knows_who_was_forgotten(businesses: tuple[Small, Small, dict[str, Any]]) -> None:
    assert businesses[2]["found after"] == set()


def test_no_value_moves(businesses: tuple[Small, Small, dict[str, Any]]) -> None:
    seen = businesses[2]
    assert len(seen["before"]) > 100
    assert seen["after"] == seen["before"]


@pytest.mark.parametrize("number", range(len(LATER)))
def test_no_reread_brings_anybody_back(businesses: tuple[Small, Small, dict[str, Any]], number: int) -> None:
    seen = businesses[2]
    assert seen[f"found {number}"] == set()
    assert seen[f"reread {number}"] == seen[f"twin {number}"]


def test_the_last_reread_was_a_deep_one(businesses: tuple[Small, Small, dict[str, Any]]) -> None:
    with duckdb.connect(str(businesses[1].places.warehouse), read_only=True) as warehouse:
        kinds = warehouse.execute("select kind from raw_parcours.loads where as_of = ?", [LATER[-1][0]]).fetchall()
    assert ("deep",) in kinds


def test_who_opts_in_afterwards_counts_anew(businesses: tuple[Small, Small, dict[str, Any]]) -> None:
    twin, small, _ = businesses
    new = "select sum(new_prospects) from kpi_capture where grain = 'day' and period_start = '2026-04-03'"
    assert [one.rows(new)[0][0] or 0 for one in (twin, small)] == [0, 1]


KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from flows import forget
from flows.places import Places
from pipelines.settings import read_settings
where, name, now, folder = sys.argv[1:]
setattr(forget.forgotten if where == "forgotten" else forget, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
folder = Path(folder)
settings = read_settings(folder / "parcours.toml")
forget.forget(Places(folder / "data"), settings, sys.stdin.read(), datetime.fromisoformat(now), print)
"""


@pytest.mark.parametrize(("where", "name"), [("forgotten", "hide"), ("forget", "_rewrite"), ("forget", "_build")])
def test_what_was_killed_is_finished_by_the_next_run(
    businesses: tuple[Small, Small, dict[str, Any]], tmp_path: Path, where: str, name: str
) -> None:
    twin, _, seen = businesses
    small = replace(twin, folder=twin.folder.parent / "as it was").copied(tmp_path / "small")
    command = [sys.executable, "-c", KILLED, where, name, SECOND[0].isoformat(), str(small.folder)]
    assert subprocess.run(command, input="zoemartin@gmail.com", text=True, check=False).returncode == -signal.SIGKILL
    settings = read_settings(small.folder / "parcours.toml")
    assert forget(small.places, settings, "zoemartin@gmail.com", SECOND[0], print).is_known
    assert values(small) == seen["before"]
    zoe = email_key("zoemartin@gmail.com")
    assert [name for name, text in everything_written(small.places) if zoe in text] == []
