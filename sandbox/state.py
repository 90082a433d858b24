"""What every vendor's router is given: the world, the clock, the faults and the request log."""

from datetime import UTC, datetime

from sandbox.events import World
from sandbox.faults import Faults
from sandbox.request_log import RequestLog


class Sandbox:
    """One world as its vendors show it at `now()`."""

    def __init__(self, world: World, now: datetime | None = None) -> None:
        self.world = world
        self.faults = Faults()
        self.requests = RequestLog()
        self._frozen: datetime | None = None
        if now is not None:
            self.set_clock(now)
        self.began_at = self.now()

    def now(self) -> datetime:
        """The instant that all vendors answer as of (UTC): frozen once set, else the wall clock."""
        return self._frozen or datetime.now(UTC)

    def set_clock(self, now: datetime) -> None:
        """Freeze the clock at an instant, which must carry its zone."""
        if now.tzinfo is None:
            raise ValueError(f"{now.isoformat()} has no zone: write it with an offset or Z")
        self._frozen = now.astimezone(UTC)
