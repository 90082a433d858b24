"""`parcours forget`: what there was of a person, table by table, and what the command cannot reach."""

from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from app.printing import say
from app.ready import ready
from flows.forget import Forgotten, backups, forget, look
from flows.places import Places


def forget_person(address: str, places: Places, settings: Path, now: datetime, is_dry: bool, console: Console) -> None:
    """Forget who is behind an address, or say only what there is; the address itself is not repeated."""
    business = ready(settings)
    found = look(places, address) if is_dry else forget(places, business, address, now, partial(say, console))
    if not found.is_known:
        say(console, "Nobody with this address is in the warehouse. Nothing was changed.")
        return
    _show(found, is_dry, console)
    for path in backups(places, settings.parent):
        say(console, f"As it was, since a backup is not changed: {path}. Delete it, or forget again after a restore.")


def _show(found: Forgotten, is_dry: bool, console: Console) -> None:
    for table, rows in sorted(found.rows.items()):
        say(console, f"{table}: {_rows(rows)}")
    total = _rows(sum(found.rows.values()))
    if not found.rows:
        said = (
            "Forgotten before. Without --dry-run, what was stopped is finished."
            if is_dry
            else "Forgotten before: finished."
        )
    elif is_dry:
        said = f"{total} would become nobody's. Nothing was changed."
    else:
        said = f"Nobody's now: {total}. The published file is made anew. Values stay as they were."
    say(console, said)


def _rows(number: int) -> str:
    return f"{number:,} row" if number == 1 else f"{number:,} rows"
