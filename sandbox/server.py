"""All vendors on one port, with a clock and faults that tests can set; GA4 also over gRPC on a second port."""

import pkgutil
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import import_module
from typing import Protocol, cast

import grpc
import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel

from sandbox import vendors
from sandbox.events import World
from sandbox.fault_middleware import FaultMiddleware
from sandbox.faults import Fault
from sandbox.request_log import LoggedRequest
from sandbox.state import Sandbox
from sandbox.vendors import google_analytics
from sandbox.vendors.google_analytics.quality import Quality


class Vendor(Protocol):
    """A module of `sandbox.vendors` that answers over HTTP, under a path of its own name."""

    # What aims the product here, and the credentials that it accepts; {url} is where the vendor listens.
    ENVIRONMENT: Mapping[str, str]

    def router(self, sandbox: Sandbox) -> APIRouter:
        """Its paths."""


def _vendors() -> dict[str, Vendor]:
    found = {one.name: import_module(f"sandbox.vendors.{one.name}") for one in pkgutil.iter_modules(vendors.__path__)}
    return {name: cast(Vendor, module) for name, module in found.items() if hasattr(module, "router")}


VENDORS = _vendors()

# Every vendor over gRPC: given the sandbox and a port (0: any free one), it starts a server and gives its port.
GRPC_SERVERS: list[Callable[[Sandbox, int], tuple[grpc.Server, int]]] = [google_analytics.grpc_server]

STARTUP_SECONDS = 20


class Clock(BaseModel):
    """The body of `POST /_sandbox/clock`."""

    now: datetime


def app(sandbox: Sandbox, only: Collection[str] = ()) -> FastAPI:
    """The HTTP application: every vendor under its prefix, or only some, and the controls under `/_sandbox`."""
    application = FastAPI(title="Parcours sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    application.add_middleware(FaultMiddleware, sandbox=sandbox)
    application.include_router(_controls(sandbox), prefix="/_sandbox")
    application.include_router(_quality_controls(sandbox), prefix="/_sandbox")
    for name, vendor in VENDORS.items():
        if only and name not in only:
            continue
        application.include_router(vendor.router(sandbox), prefix=f"/{name}")
    return application


def _controls(sandbox: Sandbox) -> APIRouter:
    """What tests and people set and read: clock, faults, request log."""
    router = APIRouter()

    @router.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/clock")
    def clock() -> dict[str, str]:
        return {"now": sandbox.now().isoformat()}

    @router.post("/clock")
    def set_clock(clock: Clock) -> dict[str, str]:
        try:
            sandbox.set_clock(clock.now)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return {"now": sandbox.now().isoformat()}

    @router.get("/faults")
    def faults() -> list[Fault]:
        return sandbox.faults.pending()

    @router.post("/faults")
    def add_fault(fault: Fault) -> Fault:
        sandbox.faults.add(fault)
        return fault

    @router.delete("/faults", status_code=204)
    def clear_faults() -> None:
        sandbox.faults.clear()

    @router.get("/requests")
    def requests() -> list[dict[str, object]]:
        return [asdict(request) for request in sandbox.requests.all()]

    @router.delete("/requests", status_code=204)
    def clear_requests() -> None:
        sandbox.requests.clear()

    return router


def _quality_controls(sandbox: Sandbox) -> APIRouter:
    """How good Google Analytics' answers are."""
    router = APIRouter()

    @router.get("/quality")
    def quality() -> Quality:
        return google_analytics.analytics_of(sandbox).quality

    @router.post("/quality")
    def set_quality(quality: Quality) -> Quality:
        google_analytics.set_quality(sandbox, quality)
        return quality

    return router


@dataclass(frozen=True)
class Running:
    """A sandbox that is being served, as a test or the demo holds it."""

    sandbox: Sandbox
    base_url: str  # http://127.0.0.1:<port>
    grpc_address: str  # 127.0.0.1:<port>, or "" when no vendor speaks gRPC

    def set_clock(self, now: datetime) -> None:
        """Freeze every vendor at this instant."""
        self.sandbox.set_clock(now)

    def fault(self, path: str, kind: str, times: int = 1, after: int = 0, seconds: float = 1.0) -> None:
        """Let the next calls of a path go wrong; see `sandbox.faults.Fault`."""
        self.sandbox.faults.add(
            Fault.model_validate({"path": path, "kind": kind, "times": times, "after": after, "seconds": seconds})
        )

    def quality(self, **switches: object) -> None:
        """Let Google Analytics answer worse from now on; without switches well again. See `Quality`."""
        google_analytics.set_quality(self.sandbox, Quality.model_validate(switches))

    def requests(self) -> list[LoggedRequest]:
        """Every call so far."""
        return self.sandbox.requests.all()

    def environment(self) -> dict[str, str]:
        """The variables that aim the product at this sandbox, and the credentials that it accepts."""
        found = {"SANDBOX_URL": self.base_url}
        for vendor, module in VENDORS.items():
            places = {"url": f"{self.base_url}/{vendor}", "grpc": f"grpc://{self.grpc_address}"}
            found |= {name: value.format(**places) for name, value in module.ENVIRONMENT.items()}
        return found


@contextmanager
def running(
    world: World, now: datetime | None = None, port: int = 0, grpc_port: int = 0, only: Collection[str] = ()
) -> Iterator[Running]:
    """Serve a world from threads of this process, on free ports unless told otherwise, until the block ends.

    Where `only` names vendors, no others: that starts four times as fast.
    """
    sandbox = Sandbox(world, now)
    speaks_grpc = not only or "google_analytics" in only
    grpc_servers = [start(sandbox, grpc_port) for start in GRPC_SERVERS] if speaks_grpc else []
    try:
        with _http_server(app(sandbox, only), port) as http_port:
            address = f"127.0.0.1:{grpc_servers[0][1]}" if grpc_servers else ""
            yield Running(sandbox, f"http://127.0.0.1:{http_port}", address)
    finally:
        for server, _ in grpc_servers:
            server.stop(grace=0.5).wait()


@contextmanager
def _http_server(application: FastAPI, port: int) -> Iterator[int]:
    # "critical": a reset on demand is an unfinished answer, which uvicorn would log as our mistake.
    config = uvicorn.Config(application, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    # TCP by name: asyncio turns off Nagle's algorithm only then, and without that each answer waits some 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    thread = threading.Thread(target=server.run, args=([listener],), name="sandbox", daemon=True)
    thread.start()
    try:
        _wait_until(lambda: server.started, thread)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True  # it closes the listener, and ends 0.2 s later; nobody waits for that


def _wait_until(is_started: Callable[[], bool], thread: threading.Thread) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not is_started():
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not start")
        time.sleep(0.01)
