"""Klaviyo's connection, and its objects read with care (https://developers.klaviyo.com/en/reference/api_overview)."""

from collections.abc import Mapping
from typing import Any

from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator
from dlt.sources.rest_api.typing import ClientConfig

from pipelines.connector import AccessRefused, ConnectorError
from pipelines.listing import Guarded
from pipelines.sources.klaviyo.quality import CountedSession

BASE_URL = "https://a.klaviyo.com/api/"
REVISION = "2026-10-15"
PERMISSIONS = tuple(
    f"{what}:read" for what in ("accounts", "campaigns", "events", "flows", "lists", "metrics", "profiles")
)
ADVICE = (
    f"Create a private API key in Klaviyo (Settings > API keys) with {', '.join(PERMISSIONS)} and set "
    "SOURCES__KLAVIYO__API_KEY to all of it; it begins with pk_."
)
OWN_INTEGRATION = "Klaviyo"  # a connected tool brings metrics of its own, by the same names

Row = dict[str, Any]


def client(api_key: str, base_url: str, quota: dict[str, str] | None = None) -> ClientConfig:
    """How the account is reached; what is left of its calls is noted in `quota`."""
    if not api_key:
        raise AccessRefused(f"klaviyo: there is no API key. {ADVICE}")
    return {
        "base_url": base_url,
        "headers": {"revision": REVISION, "accept": "application/vnd.api+json"},
        "auth": APIKeyAuth(name="Authorization", api_key=f"Klaviyo-API-Key {api_key}", location="header"),
        "paginator": Guarded(JSONLinkPaginator("links.next"), "klaviyo", "data", must=("links",)),
        "session": CountedSession(ADVICE, {} if quota is None else quota),
    }


def flat(row: Row) -> Row:
    """An object with its attributes beside it, so that each has a name of its own."""
    return row | {f"attributes__{name}": value for name, value in inner(row, "attributes").items()}


def inner(row: Mapping[str, Any], *path: str) -> Row:
    """An object nested in a row; an empty one where it is absent."""
    found: Any = row
    for name in path:
        found = found.get(name) or {}
        if not isinstance(found, dict):
            raise ConnectorError(
                f"klaviyo: {name} is a {type(found).__name__} that is no object. "
                "The vendor changed this field; nothing of this source was loaded."
            )
    return dict(found)


def metric(row: Row) -> Row:
    """A metric's id, with its name where it is the vendor's own."""
    attributes, integration = inner(row, "attributes"), inner(row, "attributes", "integration")
    is_own = integration.get("name") in (None, OWN_INTEGRATION)
    return {"id": row["id"], "name": attributes.get("name") if is_own else ""}
