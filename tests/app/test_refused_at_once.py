"""What a command refuses before it calls a vendor, and what it says over damaged files: a sentence, no traceback."""

from pathlib import Path

import pytest

from flows.places import Places
from tests.app.commands import BUSINESS, run, words

FOUR = """
[sources.woocommerce]
site = "shop.example"
[sources.facebook_page]
pages = ["1"]
[sources.brevo]
[sources.ecb]
"""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "a" * 64)


def toml(folder: Path, text: str) -> Path:
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + text)
    return path


def test_a_refresh_with_nothing_connected_runs_nothing(tmp_path: Path) -> None:
    result = run("refresh", "--settings", toml(tmp_path, ""), "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "No source is connected: add a [sources.…] section" in words(result.stderr)
    assert not (tmp_path / "data").exists()


def commands(toml: Path, data: Path) -> list[list[object]]:
    """Every command that works on the business."""
    usual: list[object] = ["--settings", toml, "--data", data]
    days = ["--source", "brevo", "--from", "2026-03-02", "--to", "2026-03-02"]
    return [
        ["check", "--settings", toml],
        ["refresh", *usual],
        ["refresh", *usual, "--dry-run"],
        ["backfill", *usual, *days],
        ["backfill", *usual, *days, "--dry-run"],
    ]


@pytest.mark.parametrize("number", range(5))
def test_missing_secrets_are_named_all_at_once(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__WOOCOMMERCE__CONSUMER_KEY", "ck_1")
    arguments = commands(toml(tmp_path, FOUR), tmp_path / "data")[number]
    result = run(*arguments)
    assert result.exit_code == 1
    said = words(result.stderr)
    asked = ["BREVO__API_KEY"]
    if arguments[0] != "backfill":  # which asks one source alone
        asked += ["FACEBOOK_PAGE__ACCESS_TOKEN", "WOOCOMMERCE__CONSUMER_SECRET"]
    for variable in asked:
        assert f"SOURCES__{variable}" in said
    assert "CONSUMER_KEY" not in said
    assert "APP_SECRET" not in said, "Facebook's can be left out"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("number", range(5))
def test_wrong_settings_are_named_all_at_once_by_every_command(tmp_path: Path, number: int) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(
        '[business]\nname = "Ada"\nhistory_start = 2999-01-01\nnorth_star = "nonsense"\n[sources.brevo]\nkey = 1\n'
        '[sources.files.feeds.a]\nentity = "sales"\nlocation = "a.csv"\n'
        '[sources.files.feeds.b]\nentity = "leads"\nlocation = "b.csv"\n'
    )
    result = run(*commands(path, tmp_path / "data")[number])
    assert result.exit_code == 1
    said = words(result.stderr)
    for wrong in (
        "business.north_star: 'nonsense' cannot be chosen; known are: weekly_active_customers, ",
        "business.history_start: 2999-01-01 has not come yet",
        "sources.brevo.key: is not known",
        "sources.files.feeds.a.entity: 'sales' is no entity",
        "sources.files.feeds.b: leads need ",
    ):
        assert wrong in said, wrong
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("damage", [b"\xff\xfe\x00", b"[]\n3\nnull\n", b'{"sources": 3}\n', b'{"pid": 1}\n'])
def test_status_and_kpi_bear_damaged_files(tmp_path: Path, damage: bytes) -> None:
    places = Places(tmp_path)
    for path in (places.runs, places.data / "refresh.holder.json", places.marts):
        path.write_bytes(damage)
    status = run("status", "--data", tmp_path)
    assert status.exit_code == 0
    assert "The last refresh was killed (its process is unknown)" in words(status.stdout)
    kpi = run("kpi", "--data", tmp_path)
    assert kpi.exit_code == 1
    assert "is damaged or cannot be read. Publish it anew: parcours refresh" in words(kpi.stderr)


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("refresh", "--settings", toml(tmp_path, "[sources.ecb]\n"), "--data", tmp_path / "file" / "data")
    assert result.exit_code == 1
    assert "cannot be written" in words(result.stderr)
    assert "Traceback" not in result.stderr
