"""Who may import whom: app → flows → pipelines, and the sandbox alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
ALLOWED = {
    "pipelines": {"pipelines"},
    "flows": {"flows", "pipelines"},
    "app": {"app", "flows", "pipelines"},
    "sandbox": {"sandbox"},
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
