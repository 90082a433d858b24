"""The Tapfiliate connector against its REST API, over a real socket."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.connector import AccessRefused
from pipelines.load import LoadResult
from pipelines.plan import Asked
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.tapfiliate import CONNECTOR, TapfiliateOptions
from sandbox.events import Affiliate, Person, World
from sandbox.server import Running, running
from sandbox.vendors import tapfiliate as vendor
from tests.pipelines.loads import load_whole
from tests.pipelines.vendor_checks import first_address, later_fields
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 3, 2), date(2026, 3, 12)
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
TODAY = date(2026, 3, 13)
KEY = "SOURCES__TAPFILIATE__API_KEY"
PARTNERS = "/tapfiliate/1.6/programs/partenaires/affiliates/"
NUMBER = 51  # three pages of 25


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada@mail.example", (), "Augusta", "Byron", "", "Rue Haute", "FR")],
        affiliates=[
            *(Affiliate(f"pa{one:02}", "partner", 1, "ada@mail.example", at(3), None) for one in range(NUMBER - 2)),
            Affiliate("left", "partner", 2, "bob@mail.example", at(2), at(9)),
            Affiliate("leaves", "partner", 2, "bob@mail.example", at(4), at(14)),
            Affiliate("late", "partner", 2, "bob@mail.example", at(14), None),
            Affiliate("af1", "affiliate", 3, "cleo@mail.example", at(3), None),
        ],
    )


@pytest.fixture
def tapfiliate(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(world, NOW) as sandbox:
        monkeypatch.setenv("SOURCES__TAPFILIATE__BASE_URL", f"{sandbox.base_url}/tapfiliate")
        monkeypatch.setenv(KEY, "sandbox-key")
        yield sandbox


def pull(folder: Path, now: datetime = NOW) -> LoadResult:
    asked = Asked((now - timedelta(days=1)).date(), now, ZoneInfo("Europe/Paris"), FIRST_DAY)
    return load_whole(CONNECTOR, TapfiliateOptions(), folder / "warehouse.duckdb", folder / "state", asked)


def rows(folder: Path, query: str = "select id from affiliates order by 1") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set schema = 'raw_tapfiliate'")
        return warehouse.execute(query).fetchall()


SHOWN = sorted([("left",), ("leaves",), *((f"pa{number:02}",) for number in range(NUMBER - 2))])


def test_everybody_in_every_programme_arrives_from_all_pages(tapfiliate: Running, tmp_path: Path) -> None:
    result = pull(tmp_path)
    assert rows(tmp_path) == SHOWN
    assert result.rows == {"affiliates": NUMBER}
    assert tapfiliate.sandbox.requests.pages() == {"/programs/": 1, "/programs/{program}/affiliates/": 3}
    assert rows(tmp_path, "select program_id, approved, captured_on, created_at from affiliates where id = 'left'") == [
        ("partenaires", False, TODAY, "2026-03-02T12:00:00+0000")
    ]


def test_each_day_is_captured_once(tapfiliate: Running, world: World, tmp_path: Path) -> None:
    pull(tmp_path)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN
    world.affiliates[0] = replace(world.affiliates[0], removed_at=at(14))  # taken out of the programme
    tapfiliate.set_clock(at(15, 9))
    pull(tmp_path, at(15, 9))
    query = "select captured_on, count(*), count(*) filter (where approved) from affiliates group by 1 order by 1"
    assert rows(tmp_path, query) == [(TODAY, NUMBER, NUMBER - 1), (date(2026, 3, 15), NUMBER, NUMBER - 2)]
    assert rows(tmp_path, "select captured_on from affiliates where id = 'pa00'") == [(TODAY,)]


def test_the_vendor_says_how_many_calls_are_left(tapfiliate: Running, tmp_path: Path) -> None:
    assert pull(tmp_path).quota == {"requests": "999 of 1000 left"}


def test_an_affiliate_of_two_programmes_is_two_rows(
    tapfiliate: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vendor.affiliate_row

    def everywhere(one: Affiliate, person: Person | None, now: datetime, programme: str) -> dict[str, Any]:
        return whole(one, person, now, programme) | ({"approved": None} if one.affiliate_id == "pa00" else {})

    monkeypatch.setattr(vendor, "PROGRAMMES", {"partenaires": "Partenaires", "vip": "VIP"})
    monkeypatch.setattr(vendor, "FULL", ("partenaires", "vip"))
    monkeypatch.setattr(vendor, "affiliate_row", everywhere)
    pull(tmp_path)
    assert rows(tmp_path, "select program_id, count(*) from affiliates group by 1 order by 1") == [
        ("partenaires", NUMBER), ("vip", NUMBER),
    ]  # fmt: skip
    stage(tmp_path, CONNECTOR)
    columns = "affiliate_id, programme_id, captured_on, is_enabled, joined_at"
    some = staged(tmp_path, "stg_tapfiliate__affiliates", columns, "affiliate_id in ('left', 'pa00', 'pa01')")
    assert some == [
        ("left", "partenaires", TODAY, False, at(2)), ("left", "vip", TODAY, False, at(2)),
        ("pa00", "partenaires", TODAY, False, at(3)), ("pa00", "vip", TODAY, False, at(3)),  # waiting
        ("pa01", "partenaires", TODAY, True, at(3)), ("pa01", "vip", TODAY, True, at(3)),
    ]  # fmt: skip


def test_a_repeated_page_is_asked_for_again(tapfiliate: Running, tmp_path: Path) -> None:
    pull(tmp_path / "whole")
    tapfiliate.fault(PARTNERS, "repeat_page", after=1)
    pull(tmp_path / "repeated")
    assert rows(tmp_path / "repeated") == rows(tmp_path / "whole") != []


@pytest.mark.parametrize("kind", ["429", "500", "502_html", "reset", "truncated"])
def test_a_passing_fault_is_survived(tapfiliate: Running, tmp_path: Path, kind: str) -> None:
    tapfiliate.fault(PARTNERS, kind, times=2, after=1)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN


@pytest.mark.parametrize("key", ["f00dcafe", ""])
def test_a_wrong_key_is_refused_with_advice(tapfiliate: Running, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(AccessRefused, match=f"Set {KEY}") as refused:
        CONNECTOR.check(TapfiliateOptions())
    assert "f00dcafe" not in str(refused.value)


def test_a_load_with_a_wrong_key_is_refused(
    tapfiliate: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, "f00dcafe")
    with pytest.raises(AccessRefused, match=f"Set {KEY}"):
        pull(tmp_path)


def test_a_new_field_does_no_harm_and_a_changed_type_is_refused(tapfiliate: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    tapfiliate.fault("/tapfiliate", "new_column", times=9)
    pull(tmp_path, at(13, 15))
    assert rows(tmp_path) == SHOWN
    assert later_fields(tmp_path, "affiliates") == ["loyalty_tier"]
    tapfiliate.sandbox.faults.clear()
    tapfiliate.fault(PARTNERS, "changed_type", times=9)
    with pytest.raises(RowRefused, match="tapfiliate: affiliates row 1: approved is a str that is no bool"):
        pull(tmp_path)


def test_an_approval_that_is_gone_is_refused(tapfiliate: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    tapfiliate.fault(PARTNERS, "missing_column", times=9)
    with pytest.raises(SchemaDrift, match="tapfiliate: affiliates row 1: the vendor no longer sends approved"):
        pull(tmp_path, at(14, 9))
    assert rows(tmp_path) == SHOWN


def test_no_name_and_no_address_reaches_the_disk(tapfiliate: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"partenaires" in written
    for private in (b"Augusta", b"Byron", b"mail.example", b"Rue Haute", b"sandbox-key"):
        assert private not in written


def test_check_names_the_programmes_and_what_the_options_get_wrong(tapfiliate: Running) -> None:
    programmes = ["programme partenaires, Partenaires", "programme anciens, Anciens partenaires"]
    assert CONNECTOR.check(TapfiliateOptions(partner_programmes=["partenaires"])) == programmes
    assert CONNECTOR.check(TapfiliateOptions(partner_programmes=["p9"])) == [
        *programmes,
        "programme p9 does not exist: correct [sources.tapfiliate] partner_programmes",
    ]


def test_without_a_base_url_it_is_tapfiliate_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__TAPFILIATE__BASE_URL", raising=False)
    monkeypatch.setenv(KEY, "f00dcafe")
    address = first_address(monkeypatch, lambda: pull(tmp_path))
    assert address == "https://api.tapfiliate.com/1.6/programs/"
