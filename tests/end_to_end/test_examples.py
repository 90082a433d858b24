"""Every example of `--help` is run as it stands, in the folder of a business that has been refreshed."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from flows.places import PROJECT
from tests.aiming import aim
from tests.app.commands import run
from tests.app.test_cli import COMMANDS, WITHIN
from tests.browser import CHROMIUM
from tests.end_to_end.conftest import Refreshed

NOT_RUN = {
    "init": "asks, or writes the settings that are there already: tests/app/test_init.py",
    "demo": "loads all anew: `make demo`",
    "sandbox": "does not end",
    "serve": "does not end",
    "mcp": "does not end",
    "forget": "asks: tests/app/test_forget.py",
    "disconnect facebook_ads": "takes out: tests/end_to_end/test_disconnect.py",
    "alerts test": "writes to somebody: tests/app/test_alerts.py",
    "alerts tell": "writes to somebody: tests/app/test_alerts.py",
    "export postgres": "writes to a server: tests/app/test_export_postgres.py",
    "digest --by month --send": "writes to somebody: tests/app/test_digest.py",
    "refresh": "loads: tests/app/test_refresh.py",
    "backfill": "loads: tests/app/test_refresh.py",
}


def examples() -> list[str]:
    """Those of all commands, in the order of the help."""
    paths = [*((name,) for name in COMMANDS), *WITHIN]
    told = (run(*path, "--help").stdout for path in paths)
    return list(dict.fromkeys(one for text in told for one in re.findall(r"^ (parcours .*?)\s*$", text, re.M)))


def is_run(example: str) -> bool:
    """Whether it ends by itself and leaves the world as it is."""
    asked = example.removeprefix("parcours ")
    return ("--dry-run" in asked and "forget" not in asked) or not any(asked.startswith(name) for name in NOT_RUN)


def test_the_examples_of_the_help_do_what_they_say(
    refreshed: Refreshed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, absent = tmp_path / "boutique", tmp_path / "srv"
    (absent / "backups").mkdir(parents=True)
    shutil.copytree(PROJECT / "examples" / "demo", folder)
    shutil.copytree(refreshed.places.data, folder / "data", ignore=shutil.ignore_patterns("prefect", "dlt"))
    shutil.copy(refreshed.places.marts, folder / "before.duckdb")
    aim(refreshed.vendors, monkeypatch)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    failed: dict[str, str] = {}
    found = [one for one in examples() if is_run(one) and ("--pdf" not in one or CHROMIUM)]
    for example in sorted(found, key=lambda one: one.startswith("parcours restore")):  # when the others are done
        arguments = shlex.split(example.split(" > ")[0].replace("/srv", str(absent)))[1:]
        for name in arguments:  # a backup of another minute
            if name.startswith("parcours-backup-"):
                next(folder.glob("parcours-backup-*")).rename(folder / name)
        if arguments[0] == "restore" and "--force" not in arguments:  # as on a machine that has no data yet
            (folder / "data").rename(tmp_path / "before")
        if (result := run(*arguments)).exit_code:
            failed[example] = result.output
    assert failed == {}
    assert len(found) > 25
