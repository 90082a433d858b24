"""Statements that are run again: as they went, or not at all."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from flows import definition, replay
from flows.places import Places
from flows.replay import Step

SCHEMAS = Step("", "", "", "", "", ["create schema if not exists marts"])
BUILT = Step("orders", "marts.orders", "OK", "", "", ["create or replace table marts.orders as select 3 as n"])
FEW = Step(
    "few", "", "", "ERROR", "!= 0", ["select count(*), count(*) != 0, count(*) != 0 from marts.orders where n > 9"]
)
ODD = Step(
    "odd", "", "", "WARN", "!= 0", ["select count(*), count(*) != 0, count(*) != 0 from marts.orders where n = 3"]
)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("PARCOURS_DBT_TARGET", str(tmp_path))
    return Places(tmp_path)


def run(places: Places, anew: bool = False) -> list[tuple[str, str, str]] | None:
    nodes = replay.run(places, "marts.core", anew)
    return None if nodes is None else [(node.name, node.status, node.message) for node in nodes]


def orders(places: Places) -> object:
    with duckdb.connect(str(places.warehouse), read_only=True) as connection:
        return connection.execute("select n from marts.orders").fetchone()


def test_each_node_is_told_as_dbt_tells_it(places: Places) -> None:
    assert run(places, anew=True) is None
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT, FEW, ODD])
    told = [
        ("orders", "success", "OK"),
        ("few", "pass", ""),
        ("odd", "warn", "Got 1 result, configured to warn if != 0"),
    ]
    assert run(places, anew=True) == told
    assert orders(places) == (3,)
    assert run(places, anew=True) is None, "what is there already is not a first build"
    replay.keep(places, "marts.core", False, {"marts.orders"}, [SCHEMAS, BUILT, FEW, ODD])
    assert run(places) == told


def test_what_does_not_go_as_it_went_is_left_to_dbt(places: Places) -> None:
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT])
    assert run(places, anew=True)
    wrong = replace(BUILT, statements=["update marts.orders set n = 4", "select * from marts.nothing"])
    for fault in ([wrong], [BUILT, replace(FEW, statements=[ODD.statements[0]])]):
        replay.keep(places, "marts.core", False, {"marts.orders"}, [SCHEMAS, *fault])
        assert run(places) is None
        assert orders(places) == (3,)


def test_only_a_build_of_nothing_or_of_all_is_kept(places: Places) -> None:
    replay.keep(places, "marts.core", True, {"marts.orders"}, [SCHEMAS, BUILT])
    replay.keep(places, "marts.core", False, set(), [SCHEMAS, BUILT])
    assert list(places.dbt_ran.glob("*.json")) == []


def test_it_can_be_turned_off(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT])
    monkeypatch.setenv("PARCOURS_REPLAY", "off")
    assert run(places, anew=True) is None


def test_other_files_of_the_project_are_another_script(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT])
    monkeypatch.setattr(definition, "of_project", lambda *_: "other")
    assert run(places, anew=True) is None
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT])
    assert [path.name for path in places.dbt_ran.glob("*.json")] == ["other-marts.core-first.json"]


def test_one_with_models_of_its_own_takes_nothing_from_those_that_share(places: Places) -> None:
    models = places.data / "models"
    models.mkdir()
    (models / "kpi_own.sql").write_text("select 1 as n")
    replay.keep(places, "marts.core", True, set(), [SCHEMAS, BUILT])
    own = Places(places.data / "own", models)
    assert replay.kept(own, "marts.core", True) == []
    replay.keep(own, "marts.core", True, set(), [SCHEMAS, ODD])
    assert replay.kept(own, "marts.core", True) == [SCHEMAS, ODD]
    assert replay.kept(places, "marts.core", True) == [SCHEMAS, BUILT]
