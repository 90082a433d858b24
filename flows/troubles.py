"""What the machine itself refuses, in a sentence that says what to do: a full disk, a damaged file, a forbidden one."""

import errno
from pathlib import Path

import duckdb

from pipelines import opening
from pipelines.connector import ConnectorError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
FULL_SAYS = ("No space left on device", "Disk quota exceeded", "File too large", "Out of disk space")
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


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
