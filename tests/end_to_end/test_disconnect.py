"""`parcours disconnect`: a business that has had a tool, an ad account and a list, beside a twin that never had.

Both keep Mailchimp's list l1 and the ad account 1001; Brevo, the account 1003 and the list l2 go from one. A third
business keeps all of them. What is connected again is asked anew.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from app.differences import differences
from app.disconnecting import disconnect
from flows import backup
from flows.disconnect import DisconnectRefused, found, prepared, text_without
from pipelines.disconnection import Part
from pipelines.settings import read_settings
from sandbox import events as e
from tests.end_to_end.small_business import Small, served
from tests.end_to_end.test_crash import RAW, rows_only_in_one
from tests.end_to_end.test_identity import at, contact

pytestmark = pytest.mark.slow  # each disconnecting builds all models

SETTINGS = """
[business]
name = "Ada"
history_start = 2026-03-02

# The letter
[sources.mailchimp]
lists = ["l1", "l2"]

[sources.brevo]
opt_in_attribute = "DATE_OPTIN"

# The ads
[sources.facebook_ads]
accounts = ["1001", "1003"]  # Paris, Tokyo
"""
WITHOUT = """
[business]
name = "Ada"
history_start = 2026-03-02

# The letter
[sources.mailchimp]
lists = ["l1"]

