"""What the machine itself refuses, in a sentence that says what to do: a full disk, a damaged file, a forbidden one."""

import errno
import shutil
from pathlib import Path

import duckdb

from flows.places import Places
from pipelines import opening
from pipelines.connector import ConnectorError

LEAST_FREE_BYTES = 50_000_000  # the published file is written beside the one of before, the warehouse grows
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FULL_SAYS = ("No space left on device", "Disk quota exceeded", "File too large", "Out of disk space")
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def look(places: Places) -> int:
    """The free bytes where data are kept; what would end a refresh half-way raises."""
    data = places.data
    if "%" in str(data.absolute()):  # which dlt takes for a place to fill in
        raise ConnectorError(
            f"{data.absolute()} has a % in its path, where dlt writes nothing: name another by --data."
        )
    free = shutil.disk_usage(next(folder for folder in (data, *data.parents) if folder.exists())).free
    if free < LEAST_FREE_BYTES:
        raise ConnectorError(
            f"The disk of {data} has {free / 1e6:.0f} MB left, and a refresh needs "
            f"{LEAST_FREE_BYTES / 1e6:.0f}: make room, then run this again."
        )
    if places.warehouse.exists():
        opening.opened(places.warehouse).close()
    return free


def make_sure_of(needed: int, folder: Path, what: str) -> None:
    """Refuse what would need more bytes than the disk of a folder has left."""
    if shutil.disk_usage(folder).free < needed:
        raise ConnectorError(f"The disk of {folder} lacks the {needed / 1e6:.0f} MB for {what}: make room.")


def explained(error: Exception, data: Path, warehouse: Path) -> str:
    """An error as the command says it: its own words where they are ours, what to do where it is known, else ''."""
    if isinstance(error, ConnectorError):
        return str(error)
    if (isinstance(error, OSError) and error.errno in FULL) or any(said in str(error) for said in FULL_SAYS):
        return f"The disk of {data} is full: make room, then run this again. Nothing of before is lost."
    if isinstance(error, OSError) and error.errno in FORBIDDEN:
        return f"{error.filename or data} cannot be written ({error.strerror}): give this user the right to."
    if isinstance(error, duckdb.Error) and opening.is_damage(error):
        return str(opening.refused(warehouse, error))
    return ""
