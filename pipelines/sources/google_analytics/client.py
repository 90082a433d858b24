"""Google Analytics' own client over gRPC: the channel, whole reports page by page, and errors that say what to do."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import google.auth
import google.auth.exceptions
import grpc
from google.analytics.data_v1beta import BetaAnalyticsDataClient, types
from google.analytics.data_v1beta.services.beta_analytics_data.transports import BetaAnalyticsDataGrpcTransport
from google.api_core import exceptions
from google.oauth2 import service_account

from pipelines import deadline
from pipelines.casts import MOST
from pipelines.connector import AccessRefused, ConnectorError, CredentialRefused, QuotaExhausted
from pipelines.http import patient
from pipelines.listing import Listing
from pipelines.retry import VendorBusy, retrying
from pipelines.rows import SchemaDrift

HOST = "analyticsdata.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/analytics.readonly",)
# A page of over 4 MB is otherwise refused by the client itself, in words that look like a spent quota.
CHANNEL_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
TIMEOUT_SECONDS = 120.0
COUNT = re.compile(r"\d+(\.\d+)?([eE][+-]?\d+)?")  # nothing that is asked for can be negative
DAY = re.compile(r"\d{8}")
PASSING = (
    exceptions.ServiceUnavailable,
    exceptions.DeadlineExceeded,
    exceptions.InternalServerError,
    exceptions.BadGateway,
    exceptions.Unknown,
    exceptions.Aborted,
)
ADVICE = (
    "Add the service account's e-mail as Viewer of the property (Admin, Property access management), and check "
    "SOURCES__GOOGLE_ANALYTICS__CREDENTIALS."
)
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Rows:
    """Rows of a report by column, which is cheaper than by row: a list of texts per dimension and per metric."""

    labels: list[list[str]]
    values: list[list[str]]

    def __len__(self) -> int:
        return len(self.values[0]) if self.values else 0

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
        return zip(self.keys(), zip(*self.values, strict=True), strict=True)

    def keys(self) -> list[tuple[str, ...]]:
        """What tells each row from others."""
        return list(zip(*self.labels, strict=True)) if self.labels else [()] * len(self)

    def add(self, page: "Rows") -> None:
        """The rows of another page; those of the first say which columns there are."""
        if not self.values:
            self.labels.extend([] for _ in page.labels)
            self.values.extend([] for _ in page.values)
        for column, more in zip(self.labels + self.values, page.labels + page.values, strict=True):
            column += more


@dataclass(frozen=True)
class Report:
    """All rows of one report, and what the vendor said about their quality."""

    rows: Rows
    metadata: dict[str, Any]


def connect(base_url: str, credentials: str | None) -> BetaAnalyticsDataClient:
    """A client for the vendor's host over TLS, or for an unencrypted address such as grpc://127.0.0.1:8766."""
    if base_url.startswith("grpc://"):
        channel = grpc.insecure_channel(base_url.removeprefix("grpc://"), options=CHANNEL_OPTIONS)
        return BetaAnalyticsDataClient(transport=BetaAnalyticsDataGrpcTransport(channel=channel))
    # The client's own channel, encrypted, sets the same options.
    return BetaAnalyticsDataClient(
        credentials=_credentials(credentials), client_options={"api_endpoint": base_url.removeprefix("https://")}
    )


def _credentials(text: str | None) -> Any:
    """The service account's key, or what the machine is logged in as."""
    if text:
        try:
            read: Any = service_account.Credentials.from_service_account_info
            return read(json.loads(text), scopes=SCOPES)
        except ValueError:
            raise AccessRefused(
                "SOURCES__GOOGLE_ANALYTICS__CREDENTIALS is not the JSON key of a service account."
            ) from None
    try:
        return google.auth.default(scopes=SCOPES)[0]
    except google.auth.exceptions.DefaultCredentialsError:
        raise AccessRefused(
            "No Google credentials: set SOURCES__GOOGLE_ANALYTICS__CREDENTIALS to the JSON key of a service account."
        ) from None


def call(method: Callable[..., Answer], request: Any) -> Answer:
    """One call, repeated while the vendor is busy; the client itself never asks twice."""
    answer: Answer = retrying(_call_once, method, request)
    return answer


def _call_once(method: Callable[..., Answer], request: Any) -> Answer:
    try:
        deadline.check()
        return method(request=request, timeout=min(patient(TIMEOUT_SECONDS), deadline.remaining()))
    except PASSING as error:
        raise VendorBusy(f"Google Analytics did not answer ({error.message})") from None
    except exceptions.ResourceExhausted as error:
        raise _exhausted(error.message) from None
    except exceptions.Unauthenticated as error:
        raise CredentialRefused(f"Google Analytics refused: {error.message} {ADVICE}") from None
    except exceptions.PermissionDenied as error:
        raise AccessRefused(f"Google Analytics refused: {error.message} {ADVICE}") from None
    except exceptions.GoogleAPICallError as error:
        raise ConnectorError(f"Google Analytics answered: {error.message}") from None


def _exhausted(message: str) -> ConnectorError:
    """Tell what passes in seconds from a spent quota, and both from a page that was too large to receive."""
    if "concurrent" in message.lower() or "thresholded" in message.lower():
        return VendorBusy(f"Google Analytics: {message}")
    if "quota" in message.lower() or "tokens" in message.lower():
        return QuotaExhausted(f"Google Analytics: {message} Refresh again then; what was loaded stays.")
    return ConnectorError(f"Google Analytics: {message}")


