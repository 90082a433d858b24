"""The Rewardful connector against its REST API, over a real socket."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import requests

from pipelines.connector import AccessRefused, ConnectorError
from pipelines.http import VendorSession
from pipelines.load import LoadResult, load
from pipelines.plan import Asked
from pipelines.rows import RowRefused
from pipelines.sources.rewardful import CONNECTOR, RewardfulOptions
from sandbox.events import Affiliate, Person, World
from sandbox.server import Running, running
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
    return load(CONNECTOR, RewardfulOptions(page_rows=2), folder / "warehouse.duckdb", folder / "state", asked)


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
    world.affiliates[:] = [one for one in world.affiliates if one.affiliate_id != "af0"]  # deleted at the vendor
    rewardful.set_clock(at(15, 9))
    pull(tmp_path, at(15, 9))
    counts = (
        "captured_on, count(*), count(*) filter (where state = 'active') from raw_rewardful.affiliates group by 1 --"
    )
    assert rows(tmp_path, counts) == [(date(2026, 3, 13), 6, 5), (date(2026, 3, 15), 6, 4)]


def test_a_repeated_page_counts_once(rewardful: Running, tmp_path: Path) -> None:
    rewardful.fault(AFFILIATES, "repeat_page", after=1)
    pull(tmp_path)
    assert len(rows(tmp_path)) == len(set(rows(tmp_path))) == 4  # the second page never came


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
    rewardful.fault(AFFILIATES, "new_column", times=4)
    pull(tmp_path)
    assert rows(tmp_path) == SHOWN
    rewardful.fault(AFFILIATES, "changed_type", times=4)
    with pytest.raises(RowRefused, match="rewardful: affiliates row 1: campaign__id is a field of something else"):
        pull(tmp_path)


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


def test_partners_are_told_of_only_where_their_campaigns_are_named() -> None:
    assert RewardfulOptions().gives("affiliates")
    assert not RewardfulOptions().gives("partners")
    assert RewardfulOptions(partner_programmes=["rw-9"]).gives("partners")


def test_without_a_base_url_it_is_rewardful_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str | None] = []

    def keep(_: VendorSession, request: requests.PreparedRequest, **__: object) -> requests.Response:
        asked.append(request.url)
        raise ConnectorError("not sent")

    monkeypatch.delenv("SOURCES__REWARDFUL__BASE_URL", raising=False)
    monkeypatch.setenv(SECRET, "f00dcafe")
    monkeypatch.setattr(VendorSession, "send", keep)
    with pytest.raises(ConnectorError, match="not sent"):
        pull(tmp_path)
    assert str(asked[0]).startswith("https://api.getrewardful.com/v1/affiliates?limit=2&")


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
