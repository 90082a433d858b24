"""How Zendesk is asked: its address, credential, pages and limits, and what an account does not have."""

from collections.abc import Callable
from typing import Any

import requests
from dlt.sources.helpers.rest_client.auth import HttpBasicAuth
from dlt.sources.helpers.rest_client.exceptions import IgnoreResponseException
from dlt.sources.helpers.rest_client.paginators import BaseReferencePaginator

from pipelines.connector import AccessRefused
from pipelines.http import session
from pipelines.listing import Guarded

QUOTA = ("requests per minute", "X-Rate-Limit", "X-Rate-Limit-Remaining")
ADVICE = (
    "Create an API token in Zendesk's Admin Center (Apps and integrations > APIs > API tokens), set "
    "SOURCES__ZENDESK__API_TOKEN to it, and [sources.zendesk] email to the address of an administrator."
)

Row = dict[str, Any]


class Absent(IgnoreResponseException):
    """The account does not have this list, or the token's agent may not see it."""


class Cursor(BaseReferencePaginator):
    """Goes on at the cursor that `found` reads from an answer; the cursor stands for `instead_of` as well."""

    def __init__(self, param: str, found: Callable[[Row], str | None], instead_of: str = "") -> None:
        super().__init__()
        self.param, self.found, self.instead_of = param, found, instead_of

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Where the next page begins."""
        self._next_reference = self.found(response.json())

    def update_request(self, request: requests.Request) -> None:
        """Ask for the next page."""
        kept = {name: value for name, value in request.params.items() if name != self.instead_of}
        request.params = kept | {self.param: self._next_reference}


def export_cursor(answer: Row) -> str | None:
    """An export names its next cursor even where nothing follows yet."""
    return None if answer.get("end_of_stream") else answer.get("after_cursor")


def list_cursor(answer: Row) -> str | None:
    """A list says whether more follows."""
    meta = answer.get("meta") or {}
    return meta.get("after_cursor") if meta.get("has_more") else None


def exported(holder: str) -> Guarded:
    """An export's pages: what changes while they are read is told again, and its pages repeat rows."""
    cursor = Cursor("cursor", export_cursor, instead_of="start_time")
    return Guarded(cursor, "zendesk", holder, repeats=True, done="end_of_stream")


def listed(holder: str) -> Guarded:
    """A list's pages."""
    return Guarded(Cursor("page[after]", list_cursor), "zendesk", holder, more="meta.has_more")


def is_absent(response: requests.Response) -> bool:
    """Not there, or refused in the vendor's own words; a refusal without any comes from before it, and passes."""
    is_refused = response.status_code == 403 and "json" in response.headers.get("Content-Type", "")
    return response.status_code == 404 or is_refused


def address(subdomain: str, base_url: str) -> str:
    """Where the account is, unless it is told otherwise."""
    return base_url or f"https://{subdomain}.zendesk.com"


def auth(email: str, api_token: str) -> HttpBasicAuth:
    """The token, in the name of its agent."""
    if not api_token:
        raise AccessRefused(f"zendesk: there is no API token. {ADVICE}")
    return HttpBasicAuth(f"{email}/token", api_token)


def http() -> requests.Session:
    """A session that waits while Zendesk is busy, and says what to do when it refuses."""
    return session("zendesk", ADVICE)
