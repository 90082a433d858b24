"""Which vendors the connectors call: those that a test serves, for as long as it wants them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.server import Running


def aim(vendors: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables that lead the connectors to these vendors."""
    for name, value in vendors.environment().items():
        monkeypatch.setenv(name, value)


@contextmanager
def aimed(vendors: Running) -> Iterator[pytest.MonkeyPatch]:
    """The same, until the block ends."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        aim(vendors, monkeypatch)
        yield monkeypatch
