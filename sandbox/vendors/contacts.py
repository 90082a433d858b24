"""What any e-mail tool does with a contact that changes its address, or that is erased."""

from collections.abc import Iterable
from datetime import datetime

from sandbox.events import ContactEvent


def address(first: str, events: Iterable[ContactEvent], now: datetime) -> str:
    """A contact's address: the last that it was changed to by now, else its first one."""
    changes = [one for one in events if one.kind == "change" and one.happened_at <= now]
    return max(changes, key=lambda one: one.happened_at).email.strip() if changes else first.strip()


def is_erased(events: Iterable[ContactEvent], now: datetime) -> bool:
    """Whether it was deleted for good by now: no listing shows it any more."""
    return any(one.kind == "erase" and one.happened_at <= now for one in events)
