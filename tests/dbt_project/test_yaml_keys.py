"""dbt takes a key that it does not know for nothing: a description that is cut at a comma leaves one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

MODELS = Path(__file__).parent.parent.parent / "dbt_project" / "models"
KNOWN = {
    "": {"version", "models", "sources", "unit_tests", "snapshots", "seeds", "macros", "exposures"},
    "models": {"name", "description", "config", "columns", "data_tests"},
    "sources": {"name", "description", "schema", "config", "tables", "meta"},
    "tables": {"name", "description", "config", "columns", "data_tests"},
    "columns": {"name", "description", "config", "data_tests", "data_type"},
}


def unknown(said: Any, kind: str = "") -> list[str]:
    """The keys of a part, and of what it lists, that dbt would pass over."""
    if not isinstance(said, dict):
        return []
    found = [f"{said.get('name', kind)}: {key}" for key in set(said) - KNOWN[kind]]
    for part in KNOWN.keys() - {""}:
        for one in said.get(part) or []:
            found += unknown(one, part)
    return found


@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.yml")), ids=lambda path: path.stem)
def test_every_key_is_one_that_dbt_knows(path: Path) -> None:
    assert unknown(yaml.safe_load(path.read_text(encoding="utf-8"))) == []


def test_a_description_that_is_cut_at_a_comma_is_found() -> None:
    cut = yaml.safe_load("models: [{name: a, columns: [{name: b, description: the account, property or feed}]}]")
    assert unknown(cut) == ["b: property or feed"]
