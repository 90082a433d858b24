"""`parcours schedule`: systemd and a shell take what it prints, and it runs the refresh of this very business."""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.commands import BUSINESS, run
from tests.app.test_serving import SETTINGS, until

NOTHING_CONNECTED = "No source is connected"  # what a refresh of these settings says


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """In a folder whose name means something to units, crontabs and shells."""
    folder = tmp_path / 'a 100% "b" $HOME'
    folder.mkdir()
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + '[alerts]\nto = ["PARCOURS_ALERT_URL"]\n', encoding="utf-8")
    return path


def words(line: str) -> Iterator[str]:
    """A command line of a unit as systemd reads it: C-like quotes, then specifiers and variables."""
    for word in re.findall(r'"((?:[^"\\]|\\.)*)"', line):
        yield re.sub(r"\\(.)", r"\1", word).replace("%%", "%").replace("$$", "$")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_the_units(settings: Path, tmp_path: Path) -> None:
    units = tmp_path / "units"
    units.mkdir()
    assert run("schedule", "systemd", "--settings", settings, "--out", units, "--at", "05:30").exit_code == 0
    names = ["parcours-failed.service", "parcours.service", "parcours.timer"]
    assert sorted(path.name for path in units.iterdir()) == names
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(units / name for name in names)], capture_output=True, text=True
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    [calendar] = re.findall("OnCalendar=(.*)", (units / "parcours.timer").read_text())
    found = subprocess.run(
        ["systemd-analyze", "calendar", "--base-time=2026-11-29 12:00 UTC", "--iterations=1", calendar],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "2026-11-30 04:30:00 UTC" in found  # half past five in Paris, in winter


def test_the_service_refreshes_this_business_and_tells_when_it_gives_up(settings: Path) -> None:
    units = run("schedule", "systemd", "--settings", settings, "--user", "ada").stdout
    assert "User=ada\n" in units
    refresh, tell = (list(words(line)) for line in re.findall("ExecStart=(.*)", units))
    assert refresh[1:] == ["refresh", "--settings", str(settings), "--data", str(settings.parent / "data")]
    assert NOTHING_CONNECTED in subprocess.run(refresh, capture_output=True, text=True).stderr
    said = subprocess.run(tell, capture_output=True, text=True)
    assert (said.returncode, "PARCOURS_ALERT_URL is not set" in said.stderr) == (1, True)


def test_without_alerts_nothing_is_started_when_it_gives_up(settings: Path) -> None:
    settings.write_text(BUSINESS, encoding="utf-8")
    units = run("schedule", "systemd", "--settings", settings).stdout
    assert "OnFailure" not in units
    assert units.count("ExecStart=") == 1


def test_the_line_of_cron_refreshes_this_business(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *comments, line = run("schedule", "cron", "--settings", settings, "--at", "05:30").stdout.splitlines()
    minute, _, *stars, command = line.split(maxsplit=5)
    assert (minute, stars) == ("30", ["*", "*", "*"])
    assert all(comment.startswith("# 05:30 in Europe/Paris is ") for comment in comments)
    # cron takes \% for %, and % for a new line
    assert not re.search(r"(?<!\\)%", command)
    said = subprocess.run(["sh", "-c", command.replace(r"\%", "%")], capture_output=True, text=True)
    assert NOTHING_CONNECTED in said.stderr
    assert shlex.split(command)[0].endswith("/bin/parcours")


CRON = """
for folder in /var/spool/cron/crontabs /etc/cron.d /run; do mount -t tmpfs tmpfs $folder || exit 1; done
mount --bind /dev/null /etc/crontab && crontab "$1" && exec cron -f
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("cron") is None or os.getuid() != 0, reason="cron is not here, or this is not root")
def test_cron_runs_the_line(settings: Path, tmp_path: Path) -> None:
    """By Debian's daemon, which sees no table but this one, in its bare environment."""
    folder, table, data = settings.parent, settings.with_name("table"), tmp_path / "data"
    settings.write_text(SETTINGS)
    (folder / "spend.csv").write_text("day,channel,amount,currency\n2026-11-05,radio,50,EUR\n")
    (folder / ".env").touch(mode=0o600)
    (folder / ".env").write_text(f"PARCOURS_IDENTITY_KEY={os.environ['PARCOURS_IDENTITY_KEY']}\n")
    printed = run("schedule", "cron", "--settings", settings, "--data", data).stdout
    every_minute, changed = re.subn(r"(?m)^\d+ \d+ \* \* \* ", "* * * * * ", printed)
    assert changed == 1
    table.write_text(every_minute)
    bare = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    command = ["unshare", "--mount", "sh", "-c", CRON, "sh", str(table)]
    daemon = subprocess.Popen(command, env=bare, start_new_session=True)
    runs = data / "runs.jsonl"
    try:
        until(runs.exists, 600)
    finally:
        daemon.kill()
        daemon.wait()
    first = json.loads(runs.read_text().splitlines()[0])
    assert (first["exit_code"], [one["source"] for one in first["sources"]]) == (0, ["files"])
    assert (data / "marts.duckdb").exists()


@pytest.mark.parametrize("text", ["25:00", "6", "06:00:00"])
def test_what_is_no_time_of_day_is_refused(settings: Path, text: str) -> None:
    result = run("schedule", "cron", "--settings", settings, "--at", text)
    assert (result.exit_code, "is no time of day; try 06:00" in result.stderr) == (2, True)
