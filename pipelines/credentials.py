"""Secrets that are missing are told before any vendor is called; those that expire, some time before they do."""

import inspect
import logging
from collections.abc import Iterable
from pathlib import Path

import dlt

from pipelines import deadline, load_log
from pipelines.connector import BudgetSpent, Connector, ConnectorError, CredentialRefused, Options
from pipelines.expiry import Expiry
from pipelines.http import patient
from pipelines.plan import Asked

ASKING_SECONDS = 20.0  # for a question that no figure rests on

log = logging.getLogger(__name__)


class SecretMissing(ConnectorError):
    """A connected source has no credential; the message names the variables to set."""


class ExpiryUnknown(ConnectorError):
    """The vendor does not say when a credential expires; the message holds why."""


def variables(connector: Connector) -> list[str]:
    """The names of a source's secrets in the environment, as dlt looks for them."""
    return [f"SOURCES__{connector.name}__{secret}".upper() for secret in connector.secrets]


def missing(connector: Connector) -> list[str]:
    """The environment variables of the secrets that a source cannot do without, and does not have."""
    asked = inspect.signature(connector.source).parameters
    return [
        variable
        for secret, variable in zip(connector.secrets, variables(connector), strict=True)
        # one whose default is None can be left out
        if asked[secret].default is not None and not dlt.secrets.get(f"sources.{connector.name}.{secret}", str)
    ]


def require(connectors: Iterable[Connector]) -> None:
    """Refuse to begin without the secrets of these sources."""
    found = [variable for connector in connectors for variable in missing(connector)]
    if found:
        raise SecretMissing(
            f"Missing: {', '.join(found)}. Set them in .env beside the settings, or in the environment; "
            "docs/connectors.md says where each vendor gives it."
        )


def expiry(connector: Connector, options: Options) -> Expiry | None:
    """What the vendor says of a credential's end; None where it has none to tell.

    Raises `ExpiryUnknown`, or `CredentialRefused` where the vendor says that it does not hold any more.
    """
    if connector.expires is None:
        return None
    try:
        with deadline.budget(connector.name, patient(ASKING_SECONDS)):
            return connector.expires(options)
    except CredentialRefused:
        raise
    except BudgetSpent:
        said = "the vendor did not answer in time."
    except Exception as error:  # noqa: BLE001  nothing rests on the answer, whatever it is
        said = str(error) if isinstance(error, ConnectorError) else type(error).__name__
    raise ExpiryUnknown(f"when its credential expires is not known: {said}")


def watched(connector: Connector, options: Options, warehouse: Path, asked: Asked) -> list[str]:
    """Ask when the credential ends, write it where `source_health` reads it, and give the warning that is due.

    A load goes on whatever comes of it: one that is not known counts as such; of one that is refused, the load says so
    and what was known of it stays.
    """
    if connector.expires is None:
        return []
    try:
        found = expiry(connector, options)
    except CredentialRefused as error:
        log.warning("%s", error)
        return []
    except ExpiryUnknown as error:
        log.warning("%s: %s", connector.name, error)
        found = None
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    with deadline.writing(), load_log.connect(warehouse) as connection:
        ends_on = found.ends_on(asked.zone) if found else None
        load_log.record_expiry(connection, connector.name, ends_on, asked.as_of)
    warning = found.warning(asked.as_of.astimezone(asked.zone), connector.advice) if found else ""
    return [f"{connector.name}: {warning}"] if warning else []
