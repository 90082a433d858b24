"""What comes after a publish: copies and a command, over real files and processes."""

import json
import os
import signal
import sys
import time
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows import prefect_server
from flows.after_publish import after_publish, write_page
from flows.places import Places
from flows.refresh import Outcome, SourceOutcome, run_refresh
from pipelines.settings import Business, Published, Settings

AS_OF = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)
PRINT_ENVIRONMENT = "import os; print('\\n'.join(sorted(os.environ)))"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    data = tmp_path / "data"
    data.mkdir()
    found = Places(data)
    with duckdb.connect(str(found.marts)) as marts:
        marts.execute("create table kpi_capture as select 106 as new_prospects")
    found.dashboard.write_text("<h1>Tableau de bord</h1>")
    return found


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "share"
    folder.mkdir()
    return folder


def delivered(places: Places, published: Published, umask: int = 0o022) -> tuple[list[str], str]:
    """What could not be done, and all that was said."""
    said: list[str] = []
    return after_publish(places, published, said.append, umask), "\n".join(said)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:04o}"


def test_without_a_wish_nothing_is_done_or_said(places: Places) -> None:
    assert delivered(places, Published()) == ([], "")


def test_file_and_page_are_copied_for_those_who_may_read_them(places: Places, share: Path) -> None:
    usual = os.umask(0o077)  # that of a refresh
    try:
        faults, said = delivered(places, Published(copy_to=[str(share)], mode="0644"))
    finally:
        os.umask(usual)
    assert faults == []
    assert said == f"copied marts.duckdb and dashboard.html to {share}"
    assert {path.name: mode(path) for path in share.iterdir()} == {"marts.duckdb": "0644", "dashboard.html": "0644"}
    assert (share / "marts.duckdb").read_bytes() == places.marts.read_bytes()
    assert (share / "dashboard.html").read_text() == "<h1>Tableau de bord</h1>"


