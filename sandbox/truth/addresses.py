"""One spelling for every spelling of a mailbox: what tells persons apart, over all tools and shops."""

import unicodedata

GMAIL = ("gmail.com", "googlemail.com")


def normalised(address: str) -> str:
    """One spelling for every spelling of a mailbox; "" where there is no address."""
    local, _, domain = unicodedata.normalize("NFKC", address.strip()).lower().rpartition("@")
    if not local or not domain:
        return ""
    if domain in GMAIL:
        return f"{local.partition('+')[0].replace('.', '')}@gmail.com"
    return f"{local}@{domain.encode('idna').decode('ascii')}"
