"""The Google Analytics Data API v1beta: what each method answers, whichever protocol asks.

https://developers.google.com/analytics/devguides/reporting/data/v1/rest
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from google.analytics.data_v1beta import types
from google.longrunning.operations_pb2 import Operation

from sandbox.events import Property
from sandbox.state import Sandbox
from sandbox.vendors.google_analytics.engine import Engine
from sandbox.vendors.google_analytics.filters import names, where
from sandbox.vendors.google_analytics.quality import Quality, Sample, truncation
from sandbox.vendors.google_analytics.query import DIMENSIONS, METRICS, InvalidArgumentError, Query, check
from sandbox.vendors.google_analytics.quota import Quota, price

DEFAULT_ROWS, MOST_ROWS = 10_000, 250_000
MOST_DIMENSIONS, MOST_METRICS, MOST_RANGES, MOST_IN_BATCH = 9, 10, 4, 5
EXPORT_LIVES = timedelta(hours=72)
Texts = tuple[list[str], list[str]]  # a row's dimension values and metric values


@dataclass(frozen=True)
class Answer:
    """All rows of a report in one order, and what has to be said of their quality."""

    rows: list[Texts]
    samples: tuple[Sample, ...]
    has_other_row: bool


class VendorError(Exception):
    """An answer that is an error; `status` is gRPC's name for it."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class Analytics:
    """The API's methods over one sandbox, whichever protocol asks."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.engine = Engine(sandbox.world)
        self.quality = Quality()
        self.quotas: defaultdict[str, Quota] = defaultdict(Quota)
        self.exports: dict[str, types.AudienceExport] = {}
        self.ordered = lru_cache(maxsize=4)(self._ordered)  # the pages of one report are asked one after the other

    def run_report(self, request: types.RunReportRequest, page: bool = True) -> types.RunReportResponse:
        """One report: every value is text, an empty one has no rows."""
        site = self._property(request.property)
        self._refuse_without_tokens(site)
        try:
            query = self._query(site, request)
        except InvalidArgumentError as error:
            raise VendorError("INVALID_ARGUMENT", str(error)) from None
        rows, response = self._answer(site, query, request)
        limit = min(request.limit or DEFAULT_ROWS, MOST_ROWS)
        response.row_count = len(rows)
        response.rows = [_row(row) for row in rows[request.offset : request.offset + limit]]
        quota = self._charge(query, len(response.rows))
        if request.return_property_quota:
            response.property_quota = quota
        if page:
            template = "runReport:" + ",".join(dimension.name for dimension in request.dimensions)
            self.sandbox.requests.note(template, request.offset // limit + 1, len(response.rows))
        return response

    def batch_run_reports(self, request: types.BatchRunReportsRequest) -> types.BatchRunReportsResponse:
        """Up to five reports of one property."""
        if len(request.requests) > MOST_IN_BATCH:
            raise VendorError("INVALID_ARGUMENT", f"A batch holds at most {MOST_IN_BATCH} requests.")
        reports = []
        for one in request.requests:
            one.property = one.property or request.property
            reports.append(self.run_report(one, page=False))
        return types.BatchRunReportsResponse(reports=reports, kind="analyticsData#batchRunReports")

    def get_metadata(self, request: types.GetMetadataRequest) -> types.Metadata:
        """The names that this property knows."""
        self._property(request.name.removesuffix("/metadata"))
        return types.Metadata(
            name=request.name,
            dimensions=[types.DimensionMetadata(api_name=name, ui_name=name) for name in DIMENSIONS],
            metrics=[
                types.MetricMetadata(api_name=name, ui_name=name, type_=f"TYPE_{kind}")
                for name, (kind, _) in METRICS.items()
            ],
        )

    def check_compatibility(self, request: types.CheckCompatibilityRequest) -> types.CheckCompatibilityResponse:
        """Whether the names go together."""
        self._property(request.property)
        try:
            check([one.name for one in request.dimensions], [one.name for one in request.metrics])
        except InvalidArgumentError as error:
            raise VendorError("INVALID_ARGUMENT", str(error)) from None
        return types.CheckCompatibilityResponse()

    def create_audience_export(self, request: types.CreateAudienceExportRequest) -> Operation:
        """Start an export; its users are those in the audience when it begins."""
        site = self._property(request.parent)
        now = self.sandbox.now()
        members = {
            member.cookie_id
            for member in self.sandbox.world.audience_members
            if request.audience_export.audience == f"{request.parent}/audiences/{member.audience_id}"
            and member.property_id == site.property_id
            and member.joined_at <= now
            and (member.left_at is None or member.left_at > now)
        }
        if not members:
            raise VendorError("INVALID_ARGUMENT", f"Audience {request.audience_export.audience} was not found.")
        name = f"{request.parent}/audienceExports/{len(self.exports) + 1}"
        self.exports[name] = types.AudienceExport(
            name=name,
            audience=request.audience_export.audience,
            dimensions=request.audience_export.dimensions,
            state=types.AudienceExport.State.CREATING,
            begin_creating_time=now,
            row_count=len(members),
        )
        return Operation(name=name)

    def get_audience_export(self, request: types.GetAudienceExportRequest) -> types.AudienceExport:
        """An export; it is ready from the second look on."""
        if request.name not in self.exports or self._is_old(self.exports[request.name]):
            raise VendorError("NOT_FOUND", f"{request.name} was not found.")
        return self._looked_at(request.name)

    def list_audience_exports(self, request: types.ListAudienceExportsRequest) -> types.ListAudienceExportsResponse:
        """The exports of a property that have not expired."""
        self._property(request.parent)
        names = [n for n, one in self.exports.items() if n.startswith(request.parent + "/") and not self._is_old(one)]
        return types.ListAudienceExportsResponse(audience_exports=[self._looked_at(name) for name in names])

    def _looked_at(self, name: str) -> types.AudienceExport:
        shown = types.AudienceExport(self.exports[name])
        if shown.state == types.AudienceExport.State.CREATING:
            shown.row_count = 0
            self.exports[name].state = types.AudienceExport.State(types.AudienceExport.State.ACTIVE)
        return shown

    def _is_old(self, export: types.AudienceExport) -> bool:
        return bool(self.sandbox.now() - export.begin_creating_time > EXPORT_LIVES)

    def _property(self, name: str) -> Property:
        for one in self.sandbox.world.properties:
            if name == f"properties/{one.property_id}":
                return one
        raise VendorError("PERMISSION_DENIED", "User does not have sufficient permissions for this property.")

    def _refuse_without_tokens(self, site: Property) -> None:
        gone = self.quotas[site.property_id].gone(self.quality, self.sandbox.now())
        if gone:
            raise VendorError("RESOURCE_EXHAUSTED", gone)

    def _charge(self, query: Query, rows: int) -> types.PropertyQuota:
        """Count what a request costs; what is left then."""
        days = sum((last - first).days + 1 for first, last in query.ranges)
        tokens = price(rows, len(query.dimensions) + len(query.metrics), len(query.filtered), days)
        quota, now = self.quotas[query.property_id], self.sandbox.now()
        quota.spend(tokens, query.is_thresholded, now)
        return quota.status(query.quality, tokens, query.is_thresholded, now)

    def _query(self, site: Property, request: types.RunReportRequest) -> Query:
        dimensions = [dimension.name for dimension in request.dimensions if dimension.name != "dateRange"]
        metrics = [metric.name for metric in request.metrics]
        _check_limits(request, dimensions, metrics)
        check(dimensions, metrics)
        clause, parameters = where(request.dimension_filter)
        ranges = tuple((_day(one.start_date), _day(one.end_date)) for one in request.date_ranges)
        for first, last in ranges:
            if first > last:
                raise InvalidArgumentError(f"Invalid dateRanges: {first} is after {last}.")
        return Query(
            site.property_id, ranges, tuple(dimensions), tuple(metrics), clause, tuple(parameters),
            tuple(names(request.dimension_filter)), self.quality,
        )  # fmt: skip

    def _answer(
        self, site: Property, query: Query, request: types.RunReportRequest
    ) -> tuple[list[Texts], types.RunReportResponse]:
        several = len(query.ranges) > 1
        labels = tuple(one.name or f"date_range_{number}" for number, one in enumerate(request.date_ranges))
        answer = self.ordered(query, labels if several else (), bool(request.order_bys), self.sandbox.now())
        headers = [*query.dimensions, *(["dateRange"] if several else [])]
        return answer.rows, types.RunReportResponse(
            dimension_headers=[types.DimensionHeader(name=name) for name in headers],
            metric_headers=[types.MetricHeader(name=name, type_=f"TYPE_{METRICS[name][0]}") for name in query.metrics],
            metadata=_metadata(site, query, answer),
            kind="analyticsData#runReport",
        )

    def _ordered(self, query: Query, labels: tuple[str, ...], is_asked: bool, now: datetime) -> Answer:
        """All rows as text, in one order over all pages: the asked one, or else a mixed-up one."""
        found = self.engine.answer(query, now)
        rows = [
            ([*told, *labels[number : number + 1]], [_text(value) for value in values])
            for number, told, values in found.rows
        ]
        rows.sort(key=lambda row: row[0] if is_asked else [label[::-1] for label in row[0]])
        return Answer(rows, found.samples, found.has_other_row)


def _metadata(site: Property, query: Query, answer: Answer) -> types.ResponseMetaData:
    """Currency, zone, and whatever lowers the quality; what does not is left out."""
    said = types.ResponseMetaData(
        currency_code=site.currency,
        time_zone=site.time_zone,
        data_loss_from_other_row=answer.has_other_row,
        sampling_metadatas=[
            types.SamplingMetadata(samples_read_count=one.read, sampling_space_size=one.space) for one in answer.samples
        ],
        data_truncation_reasons=truncation(query.quality, query.ranges, query.is_ad_cost),
    )
    if query.is_thresholded:
        said.subject_to_thresholding = True
    return said


def _check_limits(request: types.RunReportRequest, dimensions: list[str], metrics: list[str]) -> None:
    if len(dimensions) > MOST_DIMENSIONS or len(metrics) > MOST_METRICS:
        raise InvalidArgumentError(f"Requests are limited to {MOST_DIMENSIONS} dimensions and {MOST_METRICS} metrics.")
    if not 1 <= len(request.date_ranges) <= MOST_RANGES:
        raise InvalidArgumentError(f"Requests need 1 to {MOST_RANGES} dateRanges.")
    if not metrics:
        raise InvalidArgumentError("Requests need at least one metric.")


def _row(row: Texts) -> types.Row:
    labels, values = row
    return types.Row(
        dimension_values=[types.DimensionValue(value=label) for label in labels],
        metric_values=[types.MetricValue(value=value) for value in values],
    )


def _text(value: Any) -> str:
    """Whole numbers without a fraction, others as short as a double is written."""
    if value is None:
        return "0"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidArgumentError(f"Invalid date: {text!r}. Dates are YYYY-MM-DD here.") from None
