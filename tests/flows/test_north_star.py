"""The business's own north star: refused when it is none, answered over the facts when it is a query."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import north_star
from flows.north_star import BadNorthStar
from flows.places import Places
from pipelines.settings import Settings, read_settings

FACTS = "select 'month' as grain, date '2026-03-01' as period_start, 7 as weekly_active_customers"
QUERY = "select grain, period_start, 2 * weekly_active_customers as value from fct_weekly_customers_by_period"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path)
    with duckdb.connect(str(found.warehouse)) as connection:
        connection.execute("create schema raw_parcours; create schema marts")
        connection.execute(f"create table marts.fct_weekly_customers_by_period as {FACTS}")
    return found


def settings(folder: Path, **said: Any) -> Settings:
    path = folder / "parcours.toml"
    path.write_text('[business]\nname = "Ada"\nhistory_start = 2026-03-02\n')
    return read_settings(path, **said)


def answered(places: Places) -> list[tuple[object, ...]]:
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        return connection.execute("select * from raw_parcours.north_star").fetchall()


@pytest.mark.parametrize("chosen", ["weekly_active_customers", "purchases", "gross_margin_rate"])
def test_the_default_and_kpis_of_other_stages_can_be_chosen(tmp_path: Path, chosen: str) -> None:
    north_star.check(settings(tmp_path, north_star=chosen))


@pytest.mark.parametrize("chosen", ["purchase", "north_star", "support_tickets"])
def test_what_cannot_be_chosen_is_refused_with_what_can(tmp_path: Path, chosen: str) -> None:
    with pytest.raises(
        BadNorthStar, match=rf"'{chosen}' cannot be chosen; known are: weekly_active_customers, unique_v"
    ):
        north_star.check(settings(tmp_path, north_star=chosen))


def test_a_query_is_answered_over_the_facts(tmp_path: Path, places: Places) -> None:
    north_star.write(places, settings(tmp_path, north_star_sql=QUERY))
    assert answered(places) == [("month", date(2026, 3, 1), 14.0)]


def test_without_a_query_an_earlier_answer_is_gone(tmp_path: Path, places: Places) -> None:
    north_star.write(places, settings(tmp_path, north_star_sql=QUERY))
    north_star.write(places, settings(tmp_path))
    assert answered(places) == []


@pytest.mark.parametrize(
    "query",
    [
        "select 1 as value",
        "select grain, period_start, weekly_active_customers from fct_weekly_customers_by_period",
        "select 'month' as grain, 'March' as period_start, 1 as value",
        "select * from nowhere",
        "drop table fct_weekly_customers_by_period",
    ],
)
def test_a_query_that_answers_something_else_is_refused_and_changes_nothing(
    tmp_path: Path, places: Places, query: str
) -> None:
    with pytest.raises(BadNorthStar, match=r"business\.north_star_sql: .* gives grain"):
        north_star.write(places, settings(tmp_path, north_star_sql=query))
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.fct_weekly_customers_by_period").fetchone() == (1,)


@pytest.mark.parametrize(
    "query",
    [
        "select 'day' as grain, date '2026-03-01' as period_start, count(*) as value from read_text('/etc/hosts')",
        "copy (select 1) to 'written.csv'",
        "attach 'other.duckdb'",
        "set enable_external_access = true",
    ],
)
def test_a_query_reaches_no_files(tmp_path: Path, places: Places, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadNorthStar):
        north_star.write(places, settings(tmp_path, north_star_sql=query))
    assert not (tmp_path / "written.csv").exists()
    assert not (tmp_path / "other.duckdb").exists()


@pytest.mark.parametrize(
    "answer", ["'fortnight', date '2026-03-01', 1", "'day', null, 1", "'day', date '2026-03-01', 'nan'::double"]
)
def test_only_valid_periods_and_finite_values_are_taken(tmp_path: Path, places: Places, answer: str) -> None:
    query = f"select * from (values ({answer})) as t (grain, period_start, value)"
    with pytest.raises(BadNorthStar, match="one of day, week, month, quarter, year"):
        north_star.write(places, settings(tmp_path, north_star_sql=query))
