"""Who may import whom: app → flows → dashboard → pipelines, the sandbox alone; models: stg → int → dim, fct → kpi."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
ALLOWED = {
    "pipelines": {"pipelines"},
    "dashboard": {"dashboard", "pipelines"},
    "flows": {"flows", "dashboard", "pipelines"},
    "app": {"app", "flows", "dashboard", "pipelines"},
    "sandbox": {"sandbox"},
}

MODELS = PROJECT / "dbt_project" / "models"
REF, SOURCE = re.compile(r"ref\('(\w+)'\)"), re.compile(r"source\('")
# Layer → the prefixes that it may refer to; the seed says which raw tables feed a part.
LAYERS = {
    "stg": {"stg"},
    "int": {"stg", "int"},
    "dim": {"int", "dim", "fct", "part"},
    "fct": {"int", "dim", "fct"},
    "kpi": {"dim", "fct", "kpi", "part", "objective", "objectives"},
}


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_go_one_way(room: str) -> None:
    files = sorted((PROJECT / room).rglob("*.py"))
    assert files
    for path in files:
        ours = set(imported(path)) & set(ALLOWED)
        assert ours <= ALLOWED[room], f"{path.relative_to(PROJECT)} imports {ours - ALLOWED[room]}"


def test_the_product_does_not_know_the_sandbox() -> None:
    for path in sorted((PROJECT / "pipelines").rglob("*.py")):
        assert "sandbox" not in path.read_text(encoding="utf-8").lower(), path


@pytest.mark.parametrize("layer", LAYERS)
def test_models_refer_one_way(layer: str) -> None:
    models = sorted(MODELS.rglob(f"{layer}_*.sql"))
    assert models
    for path in models:
        text = path.read_text(encoding="utf-8")
        referred = {name.split("_")[0] for name in REF.findall(text)}
        assert referred <= LAYERS[layer], f"{path.name} refers to {referred - LAYERS[layer]}"
        assert layer == "stg" or not SOURCE.search(text), f"only staging reads sources: {path.name}"


def test_a_vendors_staging_refers_to_that_vendor_only() -> None:
    for path in sorted((MODELS / "staging").rglob("*.sql")):
        others = {
            name for name in REF.findall(path.read_text(encoding="utf-8")) if f"_{path.parent.name}__" not in name
        }
        assert not others, f"{path.name} refers to {others}"


def test_models_from_intermediate_up_are_portable() -> None:
    for path in sorted(MODELS.rglob("*.sql")):
        if not path.name.startswith("stg_"):
            found = re.findall(r"::|->>?|filter \(where|group by all", path.read_text(encoding="utf-8"))
            assert not found, f"{path.name} uses {found}"