def whole_report(
    client: BetaAnalyticsDataClient,
    request: types.RunReportRequest,
    page_rows: int,
    listen: Callable[[types.RunReportResponse], None],
) -> Report:
    """A report's rows from all its pages; one order over all of them is asked for, so that none is met twice.

    `listen` is given each page, for what else it says.
    """
    rows = Rows([], [])
    request.limit = page_rows
    request.order_bys = [
        types.OrderBy(dimension=types.OrderBy.DimensionOrderBy(dimension_name=one.name)) for one in request.dimensions
    ]
    listing = _listing(request)
    while True:
        request.offset = len(rows)
        listing.onward(request.offset)
        response = call(client.run_report, request)
        listen(response)
        page = _page(listing, request, response)
        rows.add(page)
        if not len(page) or len(rows) >= response.row_count:
            listing.end()
            return Report(rows, metadata(response))


def one_page(request: types.RunReportRequest, response: types.RunReportResponse) -> Rows:
    """The rows of a report in one page, none of which is missing."""
    listing = _listing(request)
    rows = _page(listing, request, response)
    listing.end()
    return rows


def _listing(request: types.RunReportRequest) -> Listing:
    return Listing(f"Google Analytics: a report of {request.property}", key=("labels",))


def _page(listing: Listing, request: types.RunReportRequest, response: types.RunReportResponse) -> Rows:
    """The rows of a page, with the columns that were asked for: values would else go under wrong names."""
    dimensions, metrics = ([one.name for one in names] for names in (request.dimensions, request.metrics))
    came = [one.name for one in response.dimension_headers], [one.name for one in response.metric_headers]
    if (came[0][: len(dimensions)], came[1]) != (dimensions, metrics):
        raise _drift(request, f"has the columns {[*came[0], *came[1]]}, not {[*dimensions, *metrics]}")
    if not response.metadata.currency_code or not response.metadata.time_zone:
        raise _drift(request, "does not say its currency and zone")
    rows = _read(request, response, len(came[0]), len(metrics))
    for name, column in zip(metrics, rows.values, strict=True):
        for value in set(column):
            if not COUNT.fullmatch(value) or float(value) > MOST:
                raise _drift(request, f"holds {value[:40]!r} in {name}, which is no count or amount")
    for name, column in zip(dimensions, rows.labels, strict=False):
        for label in set(column) if name == "date" else ():
            if not DAY.fullmatch(label):
                raise _drift(request, f"holds rows of {label[:40]!r} in place of a day, of which no day would know")
    listing.keyed(rows.keys(), response.row_count)
    return rows


def _drift(request: types.RunReportRequest, said: str) -> SchemaDrift:
    return SchemaDrift(
        f"Google Analytics: a report of {request.property} by "
        f"{', '.join(one.name for one in request.dimensions) or 'period'} {said}; nothing of this source was loaded, "
        "what was stored stays. Refresh again; if it stays so, report it."
    )


def _read(request: types.RunReportRequest, response: types.RunReportResponse, dimensions: int, metrics: int) -> Rows:
    """The rows, each as wide as asked, from the bare protobuf: six times faster than through its wrapper."""
    labels: list[str] = []
    values: list[str] = []
    for row in types.RunReportResponse.pb(response).rows:
        told, counted = row.dimension_values, row.metric_values
        if len(told) != dimensions or len(counted) != metrics:
            held = [one.value for one in told]
            raise _drift(request, f"has a row of {len(held)} labels and {len(counted)} values: {held}")
        labels += [one.value for one in told]
        values += [one.value for one in counted]
    return Rows([labels[at::dimensions] for at in range(dimensions)], [values[at::metrics] for at in range(metrics)])


def metadata(response: types.RunReportResponse) -> dict[str, Any]:
    """What the vendor said about the report: currency, zone, and any loss of quality."""
    said = response.metadata
    found: dict[str, Any] = {"currencyCode": said.currency_code, "timeZone": said.time_zone}
    if said.data_loss_from_other_row:
        found["dataLossFromOtherRow"] = True
    if said.subject_to_thresholding:
        found["subjectToThresholding"] = True
    if said.sampling_metadatas:
        found["samplingMetadatas"] = [
            {"samplesReadCount": one.samples_read_count, "samplingSpaceSize": one.sampling_space_size}
            for one in said.sampling_metadatas
        ]
    # In the vendor's answers since September 2026; a client older than that leaves it out.
    reasons = [_reason(one) for one in getattr(said, "data_truncation_reasons", ())]
    return found | ({"dataTruncationReasons": reasons} if reasons else {})


def _reason(said: Any) -> dict[str, Any]:
    kind = said.data_truncation_type
    return {
        "dataTruncationType": getattr(kind, "name", str(kind)),  # a number where the client does not know it yet
        "dataTruncationMessage": said.data_truncation_message,
        "dataTruncationDate": said.data_truncation_date,
        "dataTruncationDateRanges": [
            {"startDate": one.start_date, "endDate": one.end_date} for one in said.data_truncation_date_ranges
        ],
    }
