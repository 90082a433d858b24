"""`[privacy] prospects_months`: a business that keeps persons for a month, beside its twin that keeps them for ever.

Who has lapsed is worked out from the events of the world, whose persons each do one thing that decides.
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
from zoneinfo import ZoneInfo

import duckdb
import pytest

from flows.places import Places
from flows.refresh import PARTIAL, Outcome
from pipelines.identity import email_key
from sandbox import events as e
from tests.end_to_end.small_business import Small, served
from tests.end_to_end.test_identity import LISTS
from tests.end_to_end.test_identity import SETTINGS as TOOLS
from tests.end_to_end.test_privacy import everything_written

pytestmark = pytest.mark.slow  # each purge builds all models

SETTINGS = (
    TOOLS
    + """
[sources.typeform]
[[sources.typeform.forms]]
id = "npsForm1"
kind = "nps"
question = "score"
respondent = "email"
"""
)
FORGETFUL = SETTINGS + "[privacy]\nprospects_months = 1\n"
PARIS = ZoneInfo("Europe/Paris")


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


PEOPLE = ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal", "ida", "jon")
FIRST = at(3, 16, 5), date(2026, 3, 15)
PURGE = at(4, 6, 5), date(2026, 4, 5)  # who did nothing since 6 March is forgotten
COMES_BACK = at(4, 9)
# three usual mornings, and one a week after the last deep re-read
LATER = tuple((PURGE[0] + timedelta(days=days), PURGE[1] + timedelta(days=days)) for days in (1, 2, 5, 9))

OPTED_IN = {"ann": "klaviyo", "bob": "klaviyo", "cat": "klaviyo", "dan": "klaviyo"}
OPTED_IN |= {"eve": "brevo", "gus": "mailchimp", "hal": "brevo", "ida": "brevo"}


def address(name: str) -> str:
    return f"{name}@mail.example"


def person(name: str) -> int:
    return PEOPLE.index(name) + 1


def order(order_id: str, name: str, when: datetime, email: str = "") -> e.Order:
    return e.Order(
        order_id=order_id, shop_id="international" if order_id.startswith("S") else "boutique", customer_id=None,
        person_id=person(name), email=email or address(name), placed_at=when, paid_at=when, currency="EUR",
        is_tax_known=True, shipping=0, shipping_tax=0, tip=0, fee=0, is_test=False, voided_at=None, cancelled_at=None,
        opted_in=False, transaction_id="",
    )  # fmt: skip


def world() -> e.World:
    orders = [
        order("W1", "eve", at(3, 10)),
        order("S1", "fay", at(3, 4)),
        order("W2", "hal", at(4, 1), "hal@new.example"),
    ]
    confirmed = [e.ContactEvent(name, "confirm", at(3, 3)) for name in OPTED_IN]
    return e.World(
        date(2026, 3, 2),
        date(2026, 4, 20),
        people=[e.Person(person(name), address(name), (), name, "", "", "", "FR") for name in PEOPLE],
        mail_lists=[e.MailList(list_id, tool, "Letter", at(3, 1)) for tool, list_id in LISTS.items()],
        contacts=[
            e.Contact(name, tool, LISTS[tool], person(name), address(name), "subscriber", at(3, 3, 9))
            for name, tool in OPTED_IN.items()
        ],
        contact_events=[
            *confirmed,
            e.ContactEvent("hal", "change", at(3, 20), "hal@new.example"),
            e.ContactEvent("ida", "confirm", COMES_BACK),
        ],
        mailings=[
            e.Mailing(name, "klaviyo", LISTS["klaviyo"], "regular", None, None, "Spring", when)
            for name, when in (("C1", at(3, 4)), ("C2", at(4, 8)))
        ],
        mail_sends=[
            *(e.MailSend(person(name), "C1", name, at(3, 4), "") for name in ("ann", "bob", "cat", "dan")),
            e.MailSend(11, "C2", "ann", at(4, 8), ""),
        ],
        mail_opens=[
            *(e.MailOpen(person("ann"), when, when, False) for when in (at(3, 20), at(4, 1))),
            e.MailOpen(11, at(4, 8, 12), at(4, 8, 12), False),
        ],
        mail_clicks=[
            e.MailClick(person("bob"), at(3, 5, 23), at(3, 5, 23), False, "/"),  # midnight in Paris
            e.MailClick(person("cat"), at(3, 5, 22, 59), at(3, 5, 22, 59), False, "/"),
            e.MailClick(person("dan"), at(3, 20), at(3, 20), True, "/"),
        ],
        shops=[e.Shop("boutique", "Boutique", False), e.Shop("international", "International", False)],
        products=[e.Product("soap", "Soap", "product", 1000, None)],
        orders=orders,
        order_lines=[e.OrderLine(one.order_id, f"{one.order_id}-1", "soap", 1, 1000, 0, 0) for one in orders],
        answers=[
            e.Answer("A1", "nps", person("gus"), address("gus"), 9, "", at(3, 20)),
            e.Answer("A2", "nps", person("jon"), address("jon"), 3, "", at(3, 4)),
        ],
    )


def lapsed(known: e.World, as_of: datetime) -> set[str]:
    """Whose last act was before the day that is a month before: from events alone."""
    whose = {one.contact_id: one.person_id for one in known.contacts}
    sent_to = {one.send_id: whose[one.contact_id] for one in known.mail_sends}
    acts = [
        *((whose[one.contact_id], one.happened_at) for one in known.contact_events if one.kind == "confirm"),
        *((sent_to[one.send_id], one.happened_at) for one in known.mail_clicks if not one.by_bot),
        *((one.person_id, one.placed_at) for one in known.orders),
        *((one.person_id, one.happened_at) for one in known.answers),
    ]
    today = as_of.astimezone(PARIS).date()
    first_day = today.replace(month=today.month - 1)
    stay = {who for who, when in acts if when <= as_of and when.astimezone(PARIS).date() >= first_day}
    return {name for name in PEOPLE if person(name) not in stay}


def keys_of(name: str) -> list[str]:
    return [email_key(address(name)), *([email_key("hal@new.example")] if name == "hal" else [])]


def found_in(places: Places) -> set[str]:
    """Who is known by a hash of an address, or by Klaviyo's id, in any file: by its bytes, of databases by SQL too."""
    texts = [text for _, text in everything_written(places)]
    texts += [path.read_bytes().decode("latin-1") for path in places.data.rglob("*") if path.is_file()]
    return {name for name in PEOPLE if any(key in text for key in keys_of(name) for text in texts)}


