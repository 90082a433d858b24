"""`parcours refresh`: what it would ask, what it refuses, and how it ends."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from app.cli import ended
from flows.one_at_a_time import alone
from flows.places import Places
from flows.refresh import Outcome
from pipelines.load import create_empty, load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import read_settings
from sandbox.server import Running
from tests.app.commands import AS_OF, BUSINESS, DEMO, run, words


def dry_run(data: Path, settings: Path, *more: str) -> Result:
    return run("refresh", "--dry-run", "--settings", settings, "--data", data, "--as-of", AS_OF.isoformat(), *more)


def test_a_dry_run_says_what_would_be_asked_and_asks_nobody(vendors: Running, tmp_path: Path) -> None:
    result = dry_run(tmp_path / "data", DEMO, "--through", "2026-03-03")
    assert result.exit_code == 0
    said = words(result.stdout)
    assert "google_analytics period_metrics 222222222 2025-10-01 2026-03-03 all history" in said
    assert "files spend spend/spreadsheets/spend.csv 2025-10-01 2026-03-03 all history" in said
    assert said.count("period_metrics 111111111") == 1
    assert vendors.requests() == []
    assert not (tmp_path / "data").exists()


def test_a_dry_run_after_a_load_asks_for_the_rest_and_changes_nothing(
    vendors: Running, settings: Path, tmp_path: Path
) -> None:
    places = Places(tmp_path / "data")
    places.data.mkdir()
    found = read_settings(settings)
    asked = Asked(date(2026, 3, 2), AS_OF - timedelta(days=1), found.business.zone, date(2026, 2, 1))
    load(CONNECTORS["ecb"], found.sources["ecb"], places.warehouse, places.state, asked)
    before, calls = places.warehouse.read_bytes(), len(vendors.requests())
    settings.write_text(settings.read_text().replace("2026-03-02", "2026-02-01"))
    said = words(dry_run(places.data, settings).stdout)
    assert "ecb rates 2026-02-24 2026-03-03 new days, and 7 re-read" in said  # 2 March and the six days before
    assert places.warehouse.read_bytes() == before
    assert len(vendors.requests()) == calls


def test_a_dry_run_asks_about_the_named_sources_only(vendors: Running, tmp_path: Path) -> None:
    said = dry_run(tmp_path / "data", DEMO, "--source", "ecb", "--source", "mailchimp").stdout
    assert "mailchimp" in said
    assert "facebook" not in said


def test_a_dry_run_with_nothing_connected_says_so(tmp_path: Path, settings: Path) -> None:
    settings.write_text(BUSINESS)
    assert "No source is connected: add a [sources.…] section" in words(dry_run(tmp_path, settings).stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "klaviyo"], "'klaviyo' is not connected; connected are: ecb"),
        (["--accept-deletions", "klaviyo"], "'klaviyo' is not refreshed; refreshed are: ecb"),
        (["--as-of", "2026-03-04"], "'2026-03-04' has no zone; try 2026-03-04T00:00:00+00:00"),
        (["--as-of", "yesterday"], "'yesterday' is no ISO 8601 time; try 2026-10-31T20:00:00+01:00"),
        (["--through", "04/03/2026"], "does not match the formats '%Y-%m-%d'"),
        (["--as-of", "2026-03-04T05:00:00Z", "--through", "2026-03-05"], "choose --through 2026-03-04 or earlier"),
        (["--as-of", "2026-03-04T05:00:00Z", "--through", "2026-03-01"], "is before history_start, 2026-03-02"),
    ],
)
def test_a_refresh_that_cannot_be_meant_is_refused(
    settings: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = run("refresh", "--settings", settings, "--data", tmp_path / "data", *arguments)
    assert result.exit_code == 2
    assert said in words(result.stderr)
    assert not (tmp_path / "data").exists()


def test_a_refresh_beside_another_is_refused(settings: Path, tmp_path: Path) -> None:
    with alone(tmp_path):
        result = run("refresh", "--settings", settings, "--data", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: A refresh is already running: process ")


def test_a_refresh_that_published_nothing_says_why_as_it_is(
    settings: Path, tmp_path: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The identity key changed: told by the warehouse, through the real flow."""
    with_first_key = Places(tmp_path / "data")
    with_first_key.data.mkdir()
    create_empty(CONNECTORS["ecb"], with_first_key.warehouse)
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "another key, long enough")
    result = run("refresh", "--settings", settings, "--data", with_first_key.data)
    assert result.exit_code == 1
    assert "Error: nothing was published. PARCOURS_IDENTITY_KEY is not the key this warehouse" in result.stderr
    assert "Nothing was published: PARCOURS_IDENTITY_KEY" in run("status", "--data", with_first_key.data).stdout


def test_what_a_refresh_says_keeps_its_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(AS_OF, date(2026, 3, 3), AS_OF, error="correct [sources.ecb] currencies [/]")
    assert ended(outcome) == 1
    assert capsys.readouterr().err == "Error: nothing was published. correct [sources.ecb] currencies [/]\n"


@pytest.mark.parametrize("arguments", [["refresh"], ["check"], ["refresh", "--dry-run"]])
def test_a_mistake_in_the_settings_is_said_as_it_is(settings: Path, arguments: list[str]) -> None:
    settings.write_text(BUSINESS + "[sources.ecb]\ncurrency = 1\n[sources.ecb.more]\n")
    result = run(*arguments, "--settings", settings)
    assert result.exit_code == 1
    said = f"Error: {settings}: sources.ecb.currency: is not known: correct its name, or take it out"
    assert f"{said}; did you mean currencies?\n" in result.stderr


def test_a_refresh_without_an_identity_key_does_not_start(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARCOURS_IDENTITY_KEY")
    result = run("refresh", "--settings", settings, "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: PARCOURS_IDENTITY_KEY is not set: set it once to a random text")
    assert not (tmp_path / "data").exists()
