"""The tokens that Google Analytics counts per property: what a request costs, and what is left of the day and the hour.

https://developers.google.com/analytics/devguides/reporting/data/v1/quotas
"""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from google.analytics.data_v1beta import types

from sandbox.vendors.google_analytics.quality import Quality

PER_DAY, PER_HOUR, PER_PROJECT_HOUR = 200_000, 40_000, 14_000  # of a standard property
THRESHOLDED_PER_HOUR, CONCURRENT, SERVER_ERRORS = 120, 10, 10
MIDNIGHT = ZoneInfo("America/Los_Angeles")  # where the vendor's day of tokens ends
HOUR = timedelta(hours=1)
GONE = {
    "hour": "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour.",
    "day": "Exhausted property tokens per day. These quota tokens will return in under 24 hours.",
}
ROWS_PER_TOKEN, DAYS_PER_TOKEN = 1000, 100


def price(rows: int, columns: int, filters: int, days: int) -> int:
    """Tokens of one request: the vendor says that rows, columns, filters and the date range count, and not how much."""
    return 1 + rows * columns // (ROWS_PER_TOKEN * 4) + filters // 2 + days // DAYS_PER_TOKEN


class Quota:
    """What one property has spent, by the minute."""

    def __init__(self) -> None:
        self._tokens: Counter[datetime] = Counter()
        self._thresholded: Counter[datetime] = Counter()

    def gone(self, quality: Quality, now: datetime) -> str:
        """The vendor's words for what has run out, or ''."""
        if quality.tokens_per_day and self._today(now) >= quality.tokens_per_day:
            return GONE["day"]
        if quality.tokens_per_hour and _within(self._tokens, now) >= quality.tokens_per_hour:
            return GONE["hour"]
        return ""

    def spend(self, tokens: int, is_thresholded: bool, now: datetime) -> None:
        """Count one request; a thresholded one has a quota of its own."""
        minute = now.replace(second=0, microsecond=0)
        self._tokens[minute] += tokens
        self._thresholded[minute] += is_thresholded

    def status(self, quality: Quality, tokens: int, is_thresholded: bool, now: datetime) -> types.PropertyQuota:
        """What the last request took, and what is left."""

        def left(limit: int, spent: int, taken: int = tokens) -> types.QuotaStatus:
            return types.QuotaStatus(consumed=taken, remaining=max(0, limit - spent))

        hour = _within(self._tokens, now)
        return types.PropertyQuota(
            tokens_per_day=left(quality.tokens_per_day or PER_DAY, self._today(now)),
            tokens_per_hour=left(quality.tokens_per_hour or PER_HOUR, hour),
            tokens_per_project_per_hour=left(quality.tokens_per_hour or PER_PROJECT_HOUR, hour),
            concurrent_requests=types.QuotaStatus(consumed=0, remaining=CONCURRENT),
            server_errors_per_project_per_hour=types.QuotaStatus(consumed=0, remaining=SERVER_ERRORS),
            potentially_thresholded_requests_per_hour=left(
                THRESHOLDED_PER_HOUR, _within(self._thresholded, now), int(is_thresholded)
            ),
        )

    def _today(self, now: datetime) -> int:
        day = now.astimezone(MIDNIGHT).date()
        return sum(spent for at, spent in self._tokens.items() if at.astimezone(MIDNIGHT).date() == day)


def _within(spent: Counter[datetime], now: datetime) -> int:
    """Of the hour that ends now; a clock that was set back has spent nothing yet."""
    return sum(amount for at, amount in spent.items() if timedelta(0) <= now - at < HOUR)
