"""How long one source may take: a budget of time that every client, wait and write of its load asks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from math import inf
from threading import Event, RLock, Thread
from time import monotonic
from typing import Any, TypeVar

from pipelines.connector import BudgetSpent

MARGIN_SECONDS = 30.0  # for a call that does not look at its budget, such as one that waits in a client library

Answer = TypeVar("Answer")


@dataclass
class Budget:
    """The time of one source. It is spent when it is over, or when its load is given up before."""

    source: str
    seconds: float
    ends_at: float = field(init=False)
    given_up: Event = field(default_factory=Event)
    writes: Any = field(default_factory=RLock)  # held while a load writes: it is given up before or after, never amid

    def __post_init__(self) -> None:
        self.ends_at = monotonic() + self.seconds

    def remaining(self) -> float:
        """Seconds that are left, never below 0."""
        return 0.0 if self.given_up.is_set() else max(0.0, self.ends_at - monotonic())

    def spent(self) -> BudgetSpent:
        """The error that ends a load whose time is over."""
        return BudgetSpent(
            f"{self.source} was not done after {_minutes(self.seconds)}, its budget, and was stopped; what was stored "
            "before stays, and the next refresh asks again. If it needs longer, raise source_minutes in [business] of "
            "parcours.toml."
        )


_current: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def budget(source: str, seconds: float) -> Iterator[Budget]:
    """Everything in the block shares so many seconds; a block within a block keeps the shorter one."""
    with within(Budget(source, min(seconds, remaining()))) as own:
        yield own


@contextmanager
def within(own: Budget) -> Iterator[Budget]:
    """Everything in the block draws on a budget that runs already: a second try gets what the first one left."""
    token = _current.set(own)
    try:
        yield own
    finally:
        _current.reset(token)


def remaining() -> float:
    """Seconds that are left to the source that is being loaded; infinite where nothing limits it."""
    own = _current.get()
    return own.remaining() if own else inf


def check() -> None:
    """Raise `BudgetSpent` when the time of the source that is being loaded is over."""
    own = _current.get()
    if own and own.remaining() <= 0:
        raise own.spent()


def checked(pieces: Iterable[Answer]) -> Iterator[Answer]:
    """The pieces, and `check` before the first and after each."""
    check()
    for piece in pieces:
        yield piece
        check()


def sleep(seconds: float) -> None:
    """Wait, but no longer than the budget lasts: raises `BudgetSpent` at its end, at once where the load is given up.

    A wait that is longer than what is left is not begun: the answer after it could not be taken.
    """
    check()
    own = _current.get()
    if own is None:
        Event().wait(seconds)
        return
    if seconds >= own.remaining():
        raise own.spent()
    own.given_up.wait(seconds)
    check()


@contextmanager
def writing() -> Iterator[None]:
    """What the block writes is written whole, or not at all: a load that was given up writes nothing any more."""
    own = _current.get()
    if own is None:
        yield
        return
    with own.writes:
        if own.given_up.is_set():
            raise own.spent()
        yield


def supervised(own: Budget, load: Callable[[], Answer], margin: float = MARGIN_SECONDS) -> Answer:
    """What a load gives, or `BudgetSpent` where it hangs beyond its budget: it is then left behind and writes nothing.

    A thread cannot be killed; a daemon ends with the process.
    """
    ended: list[tuple[Answer | None, BaseException | None]] = []

    def run() -> None:
        with within(own):
            try:
                ended.append((load(), None))
            except BaseException as error:  # noqa: BLE001  raised again where it is waited for
                ended.append((None, error))

    thread = Thread(target=copy_context().run, args=(run,), name=f"load {own.source}", daemon=True)
    thread.start()
    thread.join(own.remaining() + margin)
    if not ended:
        with own.writes:  # a write that has begun is local and ends
            own.given_up.set()
    if not ended:
        raise own.spent()
    answer, error = ended[0]
    if error:
        raise error
    return answer  # type: ignore[return-value]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
