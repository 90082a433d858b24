"""The wire of Google Analytics, which speaks gRPC: the same promise under what its answers may be."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

import grpc
from google.analytics.data_v1beta import types
from google.longrunning.operations_pb2 import Operation

from sandbox.server import Running
from tests.adversary.mutations import Class, Mutation, Scope

MESSAGES: Mapping[str, tuple[Any, Any]] = {
    "RunReport": (types.RunReportRequest.pb(), types.RunReportResponse.pb()),
    "BatchRunReports": (types.BatchRunReportsRequest.pb(), types.BatchRunReportsResponse.pb()),
    "GetMetadata": (types.GetMetadataRequest.pb(), types.Metadata.pb()),
    "CheckCompatibility": (types.CheckCompatibilityRequest.pb(), types.CheckCompatibilityResponse.pb()),
    "CreateAudienceExport": (types.CreateAudienceExportRequest.pb(), Operation),
    "GetAudienceExport": (types.GetAudienceExportRequest.pb(), types.AudienceExport.pb()),
    "ListAudienceExports": (types.ListAudienceExportsRequest.pb(), types.ListAudienceExportsResponse.pb()),
}
LATE_SECONDS = 0.15


@dataclass(frozen=True)
class Status:
    """A call that fails."""

    code: str
    details: str = "said so"


@dataclass(frozen=True)
class Hangs:
    """A call that is not answered, or late."""

    seconds: float


@dataclass(frozen=True)
class GrpcCall:
    """A request as bytes, its method, and the vendor's own answer."""

    method: str
    request: bytes
    answer: Any

    @property
    def endpoint(self) -> str:
        """The method, and by what a report is asked for."""
        asked = MESSAGES[self.method][0].FromString(self.request)
        of = asked.requests[0] if self.method == "BatchRunReports" and asked.requests else asked
        names = ",".join(one.name for one in getattr(of, "dimensions", ()))
        return f"{self.method} {names}".strip()

    @property
    def identity(self) -> bytes:
        """What tells this page from others."""
        return self.request


@dataclass
class Analytics:
    """A gRPC server between the product and the simulated one; a `Wire`."""

    channel: grpc.Channel
    address: str = ""
    calls: list[GrpcCall] = field(default_factory=list)
    seen: dict[bytes, GrpcCall] = field(default_factory=dict)  # of the disturbed endpoint, one per page
    tamper: tuple[str, Mutation, int | None, bool, list[GrpcCall]] | None = None
    count: int = 0
    lock: Lock = field(default_factory=Lock)
    is_over: Event = field(default_factory=Event)

    def recorded(self) -> dict[str, list[GrpcCall]]:
        """Each endpoint and its calls, one per page."""
        found: dict[str, dict[bytes, GrpcCall]] = {}
        for call in self.calls:
            found.setdefault(call.endpoint, {}).setdefault(call.identity, call)
        return {endpoint: list(calls.values()) for endpoint, calls in found.items()}

    def mutations(self, calls: list[GrpcCall]) -> list[Mutation]:
        """All that can be done to a method's answers."""
        return list(mutations())

    def alters(self, mutation: Mutation, page: int | None, calls: list[GrpcCall]) -> bool:
        """Whether a mutation makes another answer of any on this page."""
        for place, call in enumerate(calls):
            if page in (None, place):
                earlier = [one for one in calls[:place] if _is_same_report(one, call)]
                changed = mutation.change(_copy(call), [one.answer for one in earlier])
                if changed is not None and changed != call.answer:
                    return True
        return False

    def disturb(
        self, endpoint: str, mutation: Mutation, page: int | None, is_once: bool, calls: list[GrpcCall]
    ) -> None:
        """Alter answers from now on."""
        self.tamper = (endpoint, mutation, page, is_once, calls)

    def altered(self) -> int:
        """How many answers were."""
        return self.count

    def told_others(self) -> str:
        """No answer of gRPC leads elsewhere."""
        return ""

    def rest(self) -> None:
        """Pass on everything as it is."""
        self.is_over.set()
        self.is_over = Event()
        self.calls, self.seen, self.tamper, self.count = [], {}, None, 0

    def hang_up(self) -> None:
        """Let nobody wait any more; whoever asks is refused."""
        self.is_over.set()

    def answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        """Ask the vendor, alter what it says, pass it on."""
        over = self.is_over
        if over.is_set():
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "over")
        call = self._vendors_answer(method, request, context)
        with self.lock:
            said = self._altered(call)
        if isinstance(said, Status):
            context.abort(getattr(grpc.StatusCode, said.code), said.details)
        if isinstance(said, Hangs):
            over.wait(said.seconds)
            said = call.answer
        return said if isinstance(said, bytes) else said.SerializeToString()

    def _vendors_answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> GrpcCall:
        name = method.rsplit("/", 1)[-1]
        try:
            content = self.channel.unary_unary(method)(request, timeout=60)
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())
        return GrpcCall(name, request, MESSAGES[name][1].FromString(content))

    def _altered(self, call: GrpcCall) -> Any:
        self.calls.append(call)
        if self.tamper is None or self.tamper[0] != call.endpoint:
            return call.answer
        _, mutation, page, is_once, _ = self.tamper
        earlier = [one for request, one in self.seen.items() if request != call.identity and _is_same_report(one, call)]
        self.seen.setdefault(call.identity, call)
        if page not in (None, list(self.seen).index(call.identity)) or (is_once and self.count):
            return call.answer
        changed = mutation.change(_copy(call), [one.answer for one in earlier])
        if changed is None or changed == call.answer:
            return call.answer
        self.count += 1
        return changed