def values(small: Small, until: str = "2099-01-01") -> list[tuple[Any, ...]]:
    return small.rows(
        "select grain, period_start, kpi_id, value, numerator, denominator from kpi_values "
        f"where period_start < '{until}' order by all"
    )


def settled(small: Small) -> list[tuple[Any, ...]]:
    """Values of periods that were over before anybody came back, and what changed in them since the purge."""
    known = [row for row in values(small, "2026-03-30") if row[0] in ("day", "week", "month")]
    changed = small.rows(
        "select kpi_id, grain, period_start, value_before, value_after, changed_at, cause from kpi_revisions "
        f"where changed_at > '{PURGE[0]}' and changed_at < '{COMES_BACK}' order by all"
    )
    return known + changed


def raw(small: Small) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the vendors' tables, and who is nobody."""
    with duckdb.connect(str(small.places.warehouse), read_only=True) as warehouse:
        tables = warehouse.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name like 'raw_%' "
            "and schema_name not like '%_staging' and table_name not like '_dlt%' "
            "and (schema_name != 'raw_parcours' or table_name in ('forgotten', 'nobodies', 'slices'))"
        ).fetchall()
        return {name: warehouse.execute(f"select * from {name} order by all").fetchall() for (name,) in tables}


@pytest.fixture(scope="module")
def businesses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Small, Small, dict[str, Any]]]:
    """One that forgets, its twin, and what was seen of the first one on the way."""
    folder = tmp_path_factory.mktemp("purge")
    with served(world(), FIRST[0]) as vendors:
        twin = Small(vendors, folder / "twin", SETTINGS)
        twin.refresh(*FIRST)
        twin.refresh(*PURGE)
        twin.copied(folder / "as it was")
        small = twin.copied(folder / "small", FORGETFUL)
        shutil.copy(small.places.warehouse, small.places.data / "warehouse.version-1.duckdb")
        (folder / "small" / "parcours-backup-2026-04-01T07-00Z.tar.zst").touch()
        seen: dict[str, Any] = {"before": values(small), "found before": found_in(small.places)}
        seen["refused"] = small.tried(*PURGE)
        seen |= {"after refusal": values(small), "found after refusal": found_in(small.places)}
        seen["accepted"] = small.tried(*PURGE, accepts_purge=True)
        seen |= {"after": values(small), "found after": found_in(small.places), "said": [*small.said]}
        seen["raw"] = raw(small)
        for number, when in enumerate(LATER):
            twin.refresh(*when)
            seen[f"outcome {number}"] = small.tried(*when)
            seen[f"twin {number}"], seen[f"reread {number}"] = settled(twin), settled(small)
            seen[f"found {number}"] = found_in(small.places)
        yield twin, small, seen


Businesses = tuple[Small, Small, dict[str, Any]]


def test_everybody_was_there(businesses: Businesses) -> None:
    assert businesses[2]["found before"] == set(PEOPLE)
    assert lapsed(world(), PURGE[0]) == {"ann", "cat", "dan", "fay", "ida", "jon"}


