"""A backup between two refreshes of a small business: over what was restored the second gives what it gives anyway."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sandbox.world import generate
from tests.app.commands import run
from tests.end_to_end.small_business import Small, served
from tests.end_to_end.test_crash import RAW, rows_only_in_one

FIRST_DAY, LAST_DAY = date(2026, 11, 1), date(2026, 11, 23)
FIRST = datetime(2026, 11, 18, 19, tzinfo=UTC), date(2026, 11, 17)
SECOND = datetime(2026, 11, 23, 19, tzinfo=UTC), date(2026, 11, 22)
KEPT = f"{RAW}|raw_parcours|history"
SETTINGS = """
[business]
name = "Ada"
history_start = 2026-11-01
[sources.mailchimp]
[sources.woocommerce]
site = "boutique.example"
opt_in_meta_key = "_newsletter"
test_meta_key = "_test_mode"
[[objectives]]
id = "prospects"
stage = "capture"
sentence = "More prospects."
owner = "Eve"
serves = "north_star"
[[objectives.kpis]]
kpi = "new_prospects"
per_period = 10
cumulated = "year"
"""


@pytest.fixture(scope="module")
def small(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    """After its first refresh and a review."""
    with served(generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.2), FIRST[0]) as vendors:
        small = Small(vendors, tmp_path_factory.mktemp("small"), SETTINGS)
        small.refresh(*FIRST)
        note = ("objective", "review", "prospects", "--note", "On our way.", "--as-of", "2026-11-18T20:00Z")
        assert run(*note, "--data", small.places.data).exit_code == 0
        yield small


@pytest.mark.slow
@pytest.mark.timeout(1800)  # four refreshes, on a busy machine too
def test_a_refresh_after_a_backup_and_one_after_each_restore_give_the_same(small: Small, tmp_path: Path) -> None:
    toml, file = small.folder / "parcours.toml", tmp_path / "backup.tar.zst"
    assert run("backup", "--data", small.places.data, "--settings", toml, "--out", file).exit_code == 0
    small.refresh(*SECOND)
    assert small.rows("select note from objective_reviews") == [("On our way.",)]
    later = Small(small.vendors, tmp_path / "later", SETTINGS)
    later.folder.mkdir()
    for way in ((), ("--force",)):  # elsewhere, then over a warehouse that has gone on
        assert run("restore", file, "--data", later.places.data, *way).exit_code == 0
        assert (later.places.data / "parcours.toml").read_text() == SETTINGS
        later.refresh(*SECOND)
        assert rows_only_in_one(later.places.marts, small.places.marts) == {}
        differing = rows_only_in_one(later.places.warehouse, small.places.warehouse, KEPT)
        assert differing == {"raw_parcours.builds": 1}, "the restored one was built anew, and once"
