"""When a credential ends, and the words that tell how long is left."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

WARN_DAYS = 14  # whoever can renew it may be away for a week
API_WARN_DAYS = 90  # before a vendor's API version ends


@dataclass(frozen=True)
class Expiry:
    """What a vendor says of a credential: `ends_at` is None for one that never ends; `what` ends then.

    `now` is an instant in the zone of the business, in whose days all is told.
    """

    ends_at: datetime | None
    what: str = "token"

    def ends_on(self, zone: tzinfo | None) -> date | None:
        """The day on which it ends."""
        return self.ends_at.astimezone(zone).date() if self.ends_at else None

    def is_over(self, now: datetime) -> bool:
        """Whether it has ended."""
        return self.ends_at is not None and self.ends_at <= now

    def told(self, now: datetime) -> str:
        """How long is left."""
        ends_on = self.ends_on(now.tzinfo)
        if ends_on is None:
            return f"{self.what} valid, never expires"
        if self.is_over(now):
            return f"{self.what} expired on {ends_on}"
        days = (ends_on - now.date()).days
        return f"{self.what} valid, {days} day{'' if days == 1 else 's'} left (until {ends_on})"

    def warning(self, now: datetime, renewal: str) -> str:
        """How to renew it, where that is due; '' where it is not."""
        ends_on = self.ends_on(now.tzinfo)
        if ends_on is None or (ends_on - now.date()).days >= WARN_DAYS:
            return ""
        return f"{self.told(now)}. To renew it: {renewal}"
