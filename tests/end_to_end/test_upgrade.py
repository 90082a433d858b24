"""A warehouse of the first code that had users is upgraded by a refresh, which leaves what one from scratch leaves."""

import lzma
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.places import PROJECT, Places
from pipelines import migrations
from pipelines.deletions import AGAIN_AFTER
from pipelines.settings import read_settings
from sandbox.server import running
from sandbox.truth import Refresh
from sandbox.world import generate
from tests.aiming import aimed
from tests.end_to_end.test_day_by_day import Run, Step, differences, refreshed
from tests.fixtures.make_warehouse import FIRST_DAY, LAST_DAY, REFRESHES, SCALE
from tests.pipelines.test_migrations import PACKED, counts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
AS_OF = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # later on the evening of its last refresh
THROUGH = date(2026, 11, 22)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Upgraded, and refreshed twice: the second proves what is gone at the vendors since."""
    folder = tmp_path_factory.mktemp("upgraded")
    settings = read_settings(PROJECT / "examples" / "demo" / "parcours.toml", history_start=FIRST_DAY)
    world = generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=SCALE)
    steps = [Step(Refresh(as_of, THROUGH)) for as_of in (AS_OF, AS_OF + AGAIN_AFTER)]
    upgraded, fresh = Places(folder / "upgraded"), Places(folder / "fresh")
    upgraded.data.mkdir()
    upgraded.warehouse.write_bytes(lzma.decompress(PACKED.read_bytes()))
    with running(world) as vendors, aimed(vendors):
        for step in steps:
            vendors.set_clock(step.refresh.as_of)
            assert refreshed(settings, upgraded, step.refresh).exit_code == 0
        assert refreshed(settings, fresh, steps[-1].refresh).exit_code == 0
        yield Run(vendors, world, settings, steps, upgraded, fresh)


def test_a_refresh_after_the_upgrade_leaves_what_one_from_scratch_leaves(run: Run) -> None:
    noted = date(2026, 11, 24)  # in Paris, of the refresh that upgrades: what figures are defined by has changed
    assert differences(run) == {"annotations": (1, [("daily", noted, "definition", "", None, None)])}


def test_what_was_reported_before_the_upgrade_is_still_known(run: Run, tmp_path: Path) -> None:
    before = tmp_path / "warehouse.duckdb"
    before.write_bytes(lzma.decompress(PACKED.read_bytes()))
    had, has = counts(before), counts(run.daily.warehouse)
    assert 0 < had["history.kpi_versions"] < has["history.kpi_versions"]
    with duckdb.connect(str(run.daily.marts), read_only=True) as marts:
        marts.execute("set timezone = 'UTC'")
        reports = marts.execute("select distinct reported_from from kpi_history order by 1").fetchall()
    assert [as_of for as_of, _ in REFRESHES] == [row[0].astimezone(UTC) for row in reports[:2]]
    with duckdb.connect(str(run.daily.warehouse), read_only=True) as warehouse:
        assert migrations.version(warehouse) == len(migrations.MIGRATIONS)
    copy = run.daily.warehouse.with_name("warehouse.version-0.duckdb")
    assert counts(copy)["history.kpi_versions"] == had["history.kpi_versions"]
