"""What keeps an answer away is said so that one knows where to look."""

import socket
from contextlib import ExitStack

import pytest

from pipelines.http import session
from pipelines.retry import VendorBusy
from tests.listening import free_port


def said(port: int, host: str = "127.0.0.1") -> str:
    with pytest.raises(VendorBusy) as refused:
        session("Shop").get(f"http://{host}:{port}/orders")
    return str(refused.value)


def test_a_host_without_an_address() -> None:
    assert said(80, "shop.invalid").startswith("Shop: shop.invalid/orders did not answer (the host is not known: ")


def test_an_address_at_which_nothing_listens() -> None:
    assert said(free_port()).startswith("Shop: 127.0.0.1/orders did not answer (the connection was refused: ")


def test_an_address_that_lets_nobody_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_DEADLINES", "0.01")
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        waiting.enter_context(socket.create_connection(("127.0.0.1", port)))  # all that it keeps waiting
        assert said(port).startswith("Shop: 127.0.0.1/orders did not answer (no connection in time: ")