def _is_same_report(one: GrpcCall, other: GrpcCall) -> bool:
    """Whether two calls ask for pages of the same report."""
    requests = [MESSAGES[call.method][0].FromString(call.request) for call in (one, other)]
    for request in requests:
        if hasattr(request, "offset"):
            request.ClearField("offset")
    return one.method == other.method and requests[0] == requests[1]


def _copy(call: GrpcCall) -> Any:
    return MESSAGES[call.method][1].FromString(call.answer.SerializeToString())


class _Methods(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Whatever method is called, as bytes."""

    def __init__(self, analytics: Analytics) -> None:
        self.analytics = analytics

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self.analytics.answer(details.method, request, context)
        )


@contextmanager
def grpc_proxied(vendors: Running) -> Iterator[Analytics]:
    """The wire, until the block ends."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(vendors.grpc_address, options=options) as channel:
        analytics = Analytics(channel)
        server = grpc.server(ThreadPoolExecutor(16), options=options)
        server.add_generic_rpc_handlers((_Methods(analytics),))
        analytics.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield analytics
        finally:
            analytics.hang_up()
            server.stop(grace=0.2).wait()


def _reports(message: Any) -> list[Any]:
    """The reports that an answer holds."""
    if hasattr(message, "reports"):
        return list(message.reports)
    return [message] if hasattr(message, "row_count") and hasattr(message, "metric_headers") else []


def of_reports(change: Callable[[Any], object], least: int = 0) -> Callable[[Any, list[Any]], Any]:
    """Every report that has rows enough, changed in place."""

    def changed(message: Any, _: list[Any]) -> Any:
        chosen = [report for report in _reports(message) if len(report.rows) >= least]
        for report in chosen:
            change(report)
        return message if chosen else None

    return changed


def _keep(report: Any, first: int | None = None, last: int | None = None) -> None:
    rows = list(report.rows)[first:last]
    del report.rows[:]
    report.rows.extend(rows)


def _reverse(report: Any) -> None:
    rows = list(report.rows)[::-1]
    del report.rows[:]
    report.rows.extend(rows)


def _repeat(report: Any) -> None:
    report.rows.insert(0, report.rows[0])


def _metric(text: str) -> Callable[[Any], None]:
    def put(report: Any) -> None:
        report.rows[0].metric_values[0].value = text

    return put


def _dimension(text: str) -> Callable[[Any], None]:
    def put(report: Any) -> None:
        if report.rows[0].dimension_values:
            report.rows[0].dimension_values[0].value = text

    return put


def _count(change: Callable[[int], int]) -> Callable[[Any], None]:
    def put(report: Any) -> None:
        report.row_count = change(report.row_count)

    return put


def _swap_metrics(report: Any) -> None:
    names = [header.name for header in report.metric_headers]
    for header, name in zip(report.metric_headers, names[1:] + names[:1], strict=True):
        header.name = name


def _rename(report: Any) -> None:
    report.metric_headers[0].name += "V2"


REPORTS: Mapping[str, tuple[Callable[[Any], object], int, Class, tuple[Scope, ...]]] = {
    "rows: none": (lambda report: report.ClearField("rows"), 1, "fault", ("first", "last", "every")),
    "rows: none, and none said": (
        lambda report: (report.ClearField("rows"), report.ClearField("row_count")),
        1,
        "possible",
        ("first", "every"),
    ),
    "rows: first missing": (lambda report: _keep(report, 1), 2, "fault", ("first", "last")),
    "rows: last missing": (lambda report: _keep(report, None, -1), 2, "fault", ("first", "last", "every")),
    "rows: repeated": (_repeat, 1, "fault", ("first",)),
    "rows: reversed": (_reverse, 2, "harmless", ("last",)),
    "total: higher": (_count(lambda n: n + 5), 1, "fault", ("first", "every")),
    "total: lower": (_count(lambda n: max(n - 1, 0)), 2, "fault", ("first", "every")),
    "total: zero": (_count(lambda n: 0), 1, "fault", ("first", "every")),
    "total: negative": (_count(lambda n: -1), 1, "fault", ("every",)),
    "headers: metric renamed": (_rename, 0, "fault", ("first", "every")),
    "headers: metrics swapped": (_swap_metrics, 1, "fault", ("first", "every")),
    "headers: metrics missing": (lambda report: report.ClearField("metric_headers"), 0, "fault", ("every",)),
    "headers: dimensions missing": (lambda report: report.ClearField("dimension_headers"), 1, "fault", ("every",)),
    "headers: one metric less": (lambda report: report.metric_headers.pop(), 0, "fault", ("every",)),
    "metadata: absent": (lambda report: report.ClearField("metadata"), 0, "fault", ("first", "every")),
    "value: missing": (lambda report: report.rows[0].metric_values.pop(), 1, "fault", ("first",)),
    "value: one more": (lambda report: report.rows[0].metric_values.add(value="7"), 1, "fault", ("first",)),
    "value: dimension missing": (lambda report: report.rows[0].ClearField("dimension_values"), 1, "fault", ("first",)),
    "value: words": (_metric("many"), 1, "fault", ("first",)),
    "value: empty": (_metric(""), 1, "fault", ("first",)),
    "value: NaN": (_metric("nan"), 1, "fault", ("first",)),
    "value: infinite": (_metric("inf"), 1, "fault", ("first",)),
    "value: negative": (_metric("-5"), 1, "possible", ("first",)),
    "value: huge": (_metric("1" * 40), 1, "fault", ("first",)),
    "value: dimension empty": (_dimension(""), 1, "possible", ("first",)),
    "value: dimension other": (_dimension("(other)"), 1, "possible", ("first",)),
    "value: dimension year 0001": (_dimension("00010101"), 1, "possible", ("first",)),
    "value: dimension NUL": (_dimension("a\0b"), 1, "possible", ("first",)),
}
CODES: Mapping[str, Class] = {
    "UNAVAILABLE": "passing", "INTERNAL": "passing", "DEADLINE_EXCEEDED": "passing", "UNKNOWN": "passing",
    "ABORTED": "passing", "PERMISSION_DENIED": "fault", "UNAUTHENTICATED": "fault", "INVALID_ARGUMENT": "fault",
    "NOT_FOUND": "fault", "FAILED_PRECONDITION": "fault", "OUT_OF_RANGE": "fault", "UNIMPLEMENTED": "fault",
    "DATA_LOSS": "fault", "CANCELLED": "fault", "ALREADY_EXISTS": "fault", "RESOURCE_EXHAUSTED": "fault",
}  # fmt: skip


def mutations() -> Iterator[Mutation]:
    """Every one of them."""
    for name, (change, least, kind, scopes) in REPORTS.items():
        yield Mutation(name, of_reports(change, least), kind, scopes, "value" if name.startswith("value") else "")
    for code, kind in CODES.items():
        yield Mutation(f"code: {code}", _answering(Status(code)), kind, ("once", "every"))
    exhausted = Status(
        "RESOURCE_EXHAUSTED", "Exhausted property tokens per day. These quota tokens return in 10 hours."
    )
    yield Mutation("code: quota", _answering(exhausted), scopes=("first", "last"))
    yield Mutation("wire: garbage", _answering(b"\xff\xff\xff no message"), scopes=("once", "every"))
    yield Mutation("wire: empty message", _answering(b""), scopes=("first", "last", "every"))
    yield Mutation("wire: hangs", _answering(Hangs(60.0)), "passing", ("once", "every"))
    yield Mutation("wire: late", _answering(Hangs(LATE_SECONDS)), "harmless", ("first",))
    yield Mutation("page: the one before, once", _before, "fault", ("once", "last"))
    yield Mutation("page: always the first", _first, scopes=("every",))
    yield Mutation("reports: one less", _one_report_less, scopes=("first", "every"))
    yield Mutation("reports: in another order", _other_order, scopes=("first", "every"))


def _answering(said: Any) -> Callable[[Any, list[Any]], Any]:
    return lambda *_: said


def _before(message: Any, earlier: list[Any]) -> Any:
    return earlier[-1] if earlier and _reports(message) else None


def _first(message: Any, earlier: list[Any]) -> Any:
    return earlier[0] if earlier and _reports(message) else None


def _one_report_less(message: Any, _: list[Any]) -> Any:
    if not hasattr(message, "reports") or not message.reports:
        return None
    message.reports.pop()
    return message


def _other_order(message: Any, _: list[Any]) -> Any:
    if not hasattr(message, "reports") or len(message.reports) < 2:
        return None
    reports = list(message.reports)[::-1]
    del message.reports[:]
    message.reports.extend(reports)
    return message
