"""Who listens for messages on localhost: a mail server and a web hook, each a real socket."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, NamedTuple

import httpx
from aiosmtpd.controller import Controller


@contextmanager
def web_hook() -> Iterator[tuple[str, list[str]]]:
    """An address as apprise takes it, with a secret in it; and the messages that came, line by line.

    Of any other than an alert of Ada's, the title alone.
    """
    lines: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_alert = body["title"] == "Parcours, Ada"
            lines.extend(body["message"].splitlines() if is_alert else [body["title"]])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/hidden-path", lines
        server.shutdown()


class Mail(NamedTuple):
    """What came: of the body the part that a program shows that knows HTML, and what is attached, by its name."""

    subject: str
    body: str
    attached: dict[str | None, Any]


@contextmanager
def mail_server() -> Iterator[tuple[str, list[Mail]]]:
    """An address as apprise takes it; and the mails that came."""
    mails: list[Mail] = []

    class Inbox:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name for it
            mail = message_from_bytes(envelope.content, policy=default)
            body = mail.get_body(("html", "plain"))
            assert body is not None
            attached = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
            mails.append(Mail(mail["Subject"], body.get_content(), attached))
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
