"""Messages to people, by mail or chat, through apprise (https://github.com/caronc/apprise): an address is a URL."""

import logging
import os
from pathlib import Path

from pipelines.connector import ConnectorError
from pipelines.settings import Alerts


def addresses(alerts: Alerts) -> list[str]:
    """The variables that hold one each; raises where there is none."""
    if not alerts.to:
        raise ConnectorError('Nobody is told: add to the settings, under [alerts]: to = ["PARCOURS_ALERT_URL"]')
    return alerts.to


def deliver(variable: str, title: str, body: str, is_html: bool = False, attached: Path | None = None) -> str:
    """Send to the address that an environment variable holds; gives why that failed, '' where it did not.

    A mail takes along the file that is attached; chats and phones show none.
    The address is a secret: nothing of it is told or logged, and so not what its service answered either.
    """
    address = os.environ.get(variable, "")
    if not address:
        return f"{variable} is not set: put the address into the environment"
    import apprise  # knows a hundred services, which takes a while
    from apprise.plugins.email import NotifyEmail

    logging.getLogger("apprise").disabled = True  # it logs addresses
    service = apprise.Apprise()
    if not service.add(address):
        return f"{variable} holds no address that is known: docs/alerts.md has examples"
    body_format = apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT
    is_mail = isinstance(service[0], NotifyEmail)
    if is_mail:
        service[0].notify_format = body_format  # of text it would make HTML whose lines cannot break
    taken_along = str(attached) if attached and is_mail else None
    try:
        is_sent = service.notify(body=body, title=title, body_format=body_format, attach=taken_along)
    except Exception:  # noqa: BLE001  what a service raises may name its address
        is_sent = False
    if is_sent:
        return ""
    return f"the service behind {variable} did not take it: correct the address or wait, then try: parcours alerts test"
