"""The same person gets the same key in every tool, and an address cannot be read back."""

import pytest

from pipelines.connector import ConnectorError
from pipelines.identity import email_key, keyed_hash, normalised


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("  Ana@Shop.Example ", "ana@shop.example"),
        ("J.Do.e+news@GoogleMail.com", "jdoe@gmail.com"),
        ("first.last+tag@corp.example", "first.last+tag@corp.example"),
        ("zoe@bücher.example", "zoe@xn--bcher-kva.example"),
        ("zoe@xn--bcher-kva.example", "zoe@xn--bcher-kva.example"),
        ("ａｎａ@shop.example", "ana@shop.example"),  # full-width letters
        ("deleted@site.invalid", ""),  # whoever was erased
        ("no address", ""),
        ("¨ana@shop.example", ""),  # normalised, it begins with a space
        ("@shop.example", ""),
        ("+tag@gmail.com", ""),
        ("", ""),
    ],
)
def test_addresses_are_normalised_as_their_mailbox_is(typed: str, meant: str) -> None:
    assert normalised(typed) == meant


def test_an_invalid_address_is_nobody_rather_than_somebody() -> None:
    assert email_key("no address") == email_key(None) == email_key("") == ""


def test_the_key_decides_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    one = email_key("ana@shop.example")
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "another-key-0123456789")
    assert len(one) == 64
    assert email_key("ana@shop.example") != one


@pytest.mark.parametrize("key", ["", "short"])
def test_there_is_no_default_key(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", key)
    with pytest.raises(ConnectorError, match="openssl rand"):
        keyed_hash("x")
