"""HTTP as every plain REST connector speaks it: deadlines, retries, errors that say what to do and hold no secret.

An answer is whole and in time and, where JSON is wanted, JSON in UTF-8; all else is a lost answer that is asked again.
"""

import codecs
import os
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3

from pipelines import clock, deadline
from pipelines.connector import AccessRefused, ConnectorError, CredentialRefused, Gone, Plan, QuotaExhausted
from pipelines.retry import VendorBusy, retrying

TIMEOUT_SECONDS = (10, 30)  # connect; silence while an answer is awaited
ANSWER_SECONDS = 120.0  # from the first byte to the last of one answer, however slowly they come
FILE_SECONDS = 1200.0  # of a file, which may be large
MOST_BYTES = 1 << 30  # of one answer, unpacked
CHUNK_BYTES = 1 << 20
GOOD = (200, 201)
GONE = (404, 410)
BUSY = (408, 425, 429, 500, 502, 503, 504)
UNKNOWN = 401  # the credential itself
REFUSED = (UNKNOWN, 403)
ERROR_CHARACTERS = 300
LONGEST_ADVISED_SECONDS = 300  # a longer wait than this is a quota that is spent, for the next refresh
A_MOMENT_IN_TIME = 1e9  # some vendors name when, in seconds since 1970, rather than how long


def session(
    vendor: str, advice: str = "", wait_header: str = "Retry-After", gives_files: bool = False
) -> requests.Session:
    """A session for one vendor: what to do when it refuses the credential, and which header says how long to wait."""
    return VendorSession(vendor, advice, wait_header, gives_files)


class TimedSession(requests.Session):
    """Every answer is read within a time, from its first byte to its last, and comes from the vendor's own host."""

    def __init__(self, vendor: str, gives_files: bool = False) -> None:
        super().__init__()
        self.vendor = vendor
        self.gives_files = gives_files

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send once."""
        return self.read(request, ANSWER_SECONDS, **kwargs)

    def read(self, request: requests.PreparedRequest, seconds: float, **kwargs: Any) -> requests.Response:
        """An answer with its whole body, which is UTF-8 whatever its type says: all JSON is."""
        deadline.check()
        ends_at = time.monotonic() + min(patient(seconds), deadline.remaining())
        connect, silence = (min(patient(limit), max(0.01, deadline.remaining())) for limit in TIMEOUT_SECONDS)
        request.hooks = {"response": [lambda response, **_: _read(response, ends_at)]}
        response = super().send(request, **kwargs | {"timeout": (connect, silence), "stream": True})
        clock.hear(response.headers)
        response.encoding = "utf-8"
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where a redirect leads; never to another host or scheme, which would be given the credential."""
        target = super().get_redirect_target(resp)
        if target and not self.gives_files:
            check_same_host(self.vendor, resp.url, target)
        return target


class VendorSession(TimedSession):
    """Asks again while the vendor is busy and raises named errors otherwise; messages name host and path only.

    One that `gives_files` takes whatever comes as a file; so does a request that is made as a stream.
    """

    def __init__(self, vendor: str, advice: str, wait_header: str = "Retry-After", gives_files: bool = False) -> None:
        super().__init__(vendor, gives_files)
        self.advice = advice
        self.wait_header = wait_header

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send once, or as often as `pipelines.retry` allows while the vendor is busy."""
        return retrying(self._send_once, request, **kwargs)

    def _send_once(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        address = urlsplit(request.url or "")
        where = f"{self.vendor}: {address.hostname}{address.path}"
        is_file = self.gives_files or bool(kwargs.get("stream"))
        try:
            response = self._answer(request, FILE_SECONDS if is_file else ANSWER_SECONDS, **kwargs)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            raise VendorBusy(f"{where} did not answer ({_fault(error)})") from None
        self._judge(response, where)
        if not is_file:
            _parse(response, where)
        elif response.content.isspace() or not response.content:
            raise VendorBusy(f"{where} gave an empty file")
        return response

    def _answer(self, request: requests.PreparedRequest, seconds: float, **kwargs: Any) -> requests.Response:
        hooks, request.hooks = request.hooks, {}
        try:
            response = self.read(request, seconds, **kwargs)
        finally:
            request.hooks = hooks
        try:
            for hook in hooks.get("response", ()):
                response = hook(response, **kwargs) or response
        except requests.exceptions.HTTPError as error:
            # dlt's client wants every answer to be good; which errors pass is decided here.
            if error.response is None:
                raise
        return response

    def _judge(self, response: requests.Response, where: str) -> None:
        status = response.status_code
        if status in BUSY or _is_bare_refusal(response):
            wait = _seconds(response.headers.get(self.wait_header, ""))
            if wait and wait > LONGEST_ADVISED_SECONDS:
                raise QuotaExhausted(f"{where} gives nothing more for now; it answers again in {wait / 60:.0f} minutes")
            raise VendorBusy(f"{where} is busy (HTTP {status})", wait)
        if status in REFUSED:
            refusal = CredentialRefused if status == UNKNOWN else AccessRefused
            raise refusal(f"{where} refused the credential (HTTP {status}). {self.advice}".strip())
        if status in GONE:
            raise Gone(f"{where} does not exist (HTTP {status}): {_said(response)}")
        if status >= 400:
            raise ConnectorError(f"{where} answered HTTP {status}: {_said(response)}")
        if status not in GOOD:
            raise VendorBusy(f"{where} gave no answer (HTTP {status})")


def patient(seconds: float) -> float:
    """A deadline; tests scale it down with `PARCOURS_DEADLINES`."""
    return seconds * float(os.environ.get("PARCOURS_DEADLINES", "1"))


def check_same_host(vendor: str, here: str, there: str) -> None:
    """Refuse an address that leads to another host or scheme than the vendor's own."""
    own, other = urlsplit(here), urlsplit(requests.compat.urljoin(here, there))
    if (own.scheme, own.hostname, own.port) != (other.scheme, other.hostname, other.port):
        raise ConnectorError(
            f"{vendor}: {own.hostname}{own.path} leads to another address ({other.scheme}://{other.hostname}), which "
            "is not followed: it would be given the credential. If the vendor has moved, correct the address."
        )


