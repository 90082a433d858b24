"""Objectives keep what they said, with the day of each change; reviews are kept beside them."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import business_tables, reviews
from flows.one_at_a_time import AlreadyRunning, alone
from flows.places import Places
from flows.reviews import NoSuchObjective
from pipelines.connector import ConnectorError
from pipelines.plan import Asked
from pipelines.settings import read_settings
from tests.pipelines.test_objectives import BUSINESS, OBJECTIVE, PATH

FIRST = datetime(2026, 3, 20, 23, 30, tzinfo=UTC)  # the 21st in Paris
SECOND, THIRD, FOURTH = (FIRST + timedelta(days=days) for days in (1, 5, 9))
REWORDED = OBJECTIVE.replace("60 to 100", "60 to 120") + PATH.replace("= 100", "= 120")
VERSIONS = "select objective_id, valid_from, said from raw_parcours.objective_versions order by all"


def refresh(folder: Path, text: str, as_of: datetime = FIRST) -> None:
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + text, encoding="utf-8")
    settings = read_settings(path)
    asked = Asked(as_of.date(), as_of, settings.business.zone, settings.business.history_start)
    business_tables.write(Places(folder), settings, asked, "defined")


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set timezone = 'UTC'")
        return warehouse.execute(query).fetchall()


def versions(folder: Path) -> list[tuple[str, date, str]]:
    """Objective, day of change, and the end of its sentence; nothing where it ended."""
    found = rows(folder, VERSIONS)
    return [(name, day, said.partition("60 to ")[2][:3]) for name, day, said in found]


def test_an_objective_is_kept_from_the_business_day_of_the_refresh_that_first_saw_it(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    assert versions(tmp_path) == [("prospects", date(2026, 3, 21), "100")]


def test_refreshes_that_say_the_same_add_nothing(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    before = rows(tmp_path, VERSIONS)
    for as_of in (FIRST, SECOND, THIRD):
        refresh(tmp_path, OBJECTIVE + PATH, as_of)
    assert rows(tmp_path, VERSIONS) == before


def test_a_changed_objective_keeps_what_it_said_and_one_that_is_gone_ends(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    refresh(tmp_path, REWORDED, SECOND)
    refresh(tmp_path, "", THIRD)
    refresh(tmp_path, REWORDED, FOURTH)
    assert versions(tmp_path) == [
        ("prospects", date(2026, 3, 21), "100"),
        ("prospects", date(2026, 3, 22), "120"),
        ("prospects", date(2026, 3, 26), ""),
        ("prospects", date(2026, 3, 30), "120"),
    ]


def test_the_last_word_of_a_day_counts(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    refresh(tmp_path, REWORDED, SECOND)
    refresh(tmp_path, OBJECTIVE + PATH, SECOND + timedelta(hours=1))  # taken back before the day is over
    assert versions(tmp_path) == [("prospects", date(2026, 3, 21), "100")]
    refresh(tmp_path, "", SECOND + timedelta(hours=2))
    refresh(tmp_path, REWORDED, SECOND + timedelta(hours=3))
    assert versions(tmp_path)[1:] == [("prospects", date(2026, 3, 22), "120")]


def test_objectives_change_one_by_one(tmp_path: Path) -> None:
    other = OBJECTIVE.replace('"prospects"', '"leads"') + PATH
    refresh(tmp_path, OBJECTIVE + PATH + other)
    refresh(tmp_path, REWORDED + other, SECOND)
    assert versions(tmp_path) == [
        ("leads", date(2026, 3, 21), "100"),
        ("prospects", date(2026, 3, 21), "100"),
        ("prospects", date(2026, 3, 22), "120"),
    ]


STAGES = "select stage, position, label_fr, label_en, focus_1, focus_2, focus_3 from raw_parcours.stages order by 2"


def test_stages_have_their_own_names_and_what_each_shows_first(tmp_path: Path) -> None:
    refresh(tmp_path, "")
    found = rows(tmp_path, STAGES)
    assert [one[2] for one in found] == [
        *("Notoriété", "Engagement", "Capture", "Conversion", "Expérience", "Ascension", "Fan", "Ambassadeur")
    ]
    assert found[6] == ("fan", 7, "Fan", "Fan", "nps", "customer_reviews", None)
    assert found[3][4:] == ("purchases", "average_basket", "cart_abandonment_rate")
    assert all(one[4] for one in found)


def test_the_settings_rename_stages_and_choose_what_they_show(tmp_path: Path) -> None:
    refresh(tmp_path, '[dashboard.stages]\nfan = "Club"\n[dashboard.focus]\nfan = ["brand_mentions"]\n')
    found = rows(tmp_path, STAGES)
    assert found[6] == ("fan", 7, "Club", "Club", "brand_mentions", None, None)
    assert found[7] == ("ambassador", 8, "Ambassadeur", "Ambassador", "affiliates", "partners", None)


def test_a_note_is_a_row_per_kpi_and_the_latest_settings_replace_it(tmp_path: Path) -> None:
    note = '[[annotations]]\nday = 2026-03-01\ntext = "Open"\n'
    refresh(tmp_path, note.replace("Open", "Closed"))
    refresh(tmp_path, note + note + 'kpis = ["nps", "purchases"]\n')
    day = date(2026, 3, 1)
    found = rows(tmp_path, "from raw_parcours.annotations order by all")
    assert found == [(day, "Open", "nps"), (day, "Open", "purchases"), (day, "Open", None)]


REVIEWS = "select objective_id, reviewed_at, note from raw_parcours.objective_reviews order by all"


def test_a_review_is_kept_and_no_refresh_drops_it(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    reviews.keep(Places(tmp_path), "prospects", "Late.", SECOND)
    reviews.keep(Places(tmp_path), "prospects", " On our way. ", SECOND)  # the same instant again
    reviews.keep(Places(tmp_path), "prospects", "There.", THIRD)
    refresh(tmp_path, "", THIRD)
    found = [(name, at.astimezone(UTC), note) for name, at, note in rows(tmp_path, REVIEWS)]
    assert found == [("prospects", SECOND, "On our way."), ("prospects", THIRD, "There.")]


def test_a_review_of_no_objective_is_refused_with_those_in_force(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    with pytest.raises(NoSuchObjective, match=r"'prospect' is no objective of the last refresh; did you mean prosp"):
        reviews.keep(Places(tmp_path), "prospect", "Late.", SECOND)
    refresh(tmp_path, "", SECOND)
    with pytest.raises(NoSuchObjective, match=r"'prospects' is no objective of the last refresh; known are: none"):
        reviews.keep(Places(tmp_path), "prospects", "Late.", THIRD)
    assert rows(tmp_path, REVIEWS) == []


def test_a_review_needs_a_note_and_a_warehouse(tmp_path: Path) -> None:
    with pytest.raises(ConnectorError, match="A review needs a note"):
        reviews.keep(Places(tmp_path), "prospects", " ", FIRST)
    with pytest.raises(ConnectorError, match=r"does not exist yet\. Make it: parcours refresh"):
        reviews.keep(Places(tmp_path), "prospects", "Late.", FIRST)


def test_a_review_waits_for_no_refresh(tmp_path: Path) -> None:
    refresh(tmp_path, OBJECTIVE + PATH)
    with alone(tmp_path), pytest.raises(AlreadyRunning):
        reviews.keep(Places(tmp_path), "prospects", "Late.", SECOND)
    assert rows(tmp_path, REVIEWS) == []
