"""The ECB connector against the ECB's files, over a real socket."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.connector import ConnectorError
from pipelines.load import LoadResult
from pipelines.retry import VendorBusy
from pipelines.rows import SchemaDrift
from pipelines.sources.ecb import CONNECTOR, EcbOptions
from sandbox.events import Rate, World
from sandbox.server import Running
from tests.pipelines.vendors import First, Vendor, passing_faults, unsent

FIRST_DAY = date(2026, 3, 2)  # a Monday
THROUGH = date(2026, 3, 15)  # the Sunday after the next
ECB_FILE = "/ecb/stats/eurofxref/eurofxref-hist.zip"


def published(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 15, 0, tzinfo=UTC)


def working_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def small_world() -> World:
    rates = []
    for number, day in enumerate(working_days(FIRST_DAY - timedelta(days=10), THROUGH)):
        rates.append(Rate(day, "USD", f"1.1{number:02}", published(day)))
        rates.append(Rate(day, "JPY", f"16{number % 10}.5", published(day)))
    return World(FIRST_DAY, THROUGH, rates=rates)


VENDOR = Vendor(CONNECTOR, EcbOptions, small_world, published(THROUGH), FIRST_DAY)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    return VENDOR.first(tmp_path_factory.mktemp("first"), through=THROUGH)


def pull(folder: Path, through: date = THROUGH, **options: Any) -> LoadResult:
    return VENDOR.pull(folder, published(through), through=through, **options)


def rates(folder: Path) -> list[tuple[date, str, str]]:
    query = f"select date_day, currency, rate from rates where date_day >= '{FIRST_DAY}' order by all"
    return VENDOR.rows(folder, query)


def test_every_working_day_arrives_and_week_ends_stay_absent(loaded: Path) -> None:
    assert {day for day, _, _ in rates(loaded)} == set(working_days(FIRST_DAY, THROUGH))
    assert len(rates(loaded)) == 20  # two weeks of five days, two currencies


def test_rates_stay_as_published(world: World, loaded: Path) -> None:
    assert rates(loaded) == sorted(
        (rate.date_day, rate.currency, rate.rate) for rate in world.rates if rate.date_day >= FIRST_DAY
    )


def test_the_days_before_the_first_asked_one_come_too(loaded: Path) -> None:
    before = VENDOR.rows(loaded, f"select max(date_day) from rates where date_day < '{FIRST_DAY}'")
    assert before == [(date(2026, 2, 27),)]  # the Friday before


def test_a_second_run_adds_nothing(served: Running, loaded: Path, again: Path) -> None:
    pull(again)
    assert rates(again) == rates(loaded)


def test_a_rate_shows_only_once_it_is_published(served: Running, tmp_path: Path) -> None:
    friday = date(2026, 3, 13)
    served.set_clock(published(friday) - timedelta(minutes=1))
    pull(tmp_path, friday)
    assert max(day for day, _, _ in rates(tmp_path)) == date(2026, 3, 12)
    served.set_clock(published(friday))
    pull(tmp_path, friday)
    assert max(day for day, _, _ in rates(tmp_path)) == friday


def test_a_corrected_rate_is_corrected(served: Running, world: World, again: Path) -> None:
    day = date(2026, 3, 12)
    world.rates.append(Rate(day, "USD", "1.2345", published(day) + timedelta(hours=18)))
    pull(again)
    assert (day, "USD", "1.2345") in rates(again)
    assert len(rates(again)) == 20


def test_a_rate_that_is_corrected_late_is_found_by_the_deep_re_read(served: Running, world: World, again: Path) -> None:
    day = date(2026, 3, 6)
    world.rates.append(Rate(day, "USD", "1.2345", published(date(2026, 3, 16))))
    served.set_clock(published(date(2026, 3, 16)))
    pull(again, date(2026, 3, 16))  # reads again from the 10th on
    assert (day, "USD", "1.2345") not in rates(again)
    served.set_clock(published(date(2026, 3, 22)))
    pull(again, date(2026, 3, 22))  # a week after the first load
    assert (day, "USD", "1.2345") in rates(again)
    changes = "select date_day, rows_before, rows_after from raw_parcours.slice_changes where changed_at ="
    assert (day, 2, 2) in VENDOR.rows(again, f"{changes} '{published(date(2026, 3, 22))}'")


def test_a_currency_that_ends_keeps_its_rates(served: Running, world: World, tmp_path: Path) -> None:
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    world.rates.extend(Rate(day, "BGN", "1.9558", published(day)) for day in days)
    for through in (THROUGH, date(2026, 3, 22)):  # the second load is deep
        served.set_clock(published(through))
        result = pull(tmp_path, through, currencies=["USD", "BGN"])
        assert [day for day, currency, _ in rates(tmp_path) if currency == "BGN"] == days
        assert result.warnings == ["ecb: no rate for BGN since 2026-03-03; later amounts in it stay unconverted"]


def test_passing_faults_are_survived(served: Running, tmp_path: Path) -> None:
    passing_faults(served, ECB_FILE)
    pull(tmp_path / "five")
    assert len(rates(tmp_path / "five")) == 20
    assert len(served.requests()) == 6
    served.fault(ECB_FILE, "timeout", times=2, seconds=0.01)
    pull(tmp_path / "two")
    assert len(rates(tmp_path / "two")) == 20
    assert len(served.requests()) == 9


def test_a_lasting_fault_is_named(served: Running, tmp_path: Path) -> None:
    served.fault(ECB_FILE, "500", times=100)
    with pytest.raises(VendorBusy, match=r"eurofxref-hist\.zip is busy"):
        pull(tmp_path)


def test_a_new_currency_does_no_harm(served: Running, tmp_path: Path) -> None:
    served.fault(ECB_FILE, "new_column")
    pull(tmp_path)
    assert {currency for _, currency, _ in rates(tmp_path)} == {"USD", "JPY", "XTS"}


def test_a_rate_that_is_no_number_is_refused_by_name(served: Running, tmp_path: Path) -> None:
    served.fault(ECB_FILE, "changed_type")
    with pytest.raises(ConnectorError, match=r"USD of 2026-03-13 is '1·1.*', not a rate"):
        pull(tmp_path)


@pytest.mark.parametrize("kind", ["missing_column", "renamed_enum"])
def test_a_currency_without_its_column_is_missed_by_name_and_nothing_changes(
    served: Running, loaded: Path, again: Path, kind: str
) -> None:
    served.fault(ECB_FILE, kind)
    said = "ecb: rates row 1 .*there is no column USD any more.*nothing of this source was loaded"
    with pytest.raises(SchemaDrift, match=said):
        pull(again)
    assert rates(again) == rates(loaded)


def test_only_wanted_currencies_are_kept_and_an_absent_one_is_warned_of(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, currencies=["USD", "CYP"])
    assert {currency for _, currency, _ in rates(tmp_path)} == {"USD"}
    assert result.warnings == ["ecb: no current rate for CYP; amounts in it stay unconverted"]


def test_check_says_how_far_the_rates_reach(served: Running) -> None:
    assert CONNECTOR.check(EcbOptions()) == ["reference rates of 2 currencies up to 2026-03-13"]


def test_without_a_base_url_it_is_the_ecb_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__ECB__BASE_URL", raising=False)
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(EcbOptions()))
    assert asked.url == "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
