"""Around every vendor: writes the request log and does the faults that look alike at all vendors."""

from urllib.parse import parse_qsl

import anyio
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import GENERIC_KINDS, Fault
from sandbox.state import Sandbox

BAD_GATEWAY = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"


class FaultMiddleware:
    """An ASGI layer, since a reset and a cut body happen below what a FastAPI response can express."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as the declared faults want it."""
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox"):
            await self.app(scope, receive, send)
            return
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        request = self.sandbox.requests.begin(scope["method"], scope["path"], query)

        async def log_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = str(message["status"])
            await send(message)

        fault = self.sandbox.faults.take(scope["path"], GENERIC_KINDS)
        if fault is None:
            await self.app(scope, receive, log_and_send)
        elif fault.kind in ("reset", "truncated"):
            await self._cut(fault, scope, receive, log_and_send)
        else:
            await self._disturb(fault, scope, receive, log_and_send)

    async def _disturb(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an error in place of the vendor's router, or its answer late."""
        if fault.kind in ("slow", "timeout"):
            await anyio.sleep(fault.seconds)
        answers: dict[str, Response] = {
            "500": PlainTextResponse("Internal Server Error", 500),
            "502_html": HTMLResponse(BAD_GATEWAY, 502),
            "429_gateway": JSONResponse({"message": "Too Many Requests"}, 429),
            "timeout": PlainTextResponse("upstream request timeout", 504),
        }
        await answers.get(fault.kind, self.app)(scope, receive, send)

    async def _cut(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the first half of the body: as if it were whole (truncated), or closing the socket on it (reset)."""
        start, body = await self._whole_answer(scope, receive)
        half = body[: len(body) // 2]
        length = len(body) + 1 if fault.kind == "reset" else len(half)
        headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(length).encode()))
        await send({**start, "headers": headers})
        # The server closes the connection of an application that returns before its answer is complete.
        await send({"type": "http.response.body", "body": half, "more_body": fault.kind == "reset"})

    async def _whole_answer(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, keep)
        return start, bytes(body)
