"""What Klaviyo's answers say of their own quality, as caveats, and how many calls it leaves.

https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling
"""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from pipelines.connector import Plan
from pipelines.http import VendorSession

# The vendor documents `Apple Privacy Open`, its answers show `machine_open`.
MACHINE_FLAGS = ("machine_open", "$machine_open", "Machine Open", "Apple Privacy Open", "apple_privacy_open")

Row = dict[str, Any]


class Opens:
    """Opens that do not say whether a machine made them: a caveat of the day on which their e-mail was sent."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.unsaid: set[str] = set()
        self.sent_on: dict[str, date] = {}

    def event(self, row: Row) -> Row:
        """Look at an event; of a flow's e-mail, the day of the open stands for that of its sending."""
        properties = row.get("attributes__event_properties") or {}
        if row["metric_name"] == "Opened Email" and not any(name in properties for name in MACHINE_FLAGS):
            if properties.get("$flow"):
                self.plan.caveat("events", "", "proxy_opens", day=self._day(row["attributes__datetime"]))
            else:
                self._match({str(properties.get("$message"))})
        return row

    def campaign(self, row: Row) -> Row:
        """Look at a campaign, whose id stands for its message in some events."""
        if row.get("attributes__send_time"):
            messages = {*row.get("messages", ()), row["id"]}
            self.sent_on |= dict.fromkeys(messages, self._day(row["attributes__send_time"]))
            self._match(messages & self.unsaid)
        return row

    def _match(self, messages: set[str]) -> None:
        """Events and campaigns come in whatever order: the later of two that belong together tells the caveat."""
        self.unsaid |= messages
        for message in messages & self.sent_on.keys():
            self.plan.caveat("events", "", "proxy_opens", day=self.sent_on[message])

    def _day(self, text: str) -> date:
        return datetime.fromisoformat(text).astimezone(self.plan.zone).date()


class CountedSession(VendorSession):
    """Notes what the vendor says is left of its calls; each path has a limit of its own."""

    def __init__(self, advice: str, quota: dict[str, str]) -> None:
        super().__init__("klaviyo", advice)
        self.quota = quota

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send, and read the answer's headers: the limit of the longest window, and what is left of it."""
        response = super().send(request, **kwargs)
        limit = response.headers.get("RateLimit-Limit", "").rpartition(",")[2].partition(";")[0].strip()
        left = response.headers.get("RateLimit-Remaining")
        if limit and left:
            path = urlsplit(request.url or "").path.partition("/api/")[2].partition("/")[0]
            self.quota[f"calls of {path} in a minute"] = f"{left} of {limit} left"
        return response
