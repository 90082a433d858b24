"""When nobody is forgotten though somebody has lapsed: what is missing, who still writes; what was left to clear."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from flows import forget
from flows.places import Places
from flows.purge import purge
from flows.refresh import Outcome, SourceOutcome
from pipelines import load_log
from pipelines.load import add_tables
from pipelines.plan import plan_load
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings
from tests.app.commands import BUSINESS

AS_OF = datetime(2026, 4, 6, 5, tzinfo=UTC)
ADA, BEN, CAT = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Ada bought in January, Ben and Cat in March."""
    places = Places(tmp_path / "data")
    places.data.mkdir()
    with load_log.connect(places.warehouse) as connection:
        add_tables(connection, CONNECTORS["shopify"])
        for key, day in ((ADA, "2026-01-05"), (BEN, "2026-03-30"), (CAT, "2026-03-31")):
            connection.execute(
                "insert into raw_shopify.orders by name select ? as id, ? as email_key, ? as created_at",
                [f"of {key[0]}", key, f"{day}T10:00:00Z"],
            )
    return places


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "parcours.toml"
    path.write_text(f'{BUSINESS}[privacy]\nprospects_months = 2\n[sources.shopify]\nshop = "ada"\n[sources.ecb]\n')
    return read_settings(path)


def outcome(**status: str) -> Outcome:
    sources = [SourceOutcome(name, said) for name, said in status.items()]
    return Outcome(AS_OF, date(2026, 4, 5), AS_OF, sources)


def known(places: Places) -> set[str]:
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        found = connection.execute("select email_key from raw_shopify.orders").fetchall()
    return {key for (key,) in found} & {ADA, BEN, CAT}


@pytest.mark.parametrize("status", [{"shopify": "failed"}, {"shopify": "partial"}, {}])
def test_what_is_missing_may_tell_of_a_contact(places: Places, settings: Settings, status: dict[str, str]) -> None:
    said: list[str] = []
    ended = outcome(ecb="loaded", **status)
    purge(places, settings, ended, True, said.append)
    assert said == [
        "The next refresh that loads shopify whole forgets 1 of 3 persons, whose last contact was before 2026-02-06 "
        "([privacy] prospects_months = 2): what is missing may tell of a contact."
    ]
    assert (ended.purged, ended.undelivered) == (0, [])
    assert known(places) == {ADA, BEN, CAT}


def test_a_source_that_has_ended_is_missed_no_more(places: Places, settings: Settings) -> None:
    ended = settings.sources["shopify"].model_copy(update={"until": date(2026, 3, 31)})
    ends = settings.model_copy(update={"sources": settings.sources | {"shopify": ended}})
    said: list[str] = []
    purge(places, ends, outcome(ecb="loaded"), False, said.append)
    assert said[0].startswith("The next refresh that loads shopify whole forgets 1 of 3 persons"), "until all is loaded"
    settled = date(2026, 3, 31) + timedelta(days=max(one.reread_days for one in CONNECTORS["shopify"].tables.values()))
    plan = plan_load(CONNECTORS["shopify"], ended, places.warehouse, ends.business.asked(settled, AS_OF))
    with load_log.connect(places.warehouse) as connection:
        load_log.record(connection, CONNECTORS["shopify"], plan, {})
    purge(places, ends, outcome(ecb="loaded"), False, said.append)
    assert known(places) == {BEN, CAT}


def test_a_source_that_tells_of_nobody_may_fail(places: Places, settings: Settings) -> None:
    ended = outcome(ecb="failed", shopify="loaded")
    purge(places, settings, ended, False, print)
    assert (ended.purged, ended.undelivered) == (1, [])
    assert known(places) == {BEN, CAT}
    assert ADA.encode() not in places.warehouse.read_bytes()
    purge(places, settings, ended, False, print)  # again at the same instant: who is nobody is nobody's to forget
    assert known(places) == {BEN, CAT}


def test_a_load_that_hangs_keeps_the_file_that_it_writes(places: Places, settings: Settings) -> None:
    said: list[str] = []
    before = places.warehouse.stat().st_ino
    with load_log.connect(places.warehouse) as hanging:
        purge(places, settings, outcome(ecb="failed", shopify="loaded"), False, said.append)
        forget.hide(places, settings, {ADA}, AS_OF)  # as one that was killed then
        purge(places, settings.model_copy(update={"privacy": type(settings.privacy)()}), outcome(), False, said.append)
        hanging.execute("select 1")
    assert said == ["Forgetting is left to the next refresh, since a source that took too long still writes."] * 2
    assert places.warehouse.stat().st_ino == before


def test_what_was_killed_is_cleared_also_without_the_setting(places: Places, settings: Settings) -> None:
    forget.hide(places, settings, {ADA}, AS_OF)
    places.state.mkdir()
    assert forget.is_uncleared(places)
    purge(places, settings.model_copy(update={"privacy": type(settings.privacy)()}), outcome(), False, print)
    assert not forget.is_uncleared(places)
    assert not places.state.exists()
    assert ADA.encode() not in places.warehouse.read_bytes()
