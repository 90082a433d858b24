"""Files that others read are written beside their place and put there whole, so that nobody ever reads half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def swapped_in(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; what is there at the end takes the target's place in one step.

    Who holds the old file keeps it. After a failure the old one is still in its place, and nothing beside it.
    """
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        yield fresh
        _sync(fresh)
        os.replace(fresh, target)
        _sync(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Make the file, or the directory's entry of it, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
