"""A source that counts from a day on, or until one: what is asked of it, and what is doubtful about its days."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipelines import load_log, windows
from pipelines.load import create_empty
from pipelines.plan import Asked, plan_backfill, plan_load
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings

PARIS = ZoneInfo("Europe/Paris")
BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n'
SHOP = CONNECTORS["shopify"]


def settings(folder: Path, text: str) -> Settings:
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + text)
    return read_settings(path)


def asked(through: date) -> Asked:
    return Asked(through, datetime(through.year, through.month, through.day, 20, tzinfo=UTC), PARIS, date(2026, 3, 2))


def first_days(folder: Path, begins: str, through: date) -> set[date]:
    options = settings(folder, f'[sources.shopify]\nshop = "s"\n{begins}').sources["shopify"]
    return {pull.first_day for pull in plan_load(SHOP, options, folder / "warehouse.duckdb", asked(through)).pulls}


def loaded(folder: Path, name: str, options: Settings, last_day: date) -> None:
    """A load of all tables that reached a day."""
    connector, of = CONNECTORS[name], options.sources[name]
    plan = plan_load(connector, of, folder / "warehouse.duckdb", asked(last_day))
    create_empty(connector, folder / "warehouse.duckdb")
    with load_log.connect(folder / "warehouse.duckdb") as connection:
        load_log.record(connection, connector, plan, {})


@pytest.mark.parametrize(
    ("begins", "first_day"),
    [
        ("", date(2026, 3, 2)),
        ("from = 2026-02-01", date(2026, 3, 2)),  # history begins later
        ("from = 2026-03-16", date(2026, 3, 16)),
        ("from = 2026-05-01", date(2026, 4, 30)),  # connected before it counts: read as it is now
        ("until = 2026-03-16", date(2026, 3, 2)),
    ],
)
def test_a_source_is_asked_from_its_first_day(tmp_path: Path, begins: str, first_day: date) -> None:
    assert first_days(tmp_path, begins, date(2026, 4, 30)) == {first_day}


def test_a_first_day_that_moves_back_is_asked_for_and_a_backfill_keeps_to_it(tmp_path: Path) -> None:
    later = settings(tmp_path, '[sources.shopify]\nshop = "s"\nfrom = 2026-03-16\n')
    loaded(tmp_path, "shopify", later, date(2026, 4, 30))
    assert first_days(tmp_path, "from = 2026-03-16", date(2026, 5, 1)) == {date(2026, 4, 28)}
    assert first_days(tmp_path, "from = 2026-03-10", date(2026, 5, 1)) == {date(2026, 3, 10)}
    plan = plan_backfill(
        SHOP, later.sources["shopify"], tmp_path / "warehouse.duckdb", asked(date(2026, 4, 30)),
        date(2026, 3, 2), date(2026, 3, 20),
    )  # fmt: skip
    assert plan.pulls
    assert all(pull.first_day == date(2026, 3, 16) for pull in plan.pulls)


def test_a_source_has_ended_when_its_last_days_can_move_no_more(tmp_path: Path) -> None:
    said = settings(tmp_path, "[sources.mailchimp]\nuntil = 2026-03-15\n[sources.brevo]\n")
    settled = date(2026, 3, 15) + timedelta(days=28)  # opens and clicks come that long
    for last_day, ended in ((settled - timedelta(days=1), []), (settled, ["mailchimp"])):
        for name in said.connected:
            loaded(tmp_path, name, said, last_day)
        with load_log.connect(tmp_path / "warehouse.duckdb") as connection:
            assert windows.ended(connection, said) == ended
    # one that takes part longer after all is asked again
    longer = settings(tmp_path, "[sources.mailchimp]\nuntil = 2026-03-16\n")
    with load_log.connect(tmp_path / "warehouse.duckdb") as connection:
        assert windows.ended(connection, longer) == []


def test_a_table_that_lags_behind_keeps_its_source_asked(tmp_path: Path) -> None:
    said = settings(tmp_path, "[sources.mailchimp]\nuntil = 2026-03-15\n")
    loaded(tmp_path, "mailchimp", said, date(2026, 4, 12))
    with load_log.connect(tmp_path / "warehouse.duckdb") as connection:
        connection.execute("delete from raw_parcours.loads where table_name = 'members'")
        assert windows.ended(connection, said) == []


MAIL = "opt_ins, broadcasts, list_sizes"


@pytest.mark.parametrize(
    ("days", "doubts"),
    [
        (("until = 2026-03-15", "from = 2026-03-16"), []),
        (("", ""), []),
        (("", "from = 2026-03-16"), []),
        (("until = 2026-03-15", ""), []),
        (
            ("until = 2026-03-15", "from = 2026-03-18"),
            [f"from 2026-03-16 to 2026-03-17, between mailchimp and brevo, nothing counts ({MAIL})"],
        ),
        (
            ("until = 2026-03-16", "from = 2026-03-16"),
            [f"from 2026-03-16 to 2026-03-16, mailchimp and brevo both count: what both hold counts twice ({MAIL})"],
        ),
    ],
)
def test_days_of_which_no_tool_or_two_tools_count_are_doubtful(
    tmp_path: Path, days: tuple[str, str], doubts: list[str]
) -> None:
    said = settings(tmp_path, "[sources.mailchimp]\n{}\n[sources.brevo]\n{}\n".format(*days))
    assert windows.doubts(said) == doubts
