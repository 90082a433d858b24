"""Personal identifiers are hashed with the installation's own key before they touch disk."""

import hmac
import os
import unicodedata
from functools import lru_cache

import idna

from pipelines.connector import ConnectorError

KEY_VARIABLE = "PARCOURS_IDENTITY_KEY"
GMAIL_DOMAINS = ("gmail.com", "googlemail.com")  # one mailbox, whatever the dots and the +tag
# No mailbox has it (RFC 2606); a shop built on WordPress writes deleted@site.invalid for everybody whom it has erased.
NOBODYS_DOMAIN = ".invalid"
SHORTEST_KEY = 16


def identity_key() -> bytes:
    """The installation's secret key; there is no default, since a known key would make the hashes reversible."""
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key) < SHORTEST_KEY:
        raise ConnectorError(
            f"{KEY_VARIABLE} is {'too short' if key else 'not set'}: set it once to a random text of {SHORTEST_KEY} "
            "characters or more (for example `openssl rand -hex 32`), keep it secret and never change it."
        )
    return key.encode()


def fingerprint() -> str:
    """Tells one key from another without revealing it; stored in the warehouse, where another key is refused."""
    return keyed_hash("parcours identity key fingerprint")[:16]


def keyed_hash(text: str) -> str:
    """HMAC-SHA-256 of a text under the installation's key, in hex; '' stays ''."""
    return hmac.digest(identity_key(), text.encode(), "sha256").hex() if text else ""


def email_key(address: str | None) -> str:
    """The person behind an e-mail address, the same in every tool; '' where there is no valid address."""
    return keyed_hash(normalised(address or ""))


def normalised(address: str) -> str:
    """Trimmed, NFKC, lower case, domain in ASCII; Gmail without dots and +tag; '' if it is nobody's address."""
    local, at, domain = unicodedata.normalize("NFKC", address.strip()).lower().rpartition("@")
    if not (local and at and domain) or (local + domain).split() != [local + domain]:
        return ""
    domain = _ascii(domain)
    if not domain or domain.endswith(NOBODYS_DOMAIN):
        return ""
    if domain in GMAIL_DOMAINS:
        local, domain = local.split("+")[0].replace(".", ""), GMAIL_DOMAINS[0]
    return f"{local}@{domain}" if local else ""


@lru_cache(maxsize=10_000)
def _ascii(domain: str) -> str:
    """A domain as the network writes it, '' if it is none; people share few."""
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return ""
