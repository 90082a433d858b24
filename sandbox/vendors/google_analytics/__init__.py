"""The Google Analytics Data API v1beta, served over gRPC as its client speaks it and over REST.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

import grpc
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from google.analytics.data_v1beta import types
from google.longrunning.operations_pb2 import Operation
from google.protobuf import json_format

from sandbox.state import Sandbox
from sandbox.vendors.google_analytics.api import Analytics, VendorError
from sandbox.vendors.google_analytics.quality import Quality
from sandbox.vendors.google_analytics.quota import GONE

ENVIRONMENT = {"SOURCES__GOOGLE_ANALYTICS__BASE_URL": "{grpc}"}
SERVICE = "google.analytics.data.v1beta.BetaAnalyticsData"
REST_CODES = {"INVALID_ARGUMENT": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429}

_KNOWN: WeakKeyDictionary[Sandbox, Analytics] = WeakKeyDictionary()


def analytics_of(sandbox: Sandbox) -> Analytics:
    """One engine for both protocols, since filling it takes seconds."""
    if sandbox not in _KNOWN:
        _KNOWN[sandbox] = Analytics(sandbox)
    return _KNOWN[sandbox]


def set_quality(sandbox: Sandbox, quality: Quality) -> None:
    """From now on every answer falls short in this way."""
    analytics_of(sandbox).quality = quality


METHODS: dict[str, tuple[str, Any, Any]] = {
    "RunReport": ("run_report", types.RunReportRequest, types.RunReportResponse),
    "BatchRunReports": ("batch_run_reports", types.BatchRunReportsRequest, types.BatchRunReportsResponse),
    "GetMetadata": ("get_metadata", types.GetMetadataRequest, types.Metadata),
    "CheckCompatibility": ("check_compatibility", types.CheckCompatibilityRequest, types.CheckCompatibilityResponse),
    "CreateAudienceExport": ("create_audience_export", types.CreateAudienceExportRequest, Operation),
    "GetAudienceExport": ("get_audience_export", types.GetAudienceExportRequest, types.AudienceExport),
    "ListAudienceExports": (
        "list_audience_exports", types.ListAudienceExportsRequest, types.ListAudienceExportsResponse,
    ),
}  # fmt: skip


def grpc_server(sandbox: Sandbox, port: int) -> tuple[grpc.Server, int]:
    """Serve the API over gRPC on a local port (0: any free one)."""
    analytics = analytics_of(sandbox)
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_send_message_length", -1)])
    handlers = {name: _handler(analytics, name) for name in METHODS}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound


def _handler(analytics: Analytics, name: str) -> Any:
    method, asked, answered = METHODS[name]
    path = f"/{SERVICE}/{name}"

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        logged = analytics.sandbox.requests.begin("GRPC", path)
        try:
            _fail_on_demand(analytics.sandbox, path)
            response = getattr(analytics, method)(request)
        except VendorError as error:
            logged.status = error.status
            context.abort(getattr(grpc.StatusCode, error.status), str(error))
        logged.status = "OK"
        return response

    serializer = answered.SerializeToString if answered is Operation else answered.serialize
    return grpc.unary_unary_rpc_method_handler(answer, asked.deserialize, serializer)


def _fail_on_demand(sandbox: Sandbox, path: str) -> None:
    """The declared faults, in this vendor's words."""
    fault = sandbox.faults.take(path, ("429", "500", "502_html", "reset", "timeout", "token_expired", "quota_gone"))
    if fault is None:
        return
    if fault.kind == "429":
        raise VendorError("RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota.")
    if fault.kind == "quota_gone":
        raise VendorError("RESOURCE_EXHAUSTED", GONE["day" if fault.seconds > 1 else "hour"])
    if fault.kind == "token_expired":
        raise VendorError("UNAUTHENTICATED", "Request had invalid authentication credentials.")
    if fault.kind == "500":
        raise VendorError("INTERNAL", "Internal error encountered.")
    raise VendorError("UNAVAILABLE", "The service is currently unavailable.")


def router(sandbox: Sandbox) -> APIRouter:
    """The same methods over REST, under /google_analytics."""
    routes = APIRouter(prefix="/v1beta/properties")
    analytics = analytics_of(sandbox)

    @routes.post("/{property_id}:runReport")
    async def run_report(property_id: str, request: Request) -> JSONResponse:
        asked = types.RunReportRequest()
        json_format.ParseDict(await request.json(), types.RunReportRequest.pb(asked))
        asked.property = f"properties/{property_id}"
        return _rest(sandbox, request, lambda: analytics.run_report(asked))

    @routes.post("/{property_id}:batchRunReports")
    async def batch_run_reports(property_id: str, request: Request) -> JSONResponse:
        asked = types.BatchRunReportsRequest()
        json_format.ParseDict(await request.json(), types.BatchRunReportsRequest.pb(asked))
        asked.property = f"properties/{property_id}"
        return _rest(sandbox, request, lambda: analytics.batch_run_reports(asked))

    @routes.get("/{property_id}/metadata")
    def metadata(property_id: str, request: Request) -> JSONResponse:
        asked = types.GetMetadataRequest(name=f"properties/{property_id}/metadata")
        return _rest(sandbox, request, lambda: analytics.get_metadata(asked))

    return routes


def _rest(sandbox: Sandbox, request: Request, answer: Any) -> JSONResponse:
    try:
        if request.headers.get("authorization") != "Bearer sandbox-token":
            raise VendorError("UNAUTHENTICATED", "Request had invalid authentication credentials.")
        _fail_on_demand(sandbox, request.url.path)
        response = answer()
    except VendorError as error:
        code = REST_CODES.get(error.status, 500)
        return JSONResponse({"error": {"code": code, "message": str(error), "status": error.status}}, code)
    return JSONResponse(json_format.MessageToDict(type(response).pb(response)))
