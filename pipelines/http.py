"""HTTP as every plain REST connector speaks it: timeouts, retries, errors that say what to do and hold no secret."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from pipelines.connector import AccessRefused, ConnectorError, Plan, QuotaExhausted
from pipelines.retry import VendorBusy, retrying

TIMEOUT_SECONDS = (10, 120)  # connect, read
BUSY = (408, 425, 429, 500, 502, 503, 504)
REFUSED = (401, 403)
ERROR_CHARACTERS = 300
LONGEST_ADVISED_SECONDS = 300  # a longer wait than this is a quota that is spent, for the next refresh
A_MOMENT_IN_TIME = 1e9  # some vendors name when, in seconds since 1970, rather than how long


def session(vendor: str, advice: str = "", wait_header: str = "Retry-After") -> requests.Session:
    """A session for one vendor: what to do when it refuses the credential, and which header says how long to wait."""
    return VendorSession(vendor, advice, wait_header)


class VendorSession(requests.Session):
    """Asks again while the vendor is busy and raises named errors otherwise; messages name host and path only."""

    def __init__(self, vendor: str, advice: str, wait_header: str = "Retry-After") -> None:
        super().__init__()
        self.vendor = vendor
        self.advice = advice
        self.wait_header = wait_header

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send once, or as often as `pipelines.retry` allows while the vendor is busy."""
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT_SECONDS
        return retrying(self._send_once, request, **kwargs)

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        where = f"{self.vendor}: {urlsplit(request.url or '').path}"
        try:
            response = self._answer(request, **kwargs)
            if not kwargs.get("stream"):
                _check_is_whole(response)
        except requests.exceptions.RequestException as error:
            raise VendorBusy(f"{where} did not answer ({type(error).__name__})") from None
        if response.status_code in BUSY or _is_bare_refusal(response):
            wait = _seconds(response.headers.get(self.wait_header, ""))
            if wait and LONGEST_ADVISED_SECONDS < wait < A_MOMENT_IN_TIME:
                raise QuotaExhausted(f"{where} gives nothing more for now; it answers again in {wait / 60:.0f} minutes")
            raise VendorBusy(f"{where} is busy (HTTP {response.status_code})", wait)
        if response.status_code in REFUSED:
            raise AccessRefused(f"{where} refused the credential (HTTP {response.status_code}). {self.advice}".strip())
        if response.status_code >= 400:
            raise ConnectorError(f"{where} answered HTTP {response.status_code}: {_said(response)}")
        return response

    def _answer(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            return super().send(request, **kwargs)
        except requests.exceptions.HTTPError as error:
            # dlt's client wants every answer to be good; which errors pass is decided here.
            if error.response is None:
                raise
            return error.response


def keep_quota(plan: Plan, words: str, limit_header: str, left_header: str) -> Callable[..., None]:
    """A hook on answers: keeps in the plan what the vendor's headers last said is left of a limit, called `words`."""

    def keep(response: requests.Response, *_: Any, **__: Any) -> None:
        limit, left = response.headers.get(limit_header), response.headers.get(left_header)
        if limit and left:
            plan.quota[words] = f"{left} of {limit} left"

    return keep


def _check_is_whole(response: requests.Response) -> None:
    """A JSON body that was cut off on the way is a lost connection, not an answer."""
    if "json" in response.headers.get("Content-Type", "") and response.content:
        response.json()


def _is_bare_refusal(response: requests.Response) -> bool:
    """Some vendors answer a very high volume with a 403 that holds no JSON at all."""
    return response.status_code == 403 and "json" not in response.headers.get("Content-Type", "")


def _seconds(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdigit() else None


def _said(response: requests.Response) -> str:
    """The vendor's own words, without anything that the request had carried."""
    return " ".join(response.text.split())[:ERROR_CHARACTERS]
