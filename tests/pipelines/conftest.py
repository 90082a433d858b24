"""What a test of a connector asks for: its module's `VENDOR` served, and what one first load of it leaves.

Tests that only look share that load; those that load again go on from a copy.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.events import World
from sandbox.server import Running
from tests.pipelines.vendors import First, copied


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """What the vendors tell of, as long as a test does not change it."""
    found: World = request.module.VENDOR.world()
    return found


@pytest.fixture
def served(request: pytest.FixtureRequest, world: World) -> Iterator[Running]:
    """The vendors, with the connector aimed at them."""
    with request.module.VENDOR.served(world) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> First:
    """A load into an empty warehouse."""
    found: First = request.module.VENDOR.first(tmp_path_factory.mktemp("first"))
    return found


@pytest.fixture(scope="module")
def loaded(first: First) -> Path:
    """What it left, to be looked at only."""
    return first.folder


@pytest.fixture
def again(loaded: Path, tmp_path: Path) -> Path:
    """A copy of what it left, where a test loads again."""
    return copied(loaded, tmp_path)