# The ads
[sources.facebook_ads]
accounts = ["1001"]  # Paris, Tokyo
"""
FIRST = at(16, 5), date(2026, 3, 15)
SECOND = at(31, 5), date(2026, 3, 30)
THIRD = at(31, 8), date(2026, 3, 30)
GONE = {"brevo": at(16, 8), "1003": at(16, 9), "mailchimp/l2": at(16, 10)}  # and when
# What was reported, found changed or tried, and when, is not what it would have been.
HISTORY = {"kpi_history", "kpi_reports", "kpi_revisions", "annotations", "fct_refreshes", "fct_slice_changes"}
CONTACTS = [
    contact("mailchimp", "ada@mail.example", 3),
    contact("mailchimp", "bob@mail.example", 10),
    contact("brevo", "bob@mail.example", 4),
    contact("brevo", "cyd@mail.example", 5),
    contact("brevo", "dan@mail.example", 20),
    contact("mailchimp", "eve@mail.example", 5),
    contact("mailchimp", "fay@mail.example", 21),
]
OF_L2 = ("mailchimp eve@mail.example", "mailchimp fay@mail.example")
ADS = (("1001", "Europe/Paris", 1405), ("1003", "Asia/Tokyo", 450))  # account, zone, cents that a day costs


def world() -> e.World:
    began = datetime(2026, 3, 1, 9, tzinfo=at(1).tzinfo)
    people = [one for one, _ in CONTACTS]
    return e.World(
        date(2026, 3, 2),
        date(2026, 3, 30),
        people=[e.Person(1, "", (), "Ada", "Byron", "", "", "FR")],
        mail_lists=[
            e.MailList(name, tool, "Letter", began)
            for name, tool in (("l1", "mailchimp"), ("l2", "mailchimp"), ("12", "brevo"))
        ],
        contacts=[replace(one, list_id="l2") if one.contact_id in OF_L2 else one for one in people],
        contact_events=[event for _, events in CONTACTS for event in events],
        mailings=[e.Mailing("7", "brevo", "12", "regular", None, None, "", at(8))],
        mail_sends=[e.MailSend(n, "7", one, at(8), "") for n, one in enumerate(("brevo bob@mail.example",))],
        ad_accounts=[e.AdAccount(name, name, "EUR", zone) for name, zone, _ in ADS],
        ad_campaigns=[
            e.AdCampaign(f"2{name}", name, "Ads", "OUTCOME_SALES", "ACTIVE", began, began) for name, *_ in ADS
        ],
        ad_sets=[e.AdSet(f"3{name}", f"2{name}", "Set", "ACTIVE", 1000, began, began) for name, *_ in ADS],
        ads=[e.Ad(f"4{name}", f"3{name}", "Ad", "ACTIVE", began, began) for name, *_ in ADS],
        ad_deliveries=[
            e.AdDelivery(f"4{name}", date(2026, 3, day), "FR", "facebook", at(day), 100, 9, 4, 90, cents)
            for name, _, cents in ADS
            for day in range(3, 29)
        ],
    )


def gone(small: Small, what: str, console: Console) -> None:
    """Disconnect it, with a backup beside the data."""
    path = small.folder / "parcours.toml"
    disconnect(what, small.places, path, GONE[what], small.folder, console)


def bytes_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "prefect" not in path.parts}


def values(small: Small) -> list[tuple[Any, ...]]:
    return small.rows("select * exclude (as_of) from kpi_values order by all")


@pytest.fixture(scope="module")
def businesses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Small, Small]]:
    """The one that keeps all and the one that never had it, after their first refresh."""
    folder = tmp_path_factory.mktemp("disconnect")
    with served(world(), FIRST[0]) as vendors:
        whole, twin = Small(vendors, folder / "whole", SETTINGS), Small(vendors, folder / "twin", WITHOUT)
        whole.refresh(*FIRST)
        twin.refresh(*FIRST)
        whole.copied(folder / "as it was")
        yield whole, twin


@pytest.fixture(scope="module")
def without_brevo(businesses: tuple[Small, Small]) -> tuple[Small, dict[str, Any]]:
    """The first one without Brevo, and what was seen on the way."""
    whole, _ = businesses
    folder, console = whole.folder.parent, Console(record=True, width=140)
    seen: dict[str, Any] = {}
    small = whole.copied(folder / "without brevo")
    path = small.folder / "parcours.toml"
    before = bytes_in(small.folder)
    disconnect("brevo", small.places, path, GONE["brevo"], None, console)
    seen["dry"] = before, bytes_in(small.folder), console.export_text()
    shutil.copy(small.places.marts, folder / "before.duckdb")
    seen["predicted"] = predicted(small, folder / "before.duckdb", "brevo")
    gone(small, "brevo", console)
    seen["happened"] = differences(folder / "before.duckdb", small.places.marts)
    return small, seen


@pytest.fixture(scope="module")
def seen(businesses: tuple[Small, Small], without_brevo: tuple[Small, dict[str, Any]]) -> dict[str, Any]:
    """What was seen of the two and of a third one, from which all goes, and to which it comes back."""
    whole, twin = businesses
    small = without_brevo[0].copied(whole.folder.parent / "small")
    seen: dict[str, Any] = {}
    gone(small, "1003", Console())
    gone(small, "mailchimp/l2", Console())
    small.settings = seen["settings"] = (small.folder / "parcours.toml").read_text(encoding="utf-8")
    seen["values"] = values(small), values(twin)
    small.refresh(*SECOND)
    twin.refresh(*SECOND)
    seen["only in one"] = rows_only_in_one(small.places.marts, twin.places.marts)
    seen["only in one, raw"] = rows_only_in_one(small.places.warehouse, twin.places.warehouse, RAW)
    whole.refresh(*SECOND)
    whole.refresh(*THIRD)
    small.settings = SETTINGS
    small.refresh(*THIRD)
    seen["connected again"] = values(small), values(whole)
    return seen


def predicted(small: Small, before: Path, what: str) -> list[dict[str, Any]]:
    """What differs between what is published and what is built apart."""
    path = small.folder / "parcours.toml"
    settings = read_settings(path)
    part = found(small.places, settings, what)
    assert part == Part(what)
    left = read_settings(path, instead=text_without(path.read_text(encoding="utf-8"), settings, part))
    with prepared(small.places, left, part, GONE[what]) as ready:
        return differences(before, ready.apart.marts)


def test_a_dry_run_writes_nothing_and_says_what_goes(without_brevo: tuple[Small, dict[str, Any]]) -> None:
    before, after, said = without_brevo[1]["dry"]
    assert after == before
    assert "raw_brevo.opt_ins" in said
    assert "Nothing was changed" in said
    # bob's opt-in of the 4th is then of the 10th, cyd's is gone: of ada, bob, cyd and eve three are left
    assert [line.split()[-2:] for line in said.splitlines() if " new_prospects " in line and " month " in line] == [
        ["4", "3"]
    ]


def test_what_is_predicted_is_what_happens(without_brevo: tuple[Small, dict[str, Any]]) -> None:
    seen = without_brevo[1]
    assert any(row["value_before"] != row["value_after"] for row in seen["predicted"])
    assert seen["happened"] == seen["predicted"]


def test_the_settings_stay_as_they_are_written_but_for_what_goes(seen: dict[str, Any]) -> None:
    assert seen["settings"] == WITHOUT


def test_at_once_each_value_is_that_of_a_business_that_never_had_it(seen: dict[str, Any]) -> None:
    small, twin = seen["values"]
    assert len(twin) > 500
    assert small == twin


def test_after_the_next_refresh_all_tables_are_those_of_a_business_that_never_had_it(seen: dict[str, Any]) -> None:
    assert {name: rows for name, rows in seen["only in one"].items() if name.removeprefix("main.") not in HISTORY} == {}
    assert seen["only in one, raw"] == {}


def test_what_was_reported_stays_and_the_revision_says_why_it_moved(
    without_brevo: tuple[Small, dict[str, Any]],
) -> None:
    small = without_brevo[0]
    month = "kpi_id = 'new_prospects' and grain = 'month' and period_start = '2026-03-01'"
    assert small.rows(f"select value_before, value_after, cause from kpi_revisions where {month}") == [
        (4, 3, "disconnected brevo")
    ]
    assert small.rows(f"select value, reported_from from kpi_history where {month} order by 2") == [
        (4, FIRST[0]),
        (3, GONE["brevo"]),
    ]


def test_the_backup_holds_what_went(without_brevo: tuple[Small, dict[str, Any]]) -> None:
    manifest = backup.read(without_brevo[0].folder / backup.name_at(GONE["brevo"]))
    assert manifest.has_settings
    assert manifest.tables["raw_brevo.opt_ins"] == 2  # bob's and cyd's


def test_what_is_connected_again_is_as_if_it_had_never_gone(seen: dict[str, Any]) -> None:
    small, whole = seen["connected again"]
    assert small == whole


KILLED = """
import os, signal, sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from rich.console import Console
from app import disconnecting
from flows import disconnect
from flows.places import Places
name, number, when, what, now, folder = sys.argv[1:]
function, calls = getattr(disconnect, name), iter(range(int(number)))
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def before(*arguments):
    if next(calls, None) is None:
        die()
    return function(*arguments)
