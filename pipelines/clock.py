"""How far this machine's clock is from the vendors', whose answers say when they were made (RFC 9110, 6.6.1)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MOST = timedelta(minutes=5)  # beyond it signed requests are refused by most who check
_heard: ContextVar[list[timedelta] | None] = ContextVar("heard", default=None)


def now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


@contextmanager
def listening() -> Iterator[list[timedelta]]:
    """How much later than this machine's clock each answer was made that comes meanwhile."""
    heard: list[timedelta] = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def hear(headers: Mapping[str, str]) -> None:
    """Note when an answer was made, where anybody listens and it says so."""
    heard = _heard.get()
    if heard is None or "Date" not in headers:
        return
    try:
        heard.append(parsedate_to_datetime(headers["Date"]) - now())
    except (TypeError, ValueError):
        return  # no date, or one without a zone


def fault(heard: list[timedelta]) -> str:
    """What is wrong with this machine's clock, or ''; the answer that is nearest to it counts: others were kept."""
    off = min(heard, key=abs, default=timedelta())
    if abs(off) <= MOST:
        return ""
    way = "behind" if off > timedelta() else "ahead of"
    return (
        f"This machine's clock is {abs(off).total_seconds() / 60:,.0f} minutes {way} the vendors': days would end at "
        "the wrong time, and credentials may be refused. Set it, for example by timedatectl set-ntp true."
    )
