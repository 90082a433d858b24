"""The wire between the product and the simulated vendors: every call is recorded, and one answer may be altered."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.adversary import fields, listings, transport
from tests.adversary.answers import Answer, Call, Request, Talk
from tests.adversary.mutations import Mutation

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"})
DRIP_SECONDS = 0.05
LATE_SECONDS = 0.15  # within the deadline, which is scaled down (`worlds`)
CREDENTIALS = ("authorization", "api-key", "apikey", "x-api-key", "x-shopify-access-token", "x-api-token")
SECRET_PARAMETERS = ("access_token=", "key=", "secret=", "appsecret_proof=")


@dataclass
class Tamper:
    """What is altered: the nth page of an endpoint (None: every page), once or as often as it is asked for."""

    endpoint: str
    page: int | None
    is_once: bool
    change: Callable[[Answer, Talk], Answer | None]
    honest: list[Call] = field(default_factory=list)
    altered: int = 0


class Proxy:
    """Between the product and `upstream`; `elsewhere` is a host that nothing may ever be told."""

    def __init__(self, upstream: str, source: str) -> None:
        self.source = source
        self.upstream = urlsplit(upstream).netloc
        self.calls: list[Call] = []
        self.leaks: list[str] = []
        self.strangers: list[str] = []
        self.is_closed = False
        self.url = self.elsewhere = ""
        self._tamper: Tamper | None = None
        self._pages: dict[object, Call] = {}
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()

    def recorded(self) -> dict[str, list[Call]]:
        """Each endpoint and its calls, one per page."""
        found: dict[str, dict[object, Call]] = {}
        for call in self.calls:
            found.setdefault(call.request.endpoint, {}).setdefault(call.request.identity, call)
        return {endpoint: list(calls.values()) for endpoint, calls in found.items()}

    def mutations(self, calls: list[Call]) -> list[Mutation]:
        """All that can be done to an endpoint's answers."""
        return [*transport.mutations(), *listings.mutations(), *fields.mutations(calls, self.source)]

    def alters(self, mutation: Mutation, page: int | None, calls: list[Call]) -> bool:
        """Whether a mutation makes another answer of any on this page."""
        for place, call in enumerate(calls):
            if page in (None, place):
                earlier = [one.answer for one in calls[:place] if one.request.listing == call.request.listing]
                talk = Talk(call.request, earlier, calls, self.elsewhere)
                if mutation.change(call.answer, talk) not in (None, call.answer):
                    return True
        return False

    def disturb(self, endpoint: str, mutation: Mutation, page: int | None, is_once: bool, calls: list[Call]) -> None:
        """Alter answers from now on."""
        with self._lock:
            self._tamper = Tamper(endpoint, page, is_once, mutation.change, calls)

    def altered(self) -> int:
        """How many answers were."""
        return self._tamper.altered if self._tamper else 0

    def told_others(self) -> str:
        """What another host was asked, and told."""
        if self.leaks:
            return f"another host was told {sorted(set(self.leaks))} with {self.strangers[0]}"
        return ""

    def rest(self) -> None:
        """Pass on everything as it is."""
        with self._lock:
            self.is_closed = False
            self.calls, self.leaks, self.strangers, self._pages, self._tamper = [], [], [], {}, None

    def hang_up(self) -> None:
        """Answer nothing more, so that a load that does not end by itself ends."""
        self.is_closed = True
        for one in list(self._sockets):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def passed_on(self, request: Request, answer: Answer) -> Answer:
        """The answer as the product gets it."""
        with self._lock:
            self.calls.append(Call(request, answer))
            tamper = self._tamper
            if tamper is None or request.endpoint != tamper.endpoint:
                return answer
            self._pages.setdefault(request.identity, Call(request, answer))
            place = list(self._pages).index(request.identity)
            known = list(self._pages.values())[:place]  # also when the whole listing is read once more
            earlier = [one.answer for one in known if one.request.listing == request.listing]
            if tamper.page not in (None, place) or (tamper.is_once and tamper.altered):
                return answer
            changed = tamper.change(answer, Talk(request, earlier, tamper.honest, self.elsewhere))
            if changed is None or changed == answer:
                return answer
            tamper.altered += 1
            return changed


class _Handler(BaseHTTPRequestHandler):
    """One connection of the product."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: Proxy
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self.proxy._sockets.add(self.connection)
        self.vendor = http.client.HTTPConnection(self.proxy.upstream, timeout=60)

    def finish(self) -> None:
        self.proxy._sockets.discard(self.connection)
        self.vendor.close()
        try:
            super().finish()
        except OSError:
            return

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return

    def answer(self) -> None:
        """Ask the vendor, alter what it says, pass it on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        if self.proxy.is_closed:
            self.close_connection = True
            return
        self.deliver(self.proxy.passed_on(request, self._vendors_answer(request)))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 (the names that the library calls)

    def _vendors_answer(self, request: Request) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        self.vendor.request(self.command, self.path, request.body or None, headers)
        response = self.vendor.getresponse()
        kept = tuple((name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP)
        return Answer(response.status, kept, response.read())

    def deliver(self, answer: Answer) -> None:
        """Write an answer as its delivery wants it."""
        if answer.delivery == "silent":
            self._wait_until_gone()
            return
        if answer.delivery == "late":
            time.sleep(LATE_SECONDS)
        if answer.delivery == "reset":
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            return
        length = {"short": len(answer.body) + 100, "endless": None, "drip": 1_000_000}.get(
            answer.delivery, len(answer.body)
        )
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in answer.headers)]
        lines.append("Connection: close" if length is None else f"Content-Length: {length}")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if self.command == "HEAD" or answer.status == 204:
            return
        self.wfile.write(answer.body)
        if answer.delivery != "whole" and answer.delivery != "late":
            self.close_connection = True
            self._go_on(answer)

    def _go_on(self, answer: Answer) -> None:
        piece = {"endless": b" " * 65_536, "drip": b" ", "short": b""}[answer.delivery]
        while piece and not self.proxy.is_closed:
            time.sleep(DRIP_SECONDS)
            self.wfile.write(piece)

    def _wait_until_gone(self) -> None:
        self.close_connection = True
        self.connection.settimeout(60)
        try:
            self.connection.recv(1)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class _Elsewhere(_Handler):
    """Another host: it answers whatever it is asked, and remembers who told it what."""

    def setup(self) -> None:
        BaseHTTPRequestHandler.setup(self)

    def finish(self) -> None:
        BaseHTTPRequestHandler.finish(self)

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.strangers.append(self.path)
        told = [name for name in self.headers if name.lower() in CREDENTIALS]
        told += [name for name in SECRET_PARAMETERS if name in self.path]
        self.proxy.leaks += told
        self.deliver(Answer(200, (("Content-Type", "application/json"),), b"{}"))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815 (the names that the library calls)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is none of ours."""


@contextmanager
def proxied(upstream: str, source: str) -> Iterator[Proxy]:
    """A proxy that listens until the block ends."""
    proxy = Proxy(upstream, source)
    with _served(proxy, _Handler) as url, _served(proxy, _Elsewhere) as elsewhere:
        proxy.url, proxy.elsewhere = url, elsewhere.replace("127.0.0.1", "localhost")
        yield proxy


@contextmanager
def _served(proxy: Proxy, handler: type[_Handler]) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), type(handler.__name__, (handler,), {"proxy": proxy}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
