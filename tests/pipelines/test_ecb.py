"""The ECB connector against the ECB's files, over a real socket."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
import requests

from pipelines.connector import ConnectorError
from pipelines.http import VendorSession
from pipelines.load import LoadResult
from pipelines.plan import Asked
from pipelines.retry import VendorBusy
from pipelines.rows import SchemaDrift
from pipelines.sources.ecb import CONNECTOR, EcbOptions
from sandbox.events import Rate, World
from sandbox.server import Running, running
from tests.pipelines.loads import load_whole

FIRST_DAY = date(2026, 3, 2)  # a Monday
THROUGH = date(2026, 3, 15)  # the Sunday after the next
ECB_FILE = "/ecb/stats/eurofxref/eurofxref-hist.zip"


def published(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 15, 0, tzinfo=UTC)


def working_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


@pytest.fixture
def world() -> World:
    rates = []
    for number, day in enumerate(working_days(FIRST_DAY - timedelta(days=10), THROUGH)):
        rates.append(Rate(day, "USD", f"1.1{number:02}", published(day)))
        rates.append(Rate(day, "JPY", f"16{number % 10}.5", published(day)))
    return World(FIRST_DAY, THROUGH, rates=rates)


@pytest.fixture
def ecb(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(world, published(THROUGH)) as sandbox:
        monkeypatch.setenv("SOURCES__ECB__BASE_URL", f"{sandbox.base_url}/ecb")
        yield sandbox


def pull(folder: Path, through: date = THROUGH, options: EcbOptions | None = None) -> LoadResult:
    asked = Asked(through, published(through), ZoneInfo("Europe/Paris"), FIRST_DAY)
    return load_whole(CONNECTOR, options or EcbOptions(), folder / "warehouse.duckdb", folder / "state", asked)


def rates(folder: Path) -> list[tuple[date, str, str]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        rows = warehouse.execute(
            "select date_day, currency, rate from raw_ecb.rates where date_day >= ? order by all", [FIRST_DAY]
        )
        return rows.fetchall()


def test_every_working_day_arrives_and_week_ends_stay_absent(ecb: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    assert {day for day, _, _ in rates(tmp_path)} == set(working_days(FIRST_DAY, THROUGH))
    assert len(rates(tmp_path)) == 20  # two weeks of five days, two currencies


def test_rates_stay_as_published(ecb: Running, world: World, tmp_path: Path) -> None:
    pull(tmp_path)
    assert rates(tmp_path) == sorted(
        (rate.date_day, rate.currency, rate.rate) for rate in world.rates if rate.date_day >= FIRST_DAY
    )


def test_the_days_before_the_first_asked_one_come_too(ecb: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:
        before = warehouse.execute("select max(date_day) from raw_ecb.rates where date_day < ?", [FIRST_DAY]).fetchone()
    assert before == (date(2026, 2, 27),)  # the Friday before


def test_a_second_run_adds_nothing(ecb: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    first = rates(tmp_path)
    pull(tmp_path)
    assert rates(tmp_path) == first


def test_a_rate_shows_only_once_it_is_published(ecb: Running, tmp_path: Path) -> None:
    friday = date(2026, 3, 13)
    ecb.set_clock(published(friday) - timedelta(minutes=1))
    pull(tmp_path, friday)
    assert max(day for day, _, _ in rates(tmp_path)) == date(2026, 3, 12)
    ecb.set_clock(published(friday))
    pull(tmp_path, friday)
    assert max(day for day, _, _ in rates(tmp_path)) == friday


def test_a_corrected_rate_is_corrected(ecb: Running, world: World, tmp_path: Path) -> None:
    pull(tmp_path)
    day = date(2026, 3, 12)
    world.rates.append(Rate(day, "USD", "1.2345", published(day) + timedelta(hours=18)))
    pull(tmp_path)
    assert (day, "USD", "1.2345") in rates(tmp_path)
    assert len(rates(tmp_path)) == 20


def test_a_rate_that_is_corrected_late_is_found_by_the_deep_re_read(ecb: Running, world: World, tmp_path: Path) -> None:
    pull(tmp_path)
    day = date(2026, 3, 6)
    world.rates.append(Rate(day, "USD", "1.2345", published(date(2026, 3, 16))))
    ecb.set_clock(published(date(2026, 3, 16)))
    pull(tmp_path, date(2026, 3, 16))  # reads again from the 10th on
    assert (day, "USD", "1.2345") not in rates(tmp_path)
    ecb.set_clock(published(date(2026, 3, 22)))
    pull(tmp_path, date(2026, 3, 22))  # a week after the first load
    assert (day, "USD", "1.2345") in rates(tmp_path)
    changes = "select date_day, rows_before, rows_after from raw_parcours.slice_changes where changed_at = ?"
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:
        changed = warehouse.execute(changes, [published(date(2026, 3, 22))]).fetchall()
    assert (day, 2, 2) in changed


def test_a_currency_that_ends_keeps_its_rates(ecb: Running, world: World, tmp_path: Path) -> None:
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    world.rates.extend(Rate(day, "BGN", "1.9558", published(day)) for day in days)
    for through in (THROUGH, date(2026, 3, 22)):  # the second load is deep
        ecb.set_clock(published(through))
        result = pull(tmp_path, through, EcbOptions(currencies=["USD", "BGN"]))
        assert [day for day, currency, _ in rates(tmp_path) if currency == "BGN"] == days
        assert result.warnings == ["ecb: no rate for BGN since 2026-03-03; later amounts in it stay unconverted"]


@pytest.mark.parametrize("kind", ["429", "500", "502_html", "timeout", "reset", "truncated"])
def test_a_passing_fault_is_survived(ecb: Running, tmp_path: Path, kind: str) -> None:
    ecb.fault(ECB_FILE, kind, times=2, seconds=0.01)
    pull(tmp_path)
    assert len(rates(tmp_path)) == 20
    assert len(ecb.requests()) == 3


def test_a_lasting_fault_is_named(ecb: Running, tmp_path: Path) -> None:
    ecb.fault(ECB_FILE, "500", times=100)
    with pytest.raises(VendorBusy, match=r"eurofxref-hist\.zip is busy"):
        pull(tmp_path)


def test_a_new_currency_does_no_harm(ecb: Running, tmp_path: Path) -> None:
    ecb.fault(ECB_FILE, "new_column")
    pull(tmp_path)
    assert {currency for _, currency, _ in rates(tmp_path)} == {"USD", "JPY", "XTS"}


def test_a_rate_that_is_no_number_is_refused_by_name(ecb: Running, tmp_path: Path) -> None:
    ecb.fault(ECB_FILE, "changed_type")
    with pytest.raises(ConnectorError, match=r"USD of 2026-03-13 is '1·1.*', not a rate"):
        pull(tmp_path)


@pytest.mark.parametrize("kind", ["missing_column", "renamed_enum"])
def test_a_currency_without_its_column_is_missed_by_name_and_nothing_changes(
    ecb: Running, tmp_path: Path, kind: str
) -> None:
    pull(tmp_path)
    before = rates(tmp_path)
    ecb.fault(ECB_FILE, kind)
    said = "ecb: rates row 1 .*there is no column USD any more.*nothing of this source was loaded"
    with pytest.raises(SchemaDrift, match=said):
        pull(tmp_path)
    assert rates(tmp_path) == before


def test_only_wanted_currencies_are_kept_and_an_absent_one_is_warned_of(ecb: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, options=EcbOptions(currencies=["USD", "CYP"]))
    assert {currency for _, currency, _ in rates(tmp_path)} == {"USD"}
    assert result.warnings == ["ecb: no current rate for CYP; amounts in it stay unconverted"]


def test_check_says_how_far_the_rates_reach(ecb: Running) -> None:
    assert CONNECTOR.check(EcbOptions()) == ["reference rates of 2 currencies up to 2026-03-13"]


def test_without_a_base_url_it_is_the_ecb_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def keep(_: VendorSession, request: requests.PreparedRequest, **__: object) -> requests.Response:
        asked.append(request.url)
        raise ConnectorError("not sent")

    monkeypatch.delenv("SOURCES__ECB__BASE_URL", raising=False)
    monkeypatch.setattr(VendorSession, "send", keep)
    with pytest.raises(ConnectorError, match="not sent"):
        CONNECTOR.check(EcbOptions())
    assert asked == ["https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"]
