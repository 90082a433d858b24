"""How a report without dimensions is asked for: several date ranges a request, several requests a call."""

from collections.abc import Sequence
from datetime import date

from google.analytics.data_v1beta import BetaAnalyticsDataClient, types

from pipelines.connector import ConnectorError
from pipelines.listing import ListingRefused
from pipelines.sources.google_analytics.client import call
from pipelines.sources.google_analytics.reports import PeriodReport

RANGES_PER_REQUEST, REQUESTS_PER_BATCH = 4, 5
Range = tuple[date, date]  # first and last day


def request_of(
    property_id: str, dimensions: tuple[str, ...], report: PeriodReport, ranges: Sequence[Range]
) -> types.RunReportRequest:
    """One request of a report."""
    return types.RunReportRequest(
        property=f"properties/{property_id}",
        dimensions=[types.Dimension(name=name) for name in dimensions],
        metrics=[types.Metric(name=name) for name in report.metrics],
        date_ranges=[types.DateRange(start_date=str(first), end_date=str(last)) for first, last in ranges],
        dimension_filter=report.expression,
        return_property_quota=True,
    )


def answers_of(
    client: BetaAnalyticsDataClient, property_id: str, requests: Sequence[types.RunReportRequest]
) -> Sequence[types.RunReportResponse]:
    """The answers to up to five requests, in their order."""
    batch = types.BatchRunReportsRequest(property=f"properties/{property_id}", requests=requests)
    answers: Sequence[types.RunReportResponse] = call(client.batch_run_reports, batch).reports
    if len(answers) != len(requests):
        raise ConnectorError(
            f"Google Analytics: a batch of property {property_id} gave {len(answers)} reports of {len(requests)}"
        )
    return answers


def contradiction(property_id: str, report: str, first: date, last: date, some: bool) -> ListingRefused:
    """A count of some days that its days say otherwise: there were `some`, or nobody."""
    return ListingRefused(
        f"Google Analytics: report {report} of property {property_id} contradicts itself: from "
        f"{first} to {last} it has {'no' if some else 'a'} row, its days have "
        f"{'some' if some else 'none'}. Refresh again."
    )