def _read(response: requests.Response, ends_at: float) -> None:
    """Read a body until its end or the deadline, whichever comes first; one that is read already stays."""
    if getattr(response, "_content_consumed", False):
        return
    body = bytearray()
    while chunk := response.raw.read1(CHUNK_BYTES, decode_content=True):
        body += chunk
        if time.monotonic() > ends_at:
            response.close()
            raise requests.exceptions.ReadTimeout("the answer did not end in time")
        if len(body) > MOST_BYTES:
            response.close()
            raise requests.exceptions.ContentDecodingError("the answer is endless")
    response.raw.release_conn()
    response.__dict__ |= {"_content": bytes(body), "_content_consumed": True}


def _parse(response: requests.Response, where: str) -> None:
    """Parse the JSON once; what is none, or was cut off on the way, is a lost answer."""
    try:
        answer = orjson.loads((response.content or b"").removeprefix(codecs.BOM_UTF8))
    except orjson.JSONDecodeError:
        kind = response.headers.get("Content-Type", "no type").partition(";")[0]
        raise VendorBusy(f"{where} gave an answer that is no whole JSON document ({kind})") from None
    response.json = lambda **_: answer  # type: ignore[method-assign]


def _fault(error: Exception) -> str:
    """What kept the answer away: a host without an address, a closed door, a silence are told from each other."""
    if "NameResolution" in repr(error):
        return "the host is not known: correct its name, or see whether this machine reaches the network"
    if "Connection refused" in repr(error):
        return "the connection was refused: nothing listens at this address, or a firewall lets nobody through"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time: see whether a firewall or proxy keeps this machine from it"
    return str(error) if isinstance(error, requests.exceptions.ReadTimeout) else type(error).__name__


def keep_quota(plan: Plan, words: str, limit_header: str, left_header: str) -> Callable[..., None]:
    """A hook on answers: keeps in the plan what the vendor's headers last said is left of a limit, called `words`."""

    def keep(response: requests.Response, *_: Any, **__: Any) -> None:
        limit, left = response.headers.get(limit_header), response.headers.get(left_header)
        if limit and left:
            plan.quota[words] = f"{left} of {limit} left"

    return keep


def _is_bare_refusal(response: requests.Response) -> bool:
    """Some vendors answer a very high volume with a 403 that holds no JSON at all."""
    return response.status_code == 403 and "json" not in response.headers.get("Content-Type", "")


def _seconds(text: str) -> float | None:
    """How long to wait: seconds, or a moment as a date or in seconds since 1970; None where it cannot be read."""
    now = time.time()
    try:
        wait = float(text) if text.replace(".", "", 1).isdigit() else parsedate_to_datetime(text).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return max(0.0, wait - now if wait > A_MOMENT_IN_TIME else wait)


def _said(response: requests.Response) -> str:
    """The vendor's own words, without anything that the request had carried."""
    return " ".join(response.text.split())[:ERROR_CHARACTERS]
