"""Facebook's Graph API through its own client: whole lists, retries and errors that say what to do.

https://developers.facebook.com/docs/graph-api. The client neither asks again nor knows a rate limit: limits come as
HTTP 400 with a code of their own, outages as a page of HTML.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dlt
import requests
import urllib3
from facebook_business.api import FacebookAdsApi, FacebookResponse
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from pipelines.casts import FIRST_YEAR, LAST_YEAR
from pipelines.connector import AccessRefused, ConnectorError, CredentialRefused, QuotaExhausted
from pipelines.http import TimedSession
from pipelines.listing import ABSENT, Listing, found
from pipelines.retry import VendorBusy, retrying
from pipelines.rows import SchemaDrift
from pipelines.sources.facebook.limits import used_of_limits, wait_minutes

BASE_URL = "https://graph.facebook.com"
API_VERSION = "v26.0"

# https://developers.facebook.com/docs/graph-api/guides/error-handling and …/overview/rate-limiting
PASSING = frozenset({1, 2, 4, 17, 32, 341, 613, *range(80000, 80015)})
REFUSED = frozenset({10, 102, 104, 190, *range(200, 300)})
UNKNOWN = frozenset({102, 190})  # the token itself
INVALID, RETIRED, VERSION_ENDED = 100, 12, 2635
GONE = 33  # subcode of INVALID: there is no such object, or the token may not see it
TOO_MUCH = "reduce the amount of data"  # in a message of code 1: the same page would fail for ever
TOO_LARGE = 1487534  # subcode of INVALID: a report of too much
LONGEST_WAIT_MINUTES = 5  # about as long as all attempts together wait; asking on is in vain beyond it

Row = dict[str, Any]


class InvalidParameter(ConnectorError):
    """Facebook does not know something that it was asked for."""


class ObjectGone(InvalidParameter):
    """There is no such object, or the token may not see it."""


class Retired(ConnectorError):
    """Facebook gives this no longer, or not through this version of its API."""


class TooMuchData(ConnectorError):
    """Facebook cannot give so many rows at once."""


class _BearerToken(requests.auth.AuthBase):
    """Sends the token as a header, so that no address that is logged anywhere holds it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Graph:
    """The Graph API as one token sees it; `advice` is what to do when it refuses that token.

    `quota` is filled with how much of its limits the vendor says is used.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        app_secret: str | None,
        advice: str,
        version: str = "",
        quota: dict[str, str] | None = None,
    ) -> None:
        if not token:
            raise AccessRefused(f"Facebook: there is no access token. {advice}")
        self.base_url, self.token, self.app_secret, self.advice = base_url, token, app_secret, advice
        self.version = version or API_VERSION
        self.quota = {} if quota is None else quota
        self.secrets = [secret for secret in (token, app_secret) if secret]
        session = FacebookSession(None, app_secret or None, token)
        session.GRAPH = base_url.rstrip("/")
        session.requests.params.pop("access_token")
        timed = TimedSession("Facebook")
        timed.params, timed.verify, timed.auth = session.requests.params, session.requests.verify, _BearerToken(token)
        session.requests = timed
        # Not FacebookAdsApi.init: that installs a crash reporter and a default for the whole process.
        self.api = FacebookAdsApi(session, api_version=self.version)

    @classmethod
    def configured(cls, source: str, advice: str) -> "Graph":
        """The API as dlt's configuration of a source has it, for calls outside a load."""
        at = f"sources.{source}"
        return cls(
            dlt.config.get(f"{at}.base_url", str) or BASE_URL,
            dlt.secrets.get(f"{at}.access_token", str),
            dlt.secrets.get(f"{at}.app_secret", str),
            advice,
        )

    def with_token(self, token: str) -> "Graph":
        """The same API as another token sees it; what it says is kept free of this one too."""
        other = Graph(self.base_url, token, self.app_secret, self.advice, self.version, self.quota)
        other.secrets += self.secrets
        return other

    def at_version(self, version: str) -> "Graph":
        """The same API in another version, for what newer ones no longer give."""
        return Graph(self.base_url, self.token, self.app_secret, self.advice, version, self.quota)

    def get(self, *path: str, **params: Any) -> Row:
        """One object or one answer."""
        return retrying(self._call, "GET", path, params)

    def node(self, node_id: str, *fields: str) -> Row:
        """Some fields of an object. The vendor names the object in every answer: one without it is not about it."""
        answer = self.get(node_id, fields=",".join(fields))
        if not answer.get("id"):
            raise SchemaDrift(
                f"Facebook: {node_id}: the answer does not say which object it is about; nothing of it was loaded, "
                "what was stored stays. Refresh again; if it stays so, report it."
            )
        return answer

    def post(self, *path: str, **params: Any) -> Row:
        """Ask for something to be made."""
        return retrying(self._call, "POST", path, params)

    def pages(self, *path: str, limit: int, key: tuple[str, ...] = ("id",), **params: Any) -> Iterator[list[Row]]:
        """A whole list, page by page; a page may be short or empty, only a missing `next` ends it.

        A `next` without a cursor, or with one that was there before, leads nowhere: the list is not whole. Rows come
        with their `paging` always (https://developers.facebook.com/docs/graph-api/results); without it nothing says
        whether more follow. `key` tells rows apart. Where a list is asked for `summary="total_count"` it must hold as
        many rows as that says, if the vendor says it (https://developers.facebook.com/docs/graph-api/using-graph-api).
        """
        after: Row = {}
        listing = Listing(f"Facebook: {'/'.join(path)}", key=key)
        while True:
            try:
                answer = self.get(*path, **params, **after, limit=limit)
            except TooMuchData:
                if limit == 1:
                    raise
                limit = max(1, limit // 2)
                continue
            rows = listing.page(answer.get("data", ABSENT), _total(listing, answer))
            paging = found(answer, "paging")
            if rows and not isinstance(paging, Mapping):
                raise listing.refused("does not say whether more follows (paging is missing)")
            yield [dict(row) for row in rows]
            if found(paging, "next") is ABSENT:
                listing.end()
                return
            cursor = found(paging, "cursors.after")
            if not cursor or not isinstance(cursor, str):
                raise listing.refused("goes on, but does not say where (no cursor)")
            listing.onward(cursor)
            after = {"after": cursor}

    def _call(self, method: str, path: tuple[str, ...], params: Mapping[str, Any]) -> Row:
        where = f"Facebook: {'/'.join(path)}"
        try:
            response: FacebookResponse = self.api.call(method, path, params=dict(params))
            body = response.json()
        except FacebookRequestError as error:
            raise self._named(error, where) from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            raise VendorBusy(f"{where} did not answer ({type(error).__name__})") from None
        except (AttributeError, TypeError, ValueError):
            # The client's own stumbling over a body that is no answer of the Graph API.
            raise VendorBusy(f"{where} gave an answer that is not its own") from None
        # The client takes what is no UTF-8 for a replacement character; the vendor itself writes ASCII.
        if not isinstance(body, dict) or response.status() >= 400 or "\ufffd" in str(response.body()):
            raise VendorBusy(f"{where} gave an answer that is not whole (HTTP {response.status()})")
        self.quota.update(used_of_limits(response.headers() or {}))
        return body

    def _named(self, error: FacebookRequestError, where: str) -> ConnectorError:
        code, said = error.api_error_code(), self.without_secrets(error.api_error_message() or "no reason given")
        if not isinstance(code, int):
            return VendorBusy(f"{where} gave an answer that is not its own (HTTP {error.http_status()})")
        if code in (1, INVALID) and (TOO_MUCH in said or error.api_error_subcode() == TOO_LARGE):
            return TooMuchData(f"{where}: {said}")
        if code in PASSING or error.api_transient_error():
            return _busy(f"{where}: {said}", wait_minutes(error.http_headers()))
        if code in REFUSED:
            refusal = CredentialRefused if code in UNKNOWN else AccessRefused
            return refusal(f"{where}: {said} (code {code}). {self.advice}")
        if code == VERSION_ENDED:
            return Retired(f"{where}: the API version {self.version} ended: upgrade Parcours. Facebook: {said}")
        if code == RETIRED:
            return Retired(f"{where}: {said}")
        if code == INVALID:
            kind = ObjectGone if error.api_error_subcode() == GONE else InvalidParameter
            return kind(f"{where}: {said}")
        if (error.http_status() or 0) >= 500:
            return VendorBusy(f"{where}: {said} (code {code})")
        return ConnectorError(f"{where}: {said} (code {code})")

    def without_secrets(self, text: str) -> str:
        """The vendor quotes addresses and, where it cannot read it, the token."""
        hidden = re.sub(r"(access_token|appsecret_proof|input_token)=[^&\s\"]+", r"\1=…", str(text))
        for secret in self.secrets:
            hidden = hidden.replace(secret, "…")
        return hidden


class Pages:
    """The Graph API as each Facebook page's own token sees it, which is asked for once; others are shown less."""

    def __init__(self, graph: Graph, page_rows: int) -> None:
        self.graph = graph
        self.page_rows = page_rows
        self._graphs: dict[str, Graph] = {}

    def of(self, page_id: str) -> Graph:
        """What to read one page with."""
        if page_id not in self._graphs:
            token = self.graph.node(page_id, "access_token").get("access_token")
            if not token or not isinstance(token, str):
                raise AccessRefused(f"Facebook: there is no token for the page {page_id}. {self.graph.advice}")
            self._graphs[page_id] = self.graph.with_token(token)
        return self._graphs[page_id]

    def since(self, page_id: str, edge: str, table: str, first_day: date, *fields: str) -> Iterator[tuple[date, Row]]:
        """The objects of a list that were created on `first_day` (UTC) or later, each with that day.

        The lists are newest first, but a single older object (pinned, dated back) is no end: a whole older page is.
        """
        wanted, number = ",".join(("id", "created_time", *fields)), 0
        for page in self.of(page_id).pages(page_id, edge, limit=self.page_rows, fields=wanted):
            dated = [(utc_day(row, "created_time", table, number + place), row) for place, row in enumerate(page, 1)]
            number += len(page)
            yield from ((day, row) for day, row in dated if day >= first_day)
            if dated and all(day < first_day for day, _ in dated):
                return


def spans(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """A range of days in parts that one call can hold, both ends of each included."""
    while first <= last:
        end = min(first + timedelta(days=days - 1), last)
        yield first, end
        first = end + timedelta(days=1)


def utc_day(row: Row, name: str, table: str, number: int) -> date:
    """The day of a time that a row's slice depends on, in UTC."""
    try:
        day = datetime.fromisoformat(row[name]).astimezone(UTC).date()
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValueError("not a time of ours")
        return day
    except (KeyError, TypeError, ValueError, OverflowError):
        fault = f"is {row[name]!r}, not a time" if name in row else "is missing"
        raise SchemaDrift(
            f"facebook_page: {table} row {number}: {name} {fault}. Facebook changed this field; nothing of this source "
            "was loaded. Upgrade Parcours, or report it."
        ) from None


def _total(listing: Listing, answer: Row) -> int | None:
    """How many rows the whole list has, where the vendor says so."""
    said = found(answer, "summary.total_count")
    if said is ABSENT:
        return None
    if type(said) is not int or said < 0:
        raise listing.refused("does not say how many rows it has (summary.total_count)")
    return said


def _busy(message: str, minutes: float) -> ConnectorError:
    if minutes > LONGEST_WAIT_MINUTES:
        return QuotaExhausted(f"{message}. Facebook answers again in {minutes:g} minutes; refresh then.")
    return VendorBusy(message, minutes * 60 or None)
