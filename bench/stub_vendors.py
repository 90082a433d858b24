"""Two vendors that answer at once, however much is asked: the simulated ones are asked once what an object looks like.

How much there is, the address says: `/20000/v1/charges` lists 20,000 charges, `properties/20000` has as many rows of
traffic. All else is empty.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
from google.analytics.data_v1beta import types

from sandbox.vendors.google_analytics import SERVICE
from sandbox.vendors.stripe import Account
from sandbox.world import generate

FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 1, 28)
NOW = datetime.combine(LAST_DAY + timedelta(days=1), time(8), UTC)
TRAFFIC = "sessionSource"  # the dimension that tells the report of traffic


def serve(ready: Connection) -> None:
    """Serve both, and say where: the address of HTTP, then that of gRPC. Runs until the process is ended."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _stripe())
    Thread(target=http.serve_forever, daemon=True).start()
    analytics = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    analytics.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _methods()),))
    port = analytics.add_insecure_port("127.0.0.1:0")
    analytics.start()
    ready.send((f"http://127.0.0.1:{http.server_port}", f"grpc://127.0.0.1:{port}"))
    analytics.wait_for_termination()


def _stripe() -> type[BaseHTTPRequestHandler]:
    """Charges as the simulated vendor shows them, each payer another one."""
    account = Account(generate(first_day=FIRST_DAY, last_day=LAST_DAY))
    charges = [one.make(NOW) for one in account.lists["charges"] if one.is_live]

    def charge(number: int) -> dict[str, Any]:
        one = charges[number % len(charges)]
        billed = one["billing_details"]
        email = billed["email"] and f"{number}.{billed['email'].strip()}"
        return one | {
            "id": f"ch_{number}",
            "billing_details": billed | {"email": email},
            "payment_intent": f"pi_{number}",
            "customer": one["customer"] and f"cus_{number}",
        }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            _, known, _, name = address.path.split("/")
            asked = {key: values[0] for key, values in parse_qs(address.query).items()}
            start = int(asked["starting_after"].removeprefix("ch_")) + 1 if "starting_after" in asked else 0
            objects = int(known) if name == "charges" else 0
            end = min(start + int(asked["limit"]), objects)
            page = [charge(number) for number in range(start, end)]
            answer = {"object": "list", "data": page, "has_more": end < objects, "url": f"/v1/{name}"}
            body = json.dumps(answer, separators=(",", ":")).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def _methods() -> dict[str, Any]:
    def run(request: types.RunReportRequest, _: Any) -> types.RunReportResponse:
        return _report(request)

    def batch(request: types.BatchRunReportsRequest, _: Any) -> types.BatchRunReportsResponse:
        return types.BatchRunReportsResponse(reports=[_report(one) for one in request.requests])

    return {
        "RunReport": grpc.unary_unary_rpc_method_handler(
            run, types.RunReportRequest.deserialize, types.RunReportResponse.serialize
        ),
        "BatchRunReports": grpc.unary_unary_rpc_method_handler(
            batch, types.BatchRunReportsRequest.deserialize, types.BatchRunReportsResponse.serialize
        ),
    }


def _report(request: types.RunReportRequest) -> types.RunReportResponse:
    """A page of a report; that of traffic has rows."""
    dimensions = [one.name for one in request.dimensions]
    rows = int(request.property.removeprefix("properties/")) if dimensions[1:2] == [TRAFFIC] else 0
    response = types.RunReportResponse(
        dimension_headers=[types.DimensionHeader(name=name) for name in dimensions],
        metric_headers=[types.MetricHeader(name=one.name) for one in request.metrics],
        metadata=types.ResponseMetaData(currency_code="EUR", time_zone="Europe/Paris"),
        row_count=rows,
    )
    page = types.RunReportResponse.pb(response).rows
    for labels, values in _traffic(request.offset, min(request.offset + request.limit, rows)):
        row = page.add()
        for label in labels:
            row.dimension_values.add().value = label
        for value in values:
            row.metric_values.add().value = value
    return response


def _traffic(start: int, end: int) -> Iterator[tuple[list[str], list[str]]]:
    days = (LAST_DAY - FIRST_DAY).days + 1
    for number in range(start, end):
        day = FIRST_DAY + timedelta(days=number % days)
        labels = [f"{day:%Y%m%d}", f"site-{number % 97}.example", "referral", f"campaign of spring {number // days}"]
        yield labels, [str(number % 50), str(number % 40), str(number % 30)]
