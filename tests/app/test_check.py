"""`parcours check`: whom each source is read as, or what to fix."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.places import Places
from pipelines import clock, load_log
from pipelines.load import add_tables
from pipelines.registry import CONNECTORS
from sandbox.server import Running
from tests.app.commands import AS_OF, BUSINESS, DEMO, run, words


def test_check_says_what_each_source_is_connected_to(vendors: Running) -> None:
    result = run("check", "--settings", DEMO, "--as-of", AS_OF.isoformat())
    assert result.exit_code == 0
    for said in (
        "✓ Google Analytics 4 API v1beta\n    property 111111111, primary: Europe/Paris, EUR\n",
        "✓ Facebook ads API v26.0\n",
        "    account 1002, Boutique US: USD, America/New_York\n    token valid, never expires\n",
        "    token valid, 23 days left (until 2026-03-27)\n",
        "✓ Mailchimp API 3.0\n    account La boutique: 3 lists\n",
        "✓ European Central Bank\n    reference rates of 4 currencies up to 2026-03-03\n",
        "✓ Files\n    spend/spreadsheets/spend.csv as spend\n",
    ):
        assert said in result.stdout


def test_check_warns_of_a_token_that_expires_soon_and_says_how_to_renew_it(vendors: Running) -> None:
    result = run("check", "facebook_page", "--settings", DEMO, "--as-of", "2026-03-18T05:00:00+00:00")
    assert result.exit_code == 0
    assert "    warning: token valid, 9 days left (until 2026-03-27). To renew it: Give SOURCES__FA" in result.stdout


def test_check_of_a_token_that_has_expired_fails_and_says_how_to_renew_it(vendors: Running) -> None:
    result = run("check", "facebook_page", "--settings", DEMO, "--as-of", "2026-03-28T05:00:00+00:00")
    assert result.exit_code == 1
    assert "✗ Facebook page\n    token expired on 2026-03-27. To renew it: Give SOURCES__FACEBOOK" in result.stdout


def test_check_without_an_answer_about_the_token_says_so(vendors: Running) -> None:
    vendors.fault("/debug_token$", "500", times=6)
    result = run("check", "facebook_page", "--settings", DEMO)
    assert result.exit_code == 0
    assert "    when its credential expires is not known: Facebook: debug_token gave an answer that" in result.stdout


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


@pytest.mark.parametrize(
    ("off", "told"),
    [
        (timedelta(minutes=4), ""),
        (timedelta(minutes=-4), ""),
        (timedelta(minutes=70), "✗ Clock\n    This machine's clock is 70 minutes ahead of the vendors': days would"),
        (timedelta(hours=-26), "✗ Clock\n    This machine's clock is 1,560 minutes behind the vendors': days would"),
    ],
)
def test_check_tells_a_clock_that_is_not_the_vendors(
    vendors: Running, monkeypatch: pytest.MonkeyPatch, off: timedelta, told: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + off)
    result = run("check", "mailchimp", "ecb", "--settings", DEMO)
    assert (result.exit_code, told in result.stdout, "Clock" in result.stdout) == (bool(told), True, bool(told))


def test_an_answer_without_a_date_tells_nothing_of_the_clock() -> None:
    with clock.listening() as heard:
        for headers in ({}, {"Date": "yesterday"}, {"Date": "Mon, 30 Nov 2026 20:00:00"}):
            clock.hear(headers)
    assert (heard, clock.fault(heard)) == ([], "")


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


def test_check_says_where_data_are_kept_and_what_a_refresh_would_refuse(settings: Path, tmp_path: Path) -> None:
    settings.write_text(BUSINESS)
    data = tmp_path / "data"
    assert f"✓ Data\n    {data}: " in run("check", "--settings", settings, "--data", data).stdout
    data.mkdir()
    (data / "warehouse.duckdb").write_bytes(b"hello")
    result = run("check", "--settings", settings, "--data", data)
    assert result.exit_code == 1
    assert f"✗ Data\n    {data / 'warehouse.duckdb'} is damaged. Restore the last backup" in result.stdout


@pytest.mark.parametrize(
    ("lapsed", "said", "exit_code"),
    [
        (
            1,
            "✓ Privacy the next refresh forgets 1 of 3 persons, whose last contact was before 2023-03-04 "
            "([privacy] prospects_months = 36)",
            0,
        ),
        (
            2,
            "✗ Privacy too many to forget unasked: 2 of 3 persons, whose last contact was before 2023-03-04 "
            "([privacy] prospects_months = 36). If it is meant: parcours refresh --accept-purge",
            1,
        ),
    ],
)
def test_check_says_how_many_persons_the_next_refresh_forgets(
    tmp_path: Path, lapsed: int, said: str, exit_code: int
) -> None:
    settings, places = tmp_path / "parcours.toml", Places(tmp_path / "data")
    settings.write_text(f"{BUSINESS}[privacy]\nprospects_months = 36\n")
    places.data.mkdir()
    with load_log.connect(places.warehouse) as connection:
        add_tables(connection, CONNECTORS["shopify"])
        for number in range(3):
            key, day = f"{number:064}", "2023-03-03" if number < lapsed else "2023-03-04"
            connection.execute(
                "insert into raw_shopify.orders by name select ? as id, ? as email_key, ? as created_at",
                [str(number), key, f"{day}T12:00:00Z"],
            )
    before = places.warehouse.read_bytes()
    result = run("check", "--settings", settings, "--data", places.data, "--as-of", AS_OF.isoformat())
    assert said in words(result.stdout)
    assert result.exit_code == exit_code
    assert places.warehouse.read_bytes() == before


def test_check_warns_of_days_that_no_tool_of_a_kind_counts(vendors: Running, tmp_path: Path) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + "[sources.mailchimp]\nuntil = 2026-03-02\n[sources.brevo]\nfrom = 2026-03-04\n")
    result = run("check", "--settings", path)
    assert result.exit_code == 0
    assert (
        "warning: from 2026-03-03 to 2026-03-03, between mailchimp and brevo, nothing counts (opt_ins, broadcasts, "
        "list_sizes). Correct `from` or `until` in parcours.toml.\n"
    ) in result.stdout
