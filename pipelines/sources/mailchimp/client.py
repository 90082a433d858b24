"""Mailchimp's calls: address, paging, chosen fields.

https://mailchimp.com/developer/marketing/docs/methods-parameters/

dlt's REST client rather than its configured resources: members are asked per list, each from where it was left, in two
calls that feed two tables; and what was deleted meanwhile is a warning instead of an error.
"""

import re
from collections.abc import Iterator
from typing import Any

import requests
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator, SinglePagePaginator
from requests.auth import HTTPBasicAuth

from pipelines.connector import AccessRefused
from pipelines.http import session
from pipelines.listing import Guarded, selector

API_PATH = "/3.0"
MOST_ROWS = 1000  # the vendor gives no more in one answer
ADVICE = (
    "Create an API key in Mailchimp (Account & billing > Extras > API keys) and set SOURCES__MAILCHIMP__API_KEY to "
    "all of it; it ends with its data centre, such as -us1."
)
DATA_CENTRE = re.compile(r"[a-z]+[0-9]+")

Row = dict[str, Any]


class Mailchimp:
    """The calls of one account."""

    def __init__(self, api_key: str, base_url: str, page_rows: int) -> None:
        if not api_key:
            raise AccessRefused(f"mailchimp: there is no API key. {ADVICE}")
        self.page_rows = page_rows
        self.client = RESTClient(
            (base_url or _address(api_key)) + API_PATH,
            auth=HTTPBasicAuth("any", api_key),
            session=session("mailchimp", ADVICE),
        )

    def pages(
        self, path: str, holder: str, fields: tuple[str, ...], rows: int | None = None, **filters: Any
    ) -> Iterator[list[Row]]:
        """The pages of a collection, with only these fields of its items."""
        wanted = ",".join(["total_items", *(f"{holder}.{name}" for name in fields)])
        size = rows or self.page_rows
        paginator = UntilNotFull(limit=size, limit_param="count", total_path=None)
        guarded = Guarded(paginator, "mailchimp", holder, "total_items", size=size)
        yield from self._read(path, holder, guarded, {"fields": wanted, **filters})

    def whole(self, path: str, holder: str) -> Iterator[list[Row]]:
        """A collection that comes in one answer and knows no choice of fields."""
        yield from self._read(path, holder, Guarded(SinglePagePaginator(), "mailchimp", holder, "total_items"), {})

    def one(self, path: str, fields: tuple[str, ...]) -> Row:
        """One thing."""
        found: Row = self.client.get(path, params={"fields": ",".join(fields)}).json()
        return found

    def _read(self, path: str, holder: str, paginator: Guarded, params: Row) -> Iterator[list[Row]]:
        for page in self.client.paginate(path, params=params, paginator=paginator, data_selector=selector(holder)):
            yield list(page)


class UntilNotFull(OffsetPaginator):
    """Ends with a page that is not full, not at the total: where that is too low, the last rows would be missing."""

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """Whether more may follow this page."""
        super().update_state(response, data)
        self._has_next_page = self._has_next_page and len(data or []) >= self.limit


def _address(api_key: str) -> str:
    data_centre = api_key.strip().rpartition("-")[2]
    if "-" not in api_key or not DATA_CENTRE.fullmatch(data_centre):
        raise AccessRefused(f"mailchimp: the API key does not end with a data centre. {ADVICE}")
    return f"https://{data_centre}.api.mailchimp.com"