def test_a_file_published_elsewhere_is_copied_and_not_its_link(places: Places, share: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.duckdb"
    places.marts.rename(elsewhere)
    places.marts.symlink_to(elsewhere)
    delivered(places, Published(copy_to=[str(share)]))
    assert not (share / "marts.duckdb").is_symlink()
    assert (share / "marts.duckdb").read_bytes() == elsewhere.read_bytes()


def test_a_reader_of_a_copy_keeps_the_old_and_no_log_is_replayed_onto_the_new(places: Places, share: Path) -> None:
    (share / "dashboard.html").write_text("old")
    (share / "marts.duckdb.wal").write_bytes(b"a careless reader's")
    with (share / "dashboard.html").open() as reader:
        delivered(places, Published(copy_to=[str(share)]))
        assert reader.read() == "old"
    assert sorted(path.name for path in share.iterdir()) == ["dashboard.html", "marts.duckdb"]


def test_without_a_page_the_file_alone_is_copied(places: Places, share: Path) -> None:
    places.dashboard.unlink()
    assert delivered(places, Published(copy_to=[str(share)])) == ([], f"copied marts.duckdb to {share}")


def test_a_folder_that_is_not_there_is_not_made_and_hinders_no_other(
    places: Places, share: Path, tmp_path: Path
) -> None:
    """It may be where something is mounted that is not mounted now."""
    gone = tmp_path / "gone"
    wishes = Published(copy_to=[str(gone), str(share)], command=[sys.executable, "-c", "print('ran')"])
    faults, said = delivered(places, wishes)
    assert faults == [f"not copied to {gone}: No such file or directory: see [published] copy_to"]
    assert not gone.exists()
    assert (share / "marts.duckdb").exists()
    assert "  ran" in said
    assert f"published, but {faults[0]}" in said


def test_a_group_that_does_not_exist_is_a_fault_and_leaves_the_old_copy(places: Places, share: Path) -> None:
    (share / "marts.duckdb").write_text("old")
    [fault], _ = delivered(places, Published(copy_to=[str(share)], group="no-such-group"))
    assert "cannot be given to the group 'no-such-group'" in fault
    assert [path.read_text() for path in share.iterdir()] == ["old"]


def test_a_command_runs_without_a_shell_and_is_told_the_files(places: Places, share: Path) -> None:
    code = "import os, sys; open(sys.argv[1], 'w').write(os.environ['PARCOURS_MARTS'] + os.environ['PARCOURS_PAGE'])"
    wishes = Published(command=[sys.executable, "-c", code, str(share / "$HOME; echo")])
    assert delivered(places, wishes) == ([], "")
    assert (share / "$HOME; echo").read_text() == f"{places.marts}{places.dashboard}"


def test_a_command_s_files_have_the_user_s_own_umask(places: Places, share: Path) -> None:
    usual = os.umask(0o077)  # that of a refresh
    try:
        delivered(places, Published(command=["touch", str(share / "made")]), umask=0o027)
    finally:
        os.umask(usual)
    assert mode(share / "made") == "0640"


def test_a_command_sees_no_secret(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PARCOURS_IDENTITY_KEY", "SOURCES__KLAVIYO__API_KEY", "PREFECT_API_KEY", "PGPASSWORD"):
        monkeypatch.setenv(name, "hidden")
    monkeypatch.setenv("TZ", "Europe/Paris")
    _, said = delivered(places, Published(command=[sys.executable, "-c", PRINT_ENVIRONMENT]))
    seen = set(said.split()[2:])
    allowed = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PARCOURS_MARTS", "PARCOURS_PAGE"}
    assert {"PATH", "TZ", "PARCOURS_MARTS", "PARCOURS_PAGE"} <= seen
    assert seen - allowed <= {"LC_CTYPE"}  # Python's own, where no locale is set


def test_what_a_command_prints_is_told_and_its_failure_is_a_fault(places: Places) -> None:
    code = "import sys; print('[red]half[/]'); print('no space', file=sys.stderr); sys.exit(23)"
    faults, said = delivered(places, Published(command=[sys.executable, "-c", code]))
    assert faults == [f"{sys.executable} failed with exit code 23: see [published] command"]
    assert "  [red]half[/]" in said
    assert "  no space" in said


def test_of_much_that_is_printed_the_end_is_told(places: Places) -> None:
    _, said = delivered(places, Published(command=[sys.executable, "-c", "print('x' * 1_000_000); print('the end')"]))
    assert said.endswith("the end")
    assert len(said) < 5000


def test_a_command_that_does_not_exist_is_a_fault(places: Places) -> None:
    faults, _ = delivered(places, Published(command=["/no/such/program"]))
    assert faults == ["/no/such/program was not run: No such file or directory: see [published] command"]


def test_a_command_that_hangs_is_ended_with_all_that_it_started(places: Places, share: Path) -> None:
    child = share / "child"
    wishes = Published(command=["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], command_minutes=0.01)
    started = time.monotonic()
    faults, _ = delivered(places, wishes)
    assert time.monotonic() - started < 20
    assert faults == ["sh took longer than its 0.01 minutes: see [published] command_minutes"]
    assert has_ended(int(child.read_text()))


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only to be buried by whoever takes orphans."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    return False


def test_a_refresh_does_it_with_the_user_s_umask_and_writes_down_what_failed(
    tmp_path: Path, share: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of `run_refresh`, around a flow that does nothing but publish."""

    def publishing(_settings: object, places: Places, outcome: Outcome, *_: object) -> None:
        places.marts.write_text("published")
        outcome.published = ["kpi_capture"]

    monkeypatch.setattr(prefect_server, "start", lambda _: None)
    monkeypatch.setattr(prefect_server, "used", lambda _: nullcontext())
    monkeypatch.setattr("flows.refresh_flow.refresh", publishing)
    monkeypatch.setattr("flows.refresh.write_page", lambda *_: [])
    command = ["sh", "-c", f"touch {share / 'made'}; exit 9"]
    wishes = Published(copy_to=[str(share)], command=command)
    business = Business.model_validate({"name": "Ada", "history_start": date(2026, 3, 2)})
    said: list[str] = []
    usual = os.umask(0o027)
    try:
        outcome = run_refresh(
            Settings(business=business, published=wishes),
            Places(tmp_path / "data"),
            date(2026, 3, 3),
            AS_OF,
            [],
            said.append,
        )
    finally:
        os.umask(usual)
    assert (outcome.error, outcome.exit_code) == ("", 3)
    assert mode(share / "made") == "0640"
    assert (share / "marts.duckdb").read_text() == "published"
    [line] = (tmp_path / "data" / "runs.jsonl").read_text().splitlines()
    assert json.loads(line)["undelivered"] == ["sh failed with exit code 9: see [published] command"]
    assert said[-1] == "published, but sh failed with exit code 9: see [published] command"


def test_what_could_not_be_delivered_makes_a_refresh_partial_and_not_a_failure() -> None:
    loaded = [SourceOutcome("ecb", "loaded")]
    assert Outcome(AS_OF, date(2026, 3, 3), AS_OF, loaded, published=["kpi_capture"]).exit_code == 0
    late = Outcome(AS_OF, date(2026, 3, 3), AS_OF, loaded, published=["kpi_capture"], undelivered=["rsync failed"])
    assert late.exit_code == 3


def test_a_page_that_cannot_be_written_is_told_and_undoes_nothing(places: Places) -> None:
    places.marts.write_text("no DuckDB file")
    said: list[str] = []
    (fault,) = write_page(places, Published(), said.append)
    assert fault.startswith("the page was not written: Unreadable: ")
    assert said == [f"published, but {fault}"]
    assert places.marts.read_text() == "no DuckDB file"
