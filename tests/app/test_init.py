"""`parcours init`, and how commands find the settings, the data and the secrets of a business."""

import os
import pty
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import template
from app.ready import ready
from flows.places import PROJECT
from pipelines.registry import CONNECTORS
from sandbox.server import Running
from tests.app import small_marts
from tests.app.commands import AS_OF, BUSINESS, run, words

HISTORY = ("--from", "2026-03-02")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Commands set what `.env` says; a test begins without a key."""
    before = dict(os.environ)
    os.environ.pop("PARCOURS_IDENTITY_KEY", None)
    yield
    os.environ.clear()
    os.environ.update(before)


def begun(folder: Path, *tools: str) -> str:
    """What is said when a business begins."""
    named = [word for tool in tools for word in ("--tool", tool)]
    result = run(
        "init", folder, "--name", 'Ada "&" Söhne', "--zone", "Europe/Berlin", "--currency", "CHF", *HISTORY, *named
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def secrets(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_a_business_begins_with_what_was_chosen_and_nothing_else(tmp_path: Path) -> None:
    said = begun(tmp_path / "ada", "brevo")
    assert tomllib.loads((tmp_path / "ada" / "parcours.toml").read_text()) == {
        "business": {
            "name": 'Ada "&" Söhne',
            "time_zone": "Europe/Berlin",
            "currency": "CHF",
            "history_start": AS_OF.date().replace(day=2),
        },
        "sources": {"brevo": {}},
    }
    assert ready(tmp_path / "ada" / "parcours.toml").connected == ["brevo"]
    found = secrets(tmp_path / "ada")
    assert re.fullmatch("[0-9a-f]{64}", found.pop("PARCOURS_IDENTITY_KEY"))
    assert found == {"SOURCES__BREVO__API_KEY": ""}
    assert (tmp_path / "ada" / ".env").stat().st_mode & 0o777 == 0o600
    assert "Brevo: Create an API key in Brevo (Settings > SMTP & API > API keys)" in said
    assert f"1. Fill in {tmp_path}/ada/.env: SOURCES__BREVO__API_KEY\n2. See whether" in said
    assert f"cd {tmp_path}/ada && parcours check" in said


def test_a_tool_is_added_and_nothing_is_overwritten(tmp_path: Path) -> None:
    begun(tmp_path, "brevo")
    toml, env = tmp_path / "parcours.toml", tmp_path / ".env"
    env.write_text(env.read_text().replace("BREVO__API_KEY=", "BREVO__API_KEY=k$1 'x"))
    before, secrets_before = toml.read_text(), env.read_text()
    said = run("init", tmp_path, "--tool", "brevo", "--tool", "zendesk", "--name", "Bob").stdout
    assert toml.read_text().startswith(before)
    assert env.read_text().startswith(secrets_before)
    assert ready_but_for(toml) == ["sources.zendesk.subdomain", "sources.zendesk.email"]
    assert "what it says of the business stays" in said
    assert list(secrets(tmp_path)) == [
        "PARCOURS_IDENTITY_KEY",
        "SOURCES__BREVO__API_KEY",
        "SOURCES__ZENDESK__API_TOKEN",
    ]
    assert "SOURCES__BREVO__API_KEY" not in said, "it is filled in"
    written = toml.read_text(), env.read_text()
    run("init", tmp_path, "--tool", "zendesk")
    assert (toml.read_text(), env.read_text()) == written


def ready_but_for(toml: Path) -> list[str]:
    """The keys that a command still refuses as examples."""
    result = run("check", "--settings", toml)
    assert result.exit_code == 1
    return re.findall(r"parcours\.toml: (\S+): is still the example", result.stderr)


def test_every_tool_begins_with_settings_that_hold_once_the_examples_are_replaced(tmp_path: Path) -> None:
    begun(tmp_path, *CONNECTORS)
    toml = tmp_path / "parcours.toml"
    assert ready_but_for(toml) == [
        "sources.google_analytics.properties",
        "sources.google_analytics.primary",
        "sources.facebook_ads.accounts",
        "sources.facebook_page.pages",
        "sources.shopify.shop",
        "sources.woocommerce.site",
        "sources.zendesk.subdomain",
        "sources.zendesk.email",
        "sources.typeform.forms",
        "sources.trustpilot.business_unit",
        "sources.files.feeds",
    ]
    text = toml.read_text()
    for example, own in {
        "123456789": "987654321",
        "your-": "ada-",
        "AbCdEf": "QwErTy",
        "0123456789abcdef01234567": "ada1",
        "exports/": "shop/",
    }.items():
        text = text.replace(example, own)
    toml.write_text(text)
    settings = ready(toml)
    assert settings.connected == list(CONNECTORS)
    assert settings.business.orders_from == ["shopify", "woocommerce", "files"]


def test_the_project_s_settings_are_the_template() -> None:
    assert (PROJECT / "parcours.toml").read_text() == template.TEMPLATE.read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tool", "shopfy"], "--tool: 'shopfy' is unknown: did you mean shopify?"),
        (["--zone", "Paris"], "--zone: 'Paris' is no IANA time zone"),
        (["--currency", "euro"], "--currency: 'euro' is no currency of today"),
        (["--from", "soon"], "--from: is 'soon', but should be a date"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_written(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = run("init", tmp_path / "ada", *arguments)
    assert result.exit_code == 2
    assert said in words(result.stderr)
    assert not (tmp_path / "ada").exists()


def test_when_all_is_filled_in_the_tools_are_checked(tmp_path: Path, vendors: Running) -> None:
    said = begun(tmp_path, "ecb")
    assert "✓ European Central Bank\n    reference rates of 4 currencies up to 2026-03-03" in said
    assert "Next:" not in said


def test_a_terminal_is_asked(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "app.cli", "init", str(tmp_path / "ada")]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, env=environment, cwd=tmp_path) as process:
        os.write(ours, b"Ada\nParis\nEurope/Paris\n\n2026-03-02\nbrevo, rewardfull\nbrevo rewardful\n")
        said = process.communicate(timeout=120)[0].decode()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    assert "'Paris' is no IANA time zone" in said
    assert "'rewardfull' is unknown: did you mean rewardful?" in said
    settings = ready(tmp_path / "ada" / "parcours.toml")
    assert (settings.business.name, settings.business.currency) == ("Ada", "EUR")
    assert settings.connected == ["brevo", "rewardful"]


def test_commands_find_settings_secrets_and_data_where_they_are_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendors: Running
) -> None:
    begun(tmp_path / "ada", "ecb")
    monkeypatch.delenv("PARCOURS_IDENTITY_KEY")
    monkeypatch.chdir(tmp_path / "ada")
    assert "✓ European Central Bank" in run("check").stdout
    assert os.environ["PARCOURS_IDENTITY_KEY"] == secrets(tmp_path / "ada")["PARCOURS_IDENTITY_KEY"]
    (tmp_path / "ada" / "data").mkdir()
    small_marts.publish(tmp_path / "ada" / "data" / "marts.duckdb")
    shown = run("kpi").stdout
    assert "New prospects" in shown
    monkeypatch.chdir(tmp_path)
    assert run("kpi").stdout != shown  # but what the project holds, if anything
    monkeypatch.setenv("PARCOURS_SETTINGS", str(tmp_path / "ada" / "parcours.toml"))
    assert "New prospects" in run("kpi").stdout
    assert "New prospects" not in run("kpi", "--data", tmp_path).stdout


def test_a_file_s_location_and_the_data_count_from_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "a" * 64)
    monkeypatch.setenv("SPEND", "exports")
    (tmp_path / "ada" / "exports").mkdir(parents=True)
    (tmp_path / "ada" / "exports" / "spend.csv").write_text("day,cost\n2026-03-02,3.5\n")
    toml = tmp_path / "ada" / "parcours.toml"
    toml.write_text(
        BUSINESS + '[sources.files.feeds.ads]\nentity = "spend"\nlocation = "${SPEND}/*.csv"\n'
        'columns = {date_day = "day", amount = "cost"}\nconstants = {currency = "EUR"}\n'
    )
    monkeypatch.chdir(tmp_path)
    assert "✓ Files\n    ads/spend.csv as spend\n" in run("check", "--settings", "ada/parcours.toml").stdout
    (tmp_path / "ada" / "data").write_text("")
    result = run("refresh", "--settings", "ada/parcours.toml")
    assert result.exit_code == 1
    assert f"{tmp_path}/ada/data cannot be written" in words(result.stderr)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(tmp_path, "brevo")
    (tmp_path / ".env").write_text("PARCOURS_IDENTITY_KEY=of-the-file-0123456789\nSOURCES__BREVO__API_KEY='a$b\"c'\n")
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "of-the-environment-0123456789")
    monkeypatch.delenv("SOURCES__BREVO__API_KEY", raising=False)
    run("refresh", "--dry-run", "--settings", tmp_path / "parcours.toml")
    assert os.environ["PARCOURS_IDENTITY_KEY"] == "of-the-environment-0123456789"
    assert os.environ["SOURCES__BREVO__API_KEY"] == 'a$b"c'


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_secrets_that_others_can_read_are_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    (tmp_path / "parcours.toml").write_text(BUSINESS)
    (tmp_path / ".env").write_text("SOURCES__BREVO__API_KEY=very-secret\n")
    (tmp_path / ".env").chmod(mode)
    result = run("check", "--settings", tmp_path / "parcours.toml")
    assert result.exit_code == 1
    assert f"Close it: chmod 600 {tmp_path}/.env" in result.stderr
    assert "very-secret" not in result.output
