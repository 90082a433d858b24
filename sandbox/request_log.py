"""What was asked of the sandbox, without secrets, so that tests can count calls and pages."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock

SECRET_PARAMETERS = frozenset(
    {"access_token", "apikey", "api_key", "api-key", "appsecret_proof", "client_secret", "input_token", "key", "token"}
)


@dataclass
class LoggedRequest:
    """One call. `endpoint`, `page` (from 1) and `items` are what the vendor's router noted of a list answer."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    status: str = ""  # HTTP status, or the gRPC status name
    endpoint: str = ""
    page: int | None = None
    items: int | None = None


_current: ContextVar[LoggedRequest | None] = ContextVar("sandbox_request", default=None)


class RequestLog:
    """All calls in the order in which they began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: list[LoggedRequest] = []

    def begin(self, method: str, path: str, query: Iterable[tuple[str, str]] = ()) -> LoggedRequest:
        """Log a call that starts now, without secret parameters; the caller sets its status when it is known."""
        kept = [(name, value) for name, value in query if name.lower() not in SECRET_PARAMETERS]
        request = LoggedRequest(method, path, kept)
        _current.set(request)
        with self._lock:
            self._requests.append(request)
        return request

    def note(self, endpoint: str, page: int, items: int) -> None:
        """Say of the call being answered which list endpoint (a template), which page and how many items it was."""
        request = _current.get()
        if request is not None:
            request.endpoint, request.page, request.items = endpoint, page, items

    def all(self) -> list[LoggedRequest]:
        """Every call so far."""
        with self._lock:
            return list(self._requests)

    def pages(self) -> dict[str, int]:
        """The highest page that each list endpoint has served."""
        highest: dict[str, int] = {}
        for request in self.all():
            if request.page is not None:
                highest[request.endpoint] = max(request.page, highest.get(request.endpoint, 0))
        return highest

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._requests.clear()
