"""Who listens for messages on localhost: a mail server and a web hook, each a real socket."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
from aiosmtpd.controller import Controller


@contextmanager
def web_hook() -> Iterator[tuple[str, list[str]]]:
    """An address as apprise takes it, with a secret in it; and the messages that came, line by line."""
    lines: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert body["title"] == "Parcours, Ada"
            lines.extend(body["message"].splitlines())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/hidden-path", lines
        server.shutdown()


@contextmanager
def mail_server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """An address as apprise takes it; and the mails that came, subject and text."""
    mails: list[tuple[str, str]] = []

    class Inbox:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name for it
            mail = message_from_bytes(envelope.content)
            text = next(part for part in mail.walk() if not part.is_multipart())
            body = text.get_payload(decode=True)
            assert isinstance(body, bytes)
            mails.append((str(make_header(decode_header(mail["Subject"]))), body.decode()))
            return "250 OK"

    port = free_port()
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"mailto://127.0.0.1:{port}?from=parcours@shop.example&to=ada@shop.example", mails
    finally:
        controller.stop()


def free_port() -> int:
    """A port of this machine where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def is_answering(url: str) -> bool:
    """Whether a server says that all is well there."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.HTTPError:
        return False
