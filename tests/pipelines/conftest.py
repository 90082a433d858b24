"""The first load that a module's `first` makes once, for tests that look at it and for those that go on from it."""

from pathlib import Path

import pytest

from tests.pipelines.vendors import First, copied


@pytest.fixture(scope="module")
def loaded(first: First) -> Path:
    """What it left, to be looked at only."""
    return first.folder


@pytest.fixture
def again(loaded: Path, tmp_path: Path) -> Path:
    """A copy of what it left, where a test loads again."""
    return copied(loaded, tmp_path)
