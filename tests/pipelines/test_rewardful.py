"""The Rewardful connector against its REST API, over a real socket."""

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
from pipelines.sources.rewardful import CONNECTOR, RewardfulOptions
from sandbox.events import Affiliate, Person, World
from sandbox.server import Running, running
from tests.pipelines.loads import load_whole
from tests.pipelines.vendor_checks import first_address, later_fields
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 3, 2), date(2026, 3, 12)
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
SECRET = "SOURCES__REWARDFUL__SECRET"
AFFILIATES = "/rewardful/v1/affiliates"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@pytest.fixture
def world() -> World:
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


@pytest.fixture
def rewardful(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(world, NOW) as sandbox:
        monkeypatch.setenv("SOURCES__REWARDFUL__BASE_URL", f"{sandbox.base_url}/rewardful")
        monkeypatch.setenv(SECRET, "sandbox-secret")
        yield sandbox


def pull(folder: Path, now: datetime = NOW) -> LoadResult:
    asked = Asked((now - timedelta(days=1)).date(), now, ZoneInfo("Europe/Paris"), FIRST_DAY)
    return load_whole(CONNECTOR, RewardfulOptions(page_rows=2), folder / "warehouse.duckdb", folder / "state", asked)


def rows(folder: Path, columns: str = "id, state") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(f"select {columns} from raw_rewardful.affiliates order by all").fetchall()


SHOWN = [*((f"af{number}", "active") for number in range(4)), ("leaves", "active"), ("left", "disabled")]


def test_every_affiliate_arrives_from_all_pages(rewardful: Running, tmp_path: Path) -> None:
    result = pull(tmp_path)
    assert rows(tmp_path) == SHOWN
    assert result.rows == {"affiliates": 6}
    asked = [dict(call.query) for call in rewardful.requests()]
    assert [(call["page"], call["limit"]) for call in asked] == [("1", "2"), ("2", "2"), ("3", "2"), ("4", "2")]
    assert rows(tmp_path, "captured_on, id, campaign__id, created_at")[0] == (
        date(2026, 3, 13), "af0", "rw-affiliates", "2026-03-02T12:00:00.000Z",
    )  # fmt: skip


def test_each_day_is_captured_once(rewardful: Running, world: World, tmp_path: Path) -> None:
    pull(tmp_path)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN
    world.affiliates[0] = replace(world.affiliates[0], removed_at=at(14))  # deleted at the vendor
    rewardful.set_clock(at(15, 9))
    pull(tmp_path, at(15, 9))
    counts = (
        "captured_on, count(*), count(*) filter (where state = 'active') from raw_rewardful.affiliates group by 1 --"
    )
    assert rows(tmp_path, counts) == [(date(2026, 3, 13), 6, 5), (date(2026, 3, 15), 6, 4)]
    of_the_deleted = "captured_on from raw_rewardful.affiliates where id = 'af0' --"
    assert rows(tmp_path, of_the_deleted) == [(date(2026, 3, 13),)]


def test_a_repeated_page_is_asked_for_again(rewardful: Running, tmp_path: Path) -> None:
    rewardful.fault(AFFILIATES, "repeat_page", after=1)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN


@pytest.mark.parametrize("kind", ["429", "500", "502_html", "reset", "truncated"])
def test_a_passing_fault_is_survived(rewardful: Running, tmp_path: Path, kind: str) -> None:
    rewardful.fault(AFFILIATES, kind, times=2, after=1)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN


def test_a_wrong_secret_is_refused_with_advice(
    rewardful: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "f00dcafe")
    for refused_by in (lambda: pull(tmp_path), lambda: CONNECTOR.check(RewardfulOptions())):
        with pytest.raises(AccessRefused, match=f"Set {SECRET}") as refused:
            refused_by()
        assert "f00dcafe" not in str(refused.value)


def test_a_new_field_does_no_harm_and_a_changed_type_is_refused(rewardful: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    rewardful.fault(AFFILIATES, "new_column", times=4)
    pull(tmp_path, at(13, 15))
    assert rows(tmp_path) == SHOWN
    assert later_fields(tmp_path, "affiliates") == ["loyalty_tier"]
    rewardful.fault(AFFILIATES, "changed_type", times=4)
    with pytest.raises(RowRefused, match="rewardful: affiliates row 1: campaign__id is a field of something else"):
        pull(tmp_path)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("missing_column", "the vendor no longer sends state"), ("renamed_enum", "state is 'enabled', and whether")],
)
def test_a_state_that_is_gone_or_unknown_is_refused(rewardful: Running, tmp_path: Path, kind: str, said: str) -> None:
    pull(tmp_path)
    rewardful.fault(AFFILIATES, kind, times=9)
    with pytest.raises(SchemaDrift, match=f"rewardful: affiliates row 1: {said}"):
        pull(tmp_path, at(14, 9))
    assert rows(tmp_path) == SHOWN


def test_no_name_and_no_address_reaches_the_disk(rewardful: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"rw-affiliates" in written
    for private in (b"Augusta", b"Byron", b"mail.example", b"sandbox-secret"):
        assert private not in written


def test_check_names_the_campaigns_and_what_the_options_get_wrong(rewardful: Running) -> None:
    campaign = "campaign rw-affiliates, Affiliés de la boutique"
    assert CONNECTOR.check(RewardfulOptions(partner_programmes=["rw-affiliates"])) == [campaign]
    assert CONNECTOR.check(RewardfulOptions(partner_programmes=["rw-9"])) == [
        campaign,
        "campaign rw-9 does not exist: correct [sources.rewardful] partner_programmes",
    ]


def test_without_a_base_url_it_is_rewardful_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__REWARDFUL__BASE_URL", raising=False)
    monkeypatch.setenv(SECRET, "f00dcafe")
    address = first_address(monkeypatch, lambda: pull(tmp_path))
    assert address.startswith("https://api.getrewardful.com/v1/affiliates?limit=2&")


def test_affiliates_are_staged(rewardful: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("update raw_rewardful.affiliates set state = 'suspicious' where id = 'af0'")
    stage(tmp_path, CONNECTOR)
    columns = "affiliate_id, programme_id, captured_on, is_enabled, joined_at"
    assert staged(tmp_path, "stg_rewardful__affiliates", columns) == [
        ("af0", "rw-affiliates", date(2026, 3, 13), False, at(2)),
        ("af1", "rw-affiliates", date(2026, 3, 13), True, at(3)),
        ("af2", "rw-affiliates", date(2026, 3, 13), True, at(4)),
        ("af3", "rw-affiliates", date(2026, 3, 13), True, at(5)),
        ("leaves", "rw-affiliates", date(2026, 3, 13), True, at(3)),
        ("left", "rw-affiliates", date(2026, 3, 13), False, at(2)),
    ]