def test_more_than_half_is_refused_until_somebody_accepts_it(businesses: Businesses) -> None:
    seen = businesses[2]
    refused: Outcome = seen["refused"]
    assert refused.exit_code == PARTIAL
    assert refused.purged == 0
    assert refused.undelivered == [
        "nobody was forgotten: it would be 6 of 10 persons, whose last contact was before 2026-03-06 "
        "([privacy] prospects_months = 1), and nothing brings them back. Correct the setting, or if it is meant: "
        "parcours refresh --accept-purge"
    ]
    assert seen["found after refusal"] == set(PEOPLE)
    assert seen["after refusal"] == seen["before"]


def test_exactly_who_has_lapsed_is_in_no_file_any_more(businesses: Businesses) -> None:
    seen = businesses[2]
    assert seen["accepted"].exit_code == 0
    assert seen["accepted"].purged == 6
    assert set(PEOPLE) - seen["found after"] == lapsed(world(), PURGE[0])


def test_it_is_told_with_the_backups_that_hold_them(businesses: Businesses) -> None:
    said = "\n".join(businesses[2]["said"])
    assert "forgot 6 of 10 persons, whose last contact was before 2026-03-06 ([privacy] prospects_months = 1)" in said
    assert "warehouse.version-1.duckdb" in said
    assert "parcours-backup-2026-04-01T07-00Z.tar.zst. Delete it, or refresh after a restore." in said


def test_no_value_moves(businesses: Businesses) -> None:
    seen = businesses[2]
    assert len(seen["before"]) > 1000
    assert seen["after"] == seen["before"]


@pytest.mark.parametrize("number", range(len(LATER)))
def test_rereads_bring_nobody_back_and_later_mornings_forget_who_has_lapsed_since(
    businesses: Businesses, number: int
) -> None:
    """Ann, who still gets letters and opens them, stays nobody; Ida, who opts in again, is somebody."""
    seen = businesses[2]
    assert set(PEOPLE) - seen[f"found {number}"] == lapsed(world(), LATER[number][0])
    assert seen[f"outcome {number}"].exit_code == 0
    assert seen[f"reread {number}"] == seen[f"twin {number}"]


def test_the_boundary_moves_by_a_day(businesses: Businesses) -> None:
    assert "bob" in businesses[2]["found after"]
    assert "bob" not in businesses[2]["found 0"]


def test_the_last_reread_was_a_deep_one(businesses: Businesses) -> None:
    with duckdb.connect(str(businesses[1].places.warehouse), read_only=True) as warehouse:
        kinds = warehouse.execute("select kind from raw_parcours.loads where as_of = ?", [LATER[-1][0]]).fetchall()
    assert ("deep",) in kinds


def test_who_opts_in_again_counts_anew(businesses: Businesses) -> None:
    twin, small, _ = businesses
    new = "select sum(new_prospects) from kpi_capture where grain = 'day' and period_start = '2026-04-09'"
    assert [one.rows(new)[0][0] or 0 for one in (twin, small)] == [0, 1]


KILLED = """
import os, signal, sys
from datetime import date, datetime
from pathlib import Path
from flows import forget, transform
from flows.places import Places
from flows.refresh import run_refresh
from pipelines import forgotten
from pipelines.settings import read_settings
module, name, as_of, through, folder = sys.argv[1:]
setattr({"forget": forget, "forgotten": forgotten, "transform": transform}[module], name,
    lambda *_: os.kill(os.getpid(), signal.SIGKILL))
folder = Path(folder)
run_refresh(read_settings(folder / "parcours.toml"), Places(folder / "data"), date.fromisoformat(through),
    datetime.fromisoformat(as_of), [], print, accepts_purge=True)
"""


@pytest.mark.parametrize(
    ("module", "name"),
    [("forgotten", "hide"), ("forget", "hide"), ("forget", "clear"), ("forget", "_rewrite"), ("transform", "build")],
)
def test_what_was_killed_is_finished_by_the_next_refresh(
    businesses: Businesses, tmp_path: Path, module: str, name: str
) -> None:
    twin, _, seen = businesses
    small = replace(twin, folder=twin.folder.parent / "as it was").copied(tmp_path / "small", FORGETFUL)
    (small.folder / "parcours.toml").write_text(FORGETFUL)
    small.vendors.set_clock(PURGE[0])
    command = [sys.executable, "-c", KILLED, module, name, PURGE[0].isoformat(), PURGE[1].isoformat()]
    assert subprocess.run([*command, str(small.folder)], check=False).returncode == -signal.SIGKILL
    assert small.tried(*PURGE, accepts_purge=True).exit_code == 0
    assert values(small) == seen["before"]
    assert raw(small) == seen["raw"]
    assert set(PEOPLE) - found_in(small.places) == lapsed(world(), PURGE[0])
