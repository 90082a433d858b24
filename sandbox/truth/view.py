"""What every KPI is worked out from: the events, the refreshes, the business, and the last refresh's instant."""

from collections.abc import Sequence
from datetime import date, datetime

from sandbox.events import World
from sandbox.truth.periods import Period, local_day, periods
from sandbox.truth.terms import Business, Key, Refresh, Value

Answers = dict[Key, Value]


class View:
    """A world as the last of some refreshes sees it."""

    def __init__(
        self,
        world: World,
        refreshes: Sequence[Refresh],
        business: Business,
        asked: Sequence[Period] | None = None,
    ) -> None:
        self.world = world
        self.business = business
        self.refreshes = sorted(refreshes, key=lambda refresh: refresh.as_of)
        self.now = self.refreshes[-1].as_of
        self.through = self.refreshes[-1].through
        self.day_of = local_day(business.time_zone)
        self.periods = (
            periods(business.history_start, self.through, business.week_start) if asked is None else list(asked)
        )

    def captures(self) -> list[tuple[date, datetime]]:
        """The day and the instant of each capture; a second one on the same day replaces the first."""
        return list({self.day_of(refresh.as_of): refresh.as_of for refresh in self.refreshes}.items())

    def exists(self, since: datetime, until: datetime | None) -> bool:
        """Whether what began and perhaps ended is there at the last refresh."""
        return exists(since, until, self.now)


def exists(since: datetime, until: datetime | None, instant: datetime) -> bool:
    """Whether what began and perhaps ended is there at an instant."""
    return since <= instant and (until is None or until > instant)


def key(kpi_id: str, period: Period) -> Key:
    """The key of a KPI in a period."""
    return Key(kpi_id, period.grain, period.start)
