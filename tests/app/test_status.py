"""`parcours status`: what it tells of runs that ended, run, or died."""

import json
import os
from pathlib import Path

import pytest

from flows.one_at_a_time import alone, note_stopped
from tests.app.commands import run, words
from tests.app.small_marts import publish_health
from tests.app.small_runs import RUN, SOURCE, write_runs


def test_status_before_any_refresh(tmp_path: Path) -> None:
    result = run("status", "--data", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("No refresh has finished here yet. Start one: parcours refresh")


def test_status_shows_the_last_runs_and_the_sources_of_the_last(tmp_path: Path) -> None:
    failed = SOURCE | {"source": "ecb", "status": "failed", "rows": 0, "error": "busy"}
    write_runs(tmp_path, RUN, RUN | {"sources": [SOURCE, failed], "exit_code": 3})
    said = words(run("status", "--data", tmp_path).stdout)
    assert "2026-03-04 05:00:01 2026-03-03 ok 12.5 1,234" in said
    assert "2026-03-04 05:00:01 2026-03-03 partial 12.5 1,234 ecb" in said
    assert "mailchimp loaded 1,234 3.0" in said
    assert "ecb failed: busy" in said


def test_status_shows_no_more_than_five_runs(tmp_path: Path) -> None:
    write_runs(tmp_path, *[RUN | {"through": f"2026-03-0{day}"} for day in range(1, 8)])
    said = run("status", "--data", tmp_path).stdout
    assert [day for day in range(1, 8) if f"2026-03-0{day} " in said] == [3, 4, 5, 6, 7]


def test_status_prints_messages_whole_and_with_their_brackets(tmp_path: Path) -> None:
    warning = "no current rate for CYP: correct [sources.ecb] currencies; " + "this is long " * 20
    error = "dbt failed [red]in[/red] staging [/]"
    sources = [SOURCE | {"warnings": [warning.strip()]}]
    write_runs(tmp_path, RUN | {"sources": sources, "published": [], "error": error, "exit_code": 1})
    said = run("status", "--data", tmp_path).stdout
    assert f"mailchimp warned: {warning.strip()}\n" in said
    assert f"Nothing was published: {error}\n" in said
    assert "nothing published" in said


def test_status_tells_what_failed_after_the_publish(tmp_path: Path) -> None:
    fault = "rsync failed with exit code 23: see [published] command"
    write_runs(tmp_path, RUN, RUN | {"undelivered": [fault], "exit_code": 3})
    said = run("status", "--data", tmp_path).stdout
    assert f"Published, but {fault}\n" in said
    assert said.count("partial") == 1


def test_status_of_a_run_that_ended_before_its_first_source(tmp_path: Path) -> None:
    write_runs(tmp_path, RUN | {"sources": [], "published": [], "error": "no key", "exit_code": 1})
    assert "Nothing was published: no key" in run("status", "--data", tmp_path).stdout


def test_status_passes_over_a_half_written_line(tmp_path: Path) -> None:
    write_runs(tmp_path, RUN)
    with (tmp_path / "runs.jsonl").open("a") as log:
        log.write('{"as_of": "2026-03-')
    assert "2026-03-04 05:00:01" in run("status", "--data", tmp_path).stdout


def test_status_tells_a_killed_run(tmp_path: Path) -> None:
    note = {"pid": 4711, "host": "shop", "since": "2026-03-04T05:00:00+00:00"}
    (tmp_path / "refresh.holder.json").write_text(json.dumps(note))
    said = run("status", "--data", tmp_path).stdout
    assert "The last refresh was killed (process 4711 on shop since 2026-03-04T05:00:00+00:00). Run it again" in said


@pytest.mark.parametrize("by", ["Ctrl-C", "SIGTERM"])
def test_status_tells_a_refresh_that_a_signal_stopped_from_a_killed_one(tmp_path: Path, by: str) -> None:
    note = tmp_path / "refresh.holder.json"
    with alone(tmp_path):
        note_stopped(by)
        left = note.read_text()
    note.write_text(left)
    assert (
        f"The last refresh was stopped by {by} (process {os.getpid()} on " in run("status", "--data", tmp_path).stdout
    )


def test_status_tells_a_running_refresh(tmp_path: Path) -> None:
    with alone(tmp_path):
        assert run("status", "--data", tmp_path).stdout.startswith("A refresh is running: process ")


def test_status_shows_the_health_of_each_source_and_what_needs_attention(tmp_path: Path) -> None:
    write_runs(tmp_path, RUN)
    publish_health(tmp_path / "marts.duckdb")
    said = words(run("status", "--data", tmp_path).stdout)
    assert "expected through 2026-03-20" in said
    assert "ecb loaded 2026-03-20 19:00 2026-03-20 2026-03-20 0 7 99" in said
    failed = "facebook_page failed 2026-03-19 19:00 2026-03-18 2026-03-18 2 0 1,234"
    assert f"{failed} 2026-03-29 (9 days) calls per hour: 12 of 200 used" in said
    for line in (
        "token expired",
        "no rates for CYP",
        "its data are 2 days behind",
        "an API that it calls ends 2026-05-01: upgrade Parcours before",
        "the vendor added fields that are not loaded: posts.mood",
        "insights_by_country.spend departs by -3.4% from its total",
    ):
        assert f"facebook_page: {line}" in said
    assert "ecb:" not in said
