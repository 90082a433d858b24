"""Messages to people, by mail or chat, through apprise (https://github.com/caronc/apprise): an address is a URL."""

import logging
import os


def deliver(variable: str, title: str, body: str, is_html: bool = False) -> str:
    """Send to the address that an environment variable holds; gives why that failed, '' where it did not.

    The address is a secret: nothing of it is told or logged, and so not what its service answered either.
    """
    address = os.environ.get(variable, "")
    if not address:
        return f"{variable} is not set: put the address into the environment"
    import apprise  # knows a hundred services, which takes a while

    logging.getLogger("apprise").disabled = True  # it logs addresses
    service = apprise.Apprise()
    if not service.add(address):
        return f"{variable} holds no address that is known: docs/alerts.md has examples"
    body_format = apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT
    try:
        is_sent = service.notify(body=body, title=title, body_format=body_format)
    except Exception:  # noqa: BLE001  what a service raises may name its address
        is_sent = False
    if is_sent:
        return ""
    return f"the service behind {variable} did not take it: correct the address or wait, then try: parcours alerts test"
