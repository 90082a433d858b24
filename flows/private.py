"""What a refresh keeps is for its user alone: files 0600, folders 0700, those of before included."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FILE, FOLDER = 0o600, 0o700
OTHERS = 0o077


@contextmanager
def private(data: Path, *published: str) -> Iterator[int]:
    """Whatever this process and its children write is private; what lies in the data directory becomes so.

    `published` are the names of the files whose mode is a setting. Gives the umask of before.
    """
    before = os.umask(OTHERS)
    try:
        _close(data, FOLDER)
        for folder, folders, files in os.walk(data):
            for name in folders:
                _close(Path(folder, name), FOLDER)
            for name in files:
                if name not in published:
                    _close(Path(folder, name), FILE)
        yield before
    finally:
        os.umask(before)


def _close(path: Path, mode: int) -> None:
    """Take what others may do; a link is left, and so is what is somebody else's, or is gone meanwhile."""
    with suppress(FileNotFoundError, PermissionError):
        now = path.lstat().st_mode
        if now & OTHERS and not stat.S_ISLNK(now) and not now & stat.S_ISVTX:
            path.chmod(mode)
