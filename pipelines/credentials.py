"""Secrets that are missing are told before any vendor is called: all at once, each by its environment variable."""

import inspect
from collections.abc import Iterable

import dlt

from pipelines.connector import Connector, ConnectorError


class SecretMissing(ConnectorError):
    """A connected source has no credential; the message names the variables to set."""


def missing(connector: Connector) -> list[str]:
    """The environment variables of the secrets that a source cannot do without, and does not have."""
    asked = inspect.signature(connector.source).parameters
    return [
        f"SOURCES__{connector.name}__{secret}".upper()
        for secret in connector.secrets
        # one whose default is None can be left out
        if asked[secret].default is not None and not dlt.secrets.get(f"sources.{connector.name}.{secret}", str)
    ]


def require(connectors: Iterable[Connector]) -> None:
    """Refuse to begin without the secrets of these sources."""
    found = [variable for connector in connectors for variable in missing(connector)]
    if found:
        raise SecretMissing(
            f"Missing in the environment: {', '.join(found)}. docs/connectors.md says where each vendor gives it."
        )
