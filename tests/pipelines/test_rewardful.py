"""The Rewardful connector against its REST API, over a real socket."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.connector import AccessRefused
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources.rewardful import CONNECTOR, RewardfulOptions
from sandbox.events import Affiliate, Person, World
from sandbox.server import Running
from tests.pipelines.vendors import First, Rows, Vendor, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 3, 2), date(2026, 3, 12)
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
SECRET = "SOURCES__REWARDFUL__SECRET"
AFFILIATES = "/rewardful/v1/affiliates"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def small_world() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada@mail.example", (), "Augusta", "Byron", "", "", "FR")],
        affiliates=[
            *(Affiliate(f"af{one}", "affiliate", 1, "ada@mail.example", at(2 + one), None) for one in range(4)),
            Affiliate("left", "affiliate", 2, "bob@mail.example", at(2), at(9)),
            Affiliate("leaves", "affiliate", 2, "bob@mail.example", at(3), at(14)),
            Affiliate("late", "affiliate", 2, "bob@mail.example", at(14), None),
            Affiliate("pa1", "partner", 3, "cleo@mail.example", at(3), None),
        ],
    )


VENDOR = Vendor(CONNECTOR, lambda: RewardfulOptions(page_rows=2), small_world, NOW, FIRST_DAY)
pull = VENDOR.pull


def rows(folder: Path, columns: str = "id, state") -> Rows:
    return VENDOR.rows(folder, f"select {columns} from affiliates order by all")


SHOWN = [*((f"af{number}", "active") for number in range(4)), ("leaves", "active"), ("left", "disabled")]


def test_every_affiliate_arrives_from_all_pages(first: First) -> None:
    assert rows(first.folder) == SHOWN
    assert first.result.rows == {"affiliates": 6}
    asked = [dict(call.query) for call in first.requests()]
    assert [(call["page"], call["limit"]) for call in asked] == [("1", "2"), ("2", "2"), ("3", "2"), ("4", "2")]
    assert rows(first.folder, "captured_on, id, campaign__id, created_at")[0] == (
        date(2026, 3, 13), "af0", "rw-affiliates", "2026-03-02T12:00:00.000Z",
    )  # fmt: skip


def test_each_day_is_captured_once(served: Running, world: World, again: Path) -> None:
    pull(again)
    assert rows(again) == SHOWN
    world.affiliates[0] = replace(world.affiliates[0], removed_at=at(14))  # deleted at the vendor
    VENDOR.pull_at(served, again, at(15, 9))
    counts = "captured_on, count(*), count(*) filter (where state = 'active') from affiliates group by 1 order by 1"
    assert VENDOR.rows(again, f"select {counts}") == [(date(2026, 3, 13), 6, 5), (date(2026, 3, 15), 6, 4)]
    assert VENDOR.rows(again, "select captured_on from affiliates where id = 'af0'") == [(date(2026, 3, 13),)]


def test_a_wrong_secret_is_refused_with_advice(
    served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "f00dcafe")
    for refused_by in (lambda: pull(tmp_path), lambda: CONNECTOR.check(RewardfulOptions())):
        with pytest.raises(AccessRefused, match=f"Set {SECRET}") as refused:
            refused_by()
        assert "f00dcafe" not in str(refused.value)


def test_a_new_field_does_no_harm_and_a_changed_type_is_refused(served: Running, again: Path) -> None:
    served.fault(AFFILIATES, "new_column", times=4)
    pull(again, at(13, 15))
    assert rows(again) == SHOWN
    assert VENDOR.later_fields(again, "affiliates") == ["loyalty_tier"]
    served.fault(AFFILIATES, "changed_type", times=4)
    with pytest.raises(RowRefused, match="rewardful: affiliates row 1: campaign__id is a field of something else"):
        pull(again)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("missing_column", "the vendor no longer sends state"), ("renamed_enum", "state is 'enabled', and whether")],
)
def test_a_state_that_is_gone_or_unknown_is_refused(served: Running, again: Path, kind: str, said: str) -> None:
    served.fault(AFFILIATES, kind, times=9)
    with pytest.raises(SchemaDrift, match=f"rewardful: affiliates row 1: {said}"):
        pull(again, at(14, 9))
    assert rows(again) == SHOWN


def test_no_name_and_no_address_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert b"rw-affiliates" in found
    for private in (b"augusta", b"byron", b"mail.example", b"sandbox-secret"):
        assert private not in found


def test_check_names_the_campaigns_and_what_the_options_get_wrong(served: Running) -> None:
    campaign = "campaign rw-affiliates, Affiliés de la boutique"
    assert CONNECTOR.check(RewardfulOptions(partner_programmes=["rw-affiliates"])) == [campaign]
    assert CONNECTOR.check(RewardfulOptions(partner_programmes=["rw-9"])) == [
        campaign,
        "campaign rw-9 does not exist: correct [sources.rewardful] partner_programmes",
    ]


def test_without_a_base_url_it_is_rewardful_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__REWARDFUL__BASE_URL", raising=False)
    monkeypatch.setenv(SECRET, "f00dcafe")
    [asked] = unsent(monkeypatch, lambda: pull(tmp_path))
    assert str(asked.url).startswith("https://api.getrewardful.com/v1/affiliates?limit=2&")


def test_affiliates_are_staged(again: Path) -> None:
    with duckdb.connect(str(again / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update raw_rewardful.affiliates set state = 'suspicious' where id = 'af0'")
    stage(again, CONNECTOR)
    columns = "affiliate_id, programme_id, captured_on, is_enabled, joined_at"
    assert staged(again, "stg_rewardful__affiliates", columns) == [
        ("af0", "rw-affiliates", date(2026, 3, 13), False, at(2)),
        ("af1", "rw-affiliates", date(2026, 3, 13), True, at(3)),
        ("af2", "rw-affiliates", date(2026, 3, 13), True, at(4)),
        ("af3", "rw-affiliates", date(2026, 3, 13), True, at(5)),
        ("leaves", "rw-affiliates", date(2026, 3, 13), True, at(3)),
        ("left", "rw-affiliates", date(2026, 3, 13), False, at(2)),
    ]