@contextmanager
def after(*arguments):
    with function(*arguments) as given:
        yield given
    if next(calls, None) is None:
        die()
setattr(disconnect, name, before if when == "before" else after)
folder = Path(folder)
disconnecting.disconnect(
    what, Places(folder / "data"), folder / "parcours.toml", datetime.fromisoformat(now), folder, Console()
)
"""
PLACES = (
    ("publish", 0, "before"),  # when all is built apart
    ("swapped_in", 0, "before"),  # the settings
    ("publish", 1, "before"),
    ("write_page", 0, "before"),
    ("swapped_in", 1, "before"),  # the warehouse
    ("swapped_in", 1, "after"),
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: " ".join(map(str, place)))
def test_what_was_killed_is_finished_by_the_same_command(
    without_brevo: tuple[Small, dict[str, Any]], tmp_path: Path, place: tuple[str, int, str]
) -> None:
    undisturbed = without_brevo[0]
    small = replace(undisturbed, folder=undisturbed.folder.parent / "as it was").copied(tmp_path / "small")
    arguments = [*map(str, place), "brevo", GONE["brevo"].isoformat(), str(small.folder)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    gone(small, "brevo", Console())
    assert rows_only_in_one(small.places.marts, undisturbed.places.marts) == {}
    assert rows_only_in_one(small.places.warehouse, undisturbed.places.warehouse, f"{RAW}|raw_parcours") == {}
    assert (small.folder / "parcours.toml").read_bytes() == (undisturbed.folder / "parcours.toml").read_bytes()
    assert not (small.places.data / "disconnecting").exists()
    with duckdb.connect(str(small.places.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("select count(*) from raw_brevo.opt_ins").fetchall() == [(0,)]


OBJECTIVE = """
[[objectives]]
id = "cheaper"
stage = "capture"
sentence = "Each prospect for less than ten euros."
serves = "new_prospects"
owner = "Ada"

[[objectives.kpis]]
kpi = "cost_per_prospect"
start_value = 20
start_day = 2026-03-02
target_value = 10
target_day = 2026-12-31
"""


def test_what_an_objective_rests_on_alone_is_refused(businesses: tuple[Small, Small], tmp_path: Path) -> None:
    small = replace(businesses[0], folder=businesses[0].folder.parent / "as it was").copied(
        tmp_path / "small", SETTINGS
    )
    path = small.folder / "parcours.toml"
    path.write_text(SETTINGS + OBJECTIVE, encoding="utf-8")
    before = bytes_in(small.folder)
    with pytest.raises(DisconnectRefused, match="cheaper wants cost_per_prospect, which nothing else feeds: end or"):
        disconnect("facebook_ads", small.places, path, GONE["brevo"], small.folder, Console())
    assert bytes_in(small.folder) == before
