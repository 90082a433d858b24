"""How long an access token of Facebook's lasts (https://developers.facebook.com/docs/graph-api/reference/debug_token).

A system user's token never expires or lasts 60 days, as was chosen when it was made; somebody's own lasts 60 days. The
app's access to the data of somebody lasts 90 days from when they were last there: calls then fail, though their token,
and that of a page of theirs, are still valid.
"""

from datetime import UTC, datetime
from typing import Any

from pipelines.connector import ConnectorError, CredentialRefused
from pipelines.expiry import Expiry
from pipelines.sources.facebook.graph import Graph, InvalidParameter

TOKEN, ACCESS = "token", "the token's access to data"
ENDS = {"expires_at": TOKEN, "data_access_expires_at": ACCESS}  # as seconds since 1970, 0 for never


def token_expiry(source: str, advice: str) -> Expiry:
    """What ends first of the token that a source uses: itself, or its access to data."""
    graph = Graph.configured(source, advice)
    told = _told(graph, source)
    if told.get("is_valid") is False:
        said = graph.without_secrets((told.get("error") or {}).get("message") or "no reason given")
        raise CredentialRefused(f"Facebook: debug_token: the token is not valid: {said}. {advice}")
    if told.get("is_valid") is not True:
        raise ConnectorError("Facebook: debug_token does not say whether the token is valid.")
    ends = {what: _moment(told.get(name), name) for name, what in ENDS.items()}
    first = min((moment for moment in ends.values() if moment), default=None)
    return Expiry(first, next((what for what, moment in ends.items() if moment == first), TOKEN))


def _told(graph: Graph, source: str) -> dict[str, Any]:
    """What the vendor says of the token.

    It is asked by GET only, with the token in the address, where whoever logs addresses has it. A form that says that
    it stands for a GET, as Facebook's own client for PHP sends all its calls, keeps it out.
    """
    try:
        told = _asking(graph).post("debug_token", method="get", input_token=graph.token).get("data")
    except InvalidParameter as error:
        advised = "" if graph.app_secret else f" Set SOURCES__{source.upper()}__APP_SECRET, and the app itself asks."
        raise ConnectorError(f"{error}.{advised}") from None
    if not isinstance(told, dict):
        raise ConnectorError("Facebook: debug_token gave an answer that is not its own.")
    return told


def _asking(graph: Graph) -> Graph:
    """Who asks: the app itself where its secret is known, since a person may only with a role in it."""
    if not graph.app_secret:
        return graph
    app_id = graph.get("app", fields="id").get("id")
    if not isinstance(app_id, str):
        raise ConnectorError("Facebook: debug_token: the app of the token is not known.")
    return graph.with_token(f"{app_id}|{graph.app_secret}")


def _moment(value: Any, name: str) -> datetime | None:
    if type(value) is not int or not 0 <= value < 1 << 32:
        raise ConnectorError(f"Facebook: debug_token: {name} is {value!r}, not a time.")
    return datetime.fromtimestamp(value, UTC) if value else None
