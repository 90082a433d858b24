"""Brevo's calls: address, key, paging, and the names and times of its answers.

https://developers.brevo.com/docs
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator

from pipelines.connector import AccessRefused
from pipelines.http import VendorSession
from pipelines.listing import Guarded, selector

BASE_URL = "https://api.brevo.com/v3"
ADVICE = (
    "Create an API key in Brevo (Settings > SMTP & API > API keys), set SOURCES__BREVO__API_KEY to it and let this "
    "machine's address call (Settings > Security > Authorised IPs)."
)
WAIT_HEADER = "x-sib-ratelimit-reset"  # in seconds; there is no Retry-After
EVENT = ("messageId", "event", "date", "email")  # events have no id
COUNTED = ("contacts/lists", "emailCampaigns")  # whether the count of contacts knows the filter is not documented
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

Time = TypeVar("Time", date, datetime)


def connected(api_key: str, quota: dict[str, str] | None = None) -> requests.Session:
    """A session that carries the key, and notes how many calls are left."""
    if not api_key.strip():
        raise AccessRefused(f"brevo: there is no API key. {ADVICE}")
    http = CountedSession({} if quota is None else quota)
    http.headers["api-key"] = api_key.strip()
    return http


class CountedSession(VendorSession):
    """Notes what the vendor says is left of its calls; each of its areas has a limit of its own."""

    def __init__(self, quota: dict[str, str]) -> None:
        super().__init__("brevo", ADVICE, WAIT_HEADER)
        self.quota = quota

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the answer's headers."""
        response = super().send(request, **kwargs)
        limit, left = (response.headers.get(f"x-sib-ratelimit-{name}") for name in ("limit", "remaining"))
        if limit and left:
            area = urlsplit(request.url or "").path.partition("/v3/")[2].partition("/")[0]
            self.quota[f"calls of {area}"] = f"{left} of {limit} left"
        return response


def pages(holder: str, path: str, rows: int, key: tuple[str, ...] = ("id",), /, **params: Any) -> Any:
    """A collection; some of them give no total, so that the first empty page is the end.

    The vendor leaves an empty list out, and answers `{}` where it has no events.
    """
    offset = OffsetPaginator(limit=rows, total_path=None)
    total = "count" if path in COUNTED else ""
    paginator = Guarded(offset, "brevo", holder, total, key, size=rows, may_leave_out="" if key == EVENT else "count")
    return {"path": path, "params": params, "paginator": paginator, "data_selector": selector(holder)}


def moment_of(told: Any, zone: tzinfo) -> datetime | None:
    """The instant that a date names, if it is one; without a zone, or without a time, it is of this zone."""
    if not isinstance(told, str) or not ISO_DAY.match(told):
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def spans(first: Time, last: Time, length: timedelta, step: timedelta) -> Iterator[tuple[Time, Time]]:
    """What lies between two times, both included, in parts of at most this length that do not touch."""
    while first <= last:
        end = min(first + length, last)
        yield first, end
        first = end + step


def text_of(moment: datetime) -> str:
    """An instant as the vendor wants it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
