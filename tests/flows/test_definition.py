"""The hash of what figures are defined by, and when incremental models are built anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import definition as module
from flows.definition import definition, is_anew, keep_build, of_project
from flows.places import Places
from pipelines import load_log
from pipelines.settings import Privacy, Settings, read_settings

AS_OF = datetime(2026, 3, 20, 19, 0, tzinfo=UTC)


def settings(folder: Path, also: str = "", **business: Any) -> Settings:
    path = folder / "parcours.toml"
    path.write_text(
        '[business]\nname = "Ada"\nhistory_start = 2026-01-01\n[sources.zendesk]\nsubdomain = "a"\nemail = "b@c.fr"\n'
        + also
    )
    return read_settings(path, **business)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_what_shapes_figures_changes_the_definition_and_nothing_else_does(tmp_path: Path) -> None:
    one = definition(settings(tmp_path))
    assert definition(settings(tmp_path)) == one
    assert definition(settings(tmp_path, name="Grace", deep_reread_days=30)) == one
    forgetful = settings(tmp_path).model_copy(update={"privacy": Privacy(prospects_months=36)})
    assert definition(forgetful) == one
    assert definition(settings(tmp_path, prospect_window_days=30)) != one
    assert definition(settings(tmp_path, currency="USD")) != one
    assert definition(settings(tmp_path, "until = 2026-03-31")) != one


def test_the_project_is_its_files_their_names_and_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "dbt_project" / "models" / "one.sql"
    model.parent.mkdir(parents=True)
    for path in (model, tmp_path / "profiles.yml", tmp_path / "dbt_project" / "dbt_project.yml"):
        path.write_text("select 1")
    found = [of_project()]
    monkeypatch.setattr(module, "PROJECT", tmp_path)
    found.append(of_project())
    model = model.rename(model.with_name("two.sql"))
    found.append(of_project())
    model.write_text("select 2")
    found.append(of_project())
    assert len(set(found)) == 4
    assert of_project() == found[-1]


def test_models_are_built_anew_at_first_and_by_another_definition(places: Places) -> None:
    assert is_anew(places, "a")
    keep_build(places, "a", AS_OF)
    assert not is_anew(places, "a")
    assert is_anew(places, "b")


def test_a_build_that_failed_half_way_is_followed_by_a_whole_one_also_by_the_definition_before(places: Places) -> None:
    keep_build(places, "a", AS_OF)
    assert is_anew(places, "b")  # and this build fails
    assert is_anew(places, "a")
    keep_build(places, "a", AS_OF + timedelta(hours=1))
    assert not is_anew(places, "a")


def test_the_same_instant_by_another_definition_counts_as_the_last(places: Places) -> None:
    keep_build(places, "a", AS_OF)
    keep_build(places, "b", AS_OF)
    assert not is_anew(places, "b")


def test_what_a_killed_load_left_is_built_anew(places: Places) -> None:
    keep_build(places, "a", AS_OF)
    with load_log.connect(places.warehouse) as connection:
        load_log.begin(connection, "zendesk")
    assert is_anew(places, "a")
