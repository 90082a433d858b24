"""`parcours check`: whom each source is read as, or what to fix."""

from pathlib import Path

import pytest

from sandbox.server import Running
from tests.app.commands import BUSINESS, DEMO, run


def test_check_says_what_each_source_is_connected_to(vendors: Running) -> None:
    result = run("check", "--settings", DEMO)
    assert result.exit_code == 0
    for said in (
        "✓ Google Analytics 4 API v1beta\n    property 111111111, primary: Europe/Paris, EUR\n",
        "✓ Facebook ads API v26.0\n",
        "    account 1002, Boutique US: USD, America/New_York\n",
        "✓ Mailchimp API 3.0\n    account La boutique: 3 lists\n",
        "✓ European Central Bank\n    reference rates of 4 currencies up to 2026-03-03\n",
        "✓ Files\n    spend/spreadsheets/spend.csv as spend\n",
    ):
        assert said in result.stdout


def test_check_with_a_wrong_key_says_what_to_fix_and_goes_on(vendors: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__MAILCHIMP__API_KEY", "wrong-us1")
    result = run("check", "mailchimp", "ecb", "--settings", DEMO)
    assert result.exit_code == 1
    assert "✗ Mailchimp\n" in result.stdout
    assert "set SOURCES__MAILCHIMP__API_KEY to all of it" in result.stdout
    assert "wrong-us1" not in result.output
    assert "✓ European Central Bank\n" in result.stdout


def test_check_prints_brackets_as_they_are(vendors: Running, settings: Path) -> None:
    result = run("check", "--settings", settings)
    assert "    no current rate for CYP: correct [sources.ecb] currencies\n" in result.stdout


def test_check_of_a_source_that_is_not_connected(settings: Path) -> None:
    result = run("check", "mailchimp", "--settings", settings)
    assert result.exit_code == 1
    assert result.stderr == "Error: mailchimp is not connected; connected are: ecb.\n"


def test_check_without_an_identity_key_says_how_to_make_one(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARCOURS_IDENTITY_KEY")
    result = run("check", "--settings", settings)
    assert result.exit_code == 1
    assert "PARCOURS_IDENTITY_KEY is not set: set it once to a random text" in result.stderr


def test_check_with_nothing_connected_says_so(settings: Path) -> None:
    settings.write_text(BUSINESS)
    assert "No source is connected: add a [sources.…] section" in run("check", "--settings", settings).stdout
