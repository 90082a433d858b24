"""`parcours alerts` and `parcours status --max-age`: what is open, whether a message arrives, how old all is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.app.commands import BUSINESS, run, words
from tests.app.small_runs import RUN, write_runs
from tests.listening import web_hook

OPEN = """{"incidents": {"stale:ecb": {"since": "2026-03-04 05:00:00+00:00", "what": "ECB: 3 days [behind]"}},
"unsent": {"PARCOURS_ALERT_URL": ["a", "b"]}, "moved_until": null}"""


def test_a_message_is_tried_at_each_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + '[alerts]\nto = ["PARCOURS_ALERT_URL", "PARCOURS_ALERT_CHAT"]\n')
    with web_hook() as (address, lines):
        monkeypatch.setenv("PARCOURS_ALERT_URL", address)
        result = run("alerts", "test", "--settings", path)
    assert lines == ["Ceci est un essai : les alertes arrivent ici."]
    assert (result.exit_code, result.stdout) == (1, "told PARCOURS_ALERT_URL\n")
    assert "PARCOURS_ALERT_CHAT is not set: put the address into the environment" in words(result.stderr)


def test_an_address_in_the_settings_is_refused_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + '[alerts]\nto = ["slack://hidden/token"]\n')
    result = run("alerts", "test", "--settings", path)
    assert result.exit_code == 1
    assert "alerts.to: holds something that is no name of an environment variable" in words(result.stderr)
    assert "hidden" not in result.output


def test_what_is_open_is_listed(tmp_path: Path) -> None:
    assert words(run("alerts", "--data", tmp_path).stdout).startswith("Nothing is wrong that a refresh was to tell")
    (tmp_path / "alerts.json").write_text(OPEN)
    said = words(run("alerts", "--data", tmp_path).stdout)
    assert "2026-03-04 05:00 ECB: 3 days [behind]" in said
    assert "PARCOURS_ALERT_URL lacks 2 of what was to be told; the next refresh tries again." in said


def test_a_monitor_is_told_when_nothing_was_published_for_too_long(tmp_path: Path) -> None:
    began = [{"started_at": str(datetime.now(UTC) - timedelta(hours=hours))} for hours in (27, 3)]
    none = {"published": [], "exit_code": 1, "error": "busy"}
    write_runs(tmp_path, RUN | began[0], *[RUN | none | began[1]] * 6)
    assert run("status", "--data", tmp_path, "--max-age", "28h").exit_code == 0
    late = run("status", "--data", tmp_path, "--max-age", "26h")
    assert late.exit_code == 1
    assert "The last refresh that published began 27 hours ago" in words(late.stderr)
    write_runs(tmp_path, RUN | none | began[1])
    assert "Nothing is published yet" in words(run("status", "--data", tmp_path, "--max-age", "2d").stderr)
    assert "is no age; try 90m, 26h or 2d" in words(run("status", "--data", tmp_path, "--max-age", "26").stderr)
