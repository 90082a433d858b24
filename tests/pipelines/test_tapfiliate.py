"""The Tapfiliate connector against its REST API, over a real socket."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.connector import AccessRefused
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.tapfiliate import CONNECTOR, TapfiliateOptions
from sandbox.events import Affiliate, Person, World
from sandbox.server import Running
from sandbox.vendors import tapfiliate as vendor
from tests.pipelines.vendors import First, Rows, Vendor, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 3, 2), date(2026, 3, 12)
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
TODAY = date(2026, 3, 13)
KEY = "SOURCES__TAPFILIATE__API_KEY"
PARTNERS = "/tapfiliate/1.6/programs/partenaires/affiliates/"
NUMBER = 51  # three pages of 25


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def small_world() -> World:
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


VENDOR = Vendor(CONNECTOR, TapfiliateOptions, small_world, NOW, FIRST_DAY)
pull = VENDOR.pull


def rows(folder: Path, query: str = "select id from affiliates order by 1") -> Rows:
    return VENDOR.rows(folder, query)


SHOWN = sorted([("left",), ("leaves",), *((f"pa{number:02}",) for number in range(NUMBER - 2))])


def test_everybody_in_every_programme_arrives_from_all_pages(first: First) -> None:
    assert rows(first.folder) == SHOWN
    assert first.result.rows == {"affiliates": NUMBER}
    assert first.log.pages() == {"/programs/": 1, "/programs/{program}/affiliates/": 3}
    assert rows(
        first.folder, "select program_id, approved, captured_on, created_at from affiliates where id = 'left'"
    ) == [("partenaires", False, TODAY, "2026-03-02T12:00:00+0000")]


def test_each_day_is_captured_once(served: Running, world: World, again: Path) -> None:
    pull(again)
    assert rows(again) == SHOWN
    world.affiliates[0] = replace(world.affiliates[0], removed_at=at(14))  # taken out of the programme
    VENDOR.pull_at(served, again, at(15, 9))
    query = "select captured_on, count(*), count(*) filter (where approved) from affiliates group by 1 order by 1"
    assert rows(again, query) == [(TODAY, NUMBER, NUMBER - 1), (date(2026, 3, 15), NUMBER, NUMBER - 2)]
    assert rows(again, "select captured_on from affiliates where id = 'pa00'") == [(TODAY,)]


def test_the_vendor_says_how_many_calls_are_left(first: First) -> None:
    assert first.result.quota == {"requests": "999 of 1000 left"}


def test_an_affiliate_of_two_programmes_is_two_rows(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


@pytest.mark.parametrize("key", ["f00dcafe", ""])
def test_a_wrong_key_is_refused_with_advice(served: Running, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(KEY, key)
    with pytest.raises(AccessRefused, match=f"Set {KEY}") as refused:
        CONNECTOR.check(TapfiliateOptions())
    assert "f00dcafe" not in str(refused.value)


def test_a_load_with_a_wrong_key_is_refused(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "f00dcafe")
    with pytest.raises(AccessRefused, match=f"Set {KEY}"):
        pull(tmp_path)


def test_a_new_field_does_no_harm_and_a_changed_type_is_refused(served: Running, again: Path) -> None:
    served.fault("/tapfiliate", "new_column", times=9)
    pull(again, at(13, 15))
    assert rows(again) == SHOWN
    assert VENDOR.later_fields(again, "affiliates") == ["loyalty_tier"]
    served.sandbox.faults.clear()
    served.fault(PARTNERS, "changed_type", times=9)
    with pytest.raises(RowRefused, match="tapfiliate: affiliates row 1: approved is a str that is no bool"):
        pull(again)


def test_an_approval_that_is_gone_is_refused(served: Running, again: Path) -> None:
    served.fault(PARTNERS, "missing_column", times=9)
    with pytest.raises(SchemaDrift, match="tapfiliate: affiliates row 1: the vendor no longer sends approved"):
        pull(again, at(14, 9))
    assert rows(again) == SHOWN


def test_no_name_and_no_address_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert b"partenaires" in found
    for private in (b"augusta", b"byron", b"mail.example", b"rue haute", b"sandbox-key"):
        assert private not in found


def test_check_names_the_programmes_and_what_the_options_get_wrong(served: Running) -> None:
    programmes = ["programme partenaires, Partenaires", "programme anciens, Anciens partenaires"]
    assert CONNECTOR.check(TapfiliateOptions(partner_programmes=["partenaires"])) == programmes
    assert CONNECTOR.check(TapfiliateOptions(partner_programmes=["p9"])) == [
        *programmes,
        "programme p9 does not exist: correct [sources.tapfiliate] partner_programmes",
    ]


def test_without_a_base_url_it_is_tapfiliate_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__TAPFILIATE__BASE_URL", raising=False)
    monkeypatch.setenv(KEY, "f00dcafe")
    [asked] = unsent(monkeypatch, lambda: pull(tmp_path))
    assert asked.url == "https://api.tapfiliate.com/1.6/programs/"
