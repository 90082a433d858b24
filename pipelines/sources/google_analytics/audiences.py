"""The size of Google Analytics' audiences: the row count of an export, since no report has it.

https://developers.google.com/analytics/devguides/reporting/data/v1/audience-list-basics
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from google.analytics.data_v1beta import BetaAnalyticsDataClient, types

from pipelines import deadline
from pipelines.connector import ConnectorError, Plan
from pipelines.retry import patience
from pipelines.sources.google_analytics.client import call

EXPORT_AGE_HOURS = 20  # an export counts as today's this long; the vendor refreshes audiences about daily
EXPORT_POLLS, EXPORT_POLL_SECONDS = 60, 10
EXPORT_STATES = types.AudienceExport.State


def audience_exports(
    client: BetaAnalyticsDataClient, property_id: str, audiences: list[str], plan: Plan
) -> Iterator[dict[str, Any]]:
    """The size of each audience, counted by an export that is at most a day old."""
    if not plan.of("audience_exports"):
        return
    parent = f"properties/{property_id}"
    for audience_id in audiences:
        try:
            export = _exported(client, parent, f"{parent}/audiences/{audience_id}", plan)
        except ExportFailed as error:
            plan.fail("audience_exports", property_id, str(error))
            plan.warn(str(error))
            continue
        yield {
            "property_id": property_id,
            "audience_id": audience_id,
            "captured_on": plan.captured_on,
            "captured_at": plan.as_of,
            "row_count": export.row_count,
            "state": export.state.name,
        }


class ExportFailed(ConnectorError):
    """An audience has no size today; the others do."""


def _exported(client: BetaAnalyticsDataClient, parent: str, audience: str, plan: Plan) -> types.AudienceExport:
    """An export of today that is ready; one that failed is asked anew at once."""
    export = _newest(client, parent, audience)
    is_old = export is None or plan.as_of - export.begin_creating_time > timedelta(hours=EXPORT_AGE_HOURS)
    if export is None or is_old or export.state == EXPORT_STATES.FAILED:
        device = types.AudienceDimension(dimension_name="deviceId")
        wanted = types.AudienceExport(audience=audience, dimensions=[device])
        call(client.create_audience_export, types.CreateAudienceExportRequest(parent=parent, audience_export=wanted))
    return _ready(client, parent, audience)


def _newest(client: BetaAnalyticsDataClient, parent: str, audience: str) -> types.AudienceExport | None:
    listed: Any = call(_list_exports(client), types.ListAudienceExportsRequest(parent=parent))
    mine = [export for export in listed if export.audience == audience]
    return max(mine, key=lambda export: export.begin_creating_time, default=None)


def _list_exports(client: BetaAnalyticsDataClient) -> Callable[..., list[types.AudienceExport]]:
    return lambda request, timeout: list(client.list_audience_exports(request=request, timeout=timeout))


def _ready(client: BetaAnalyticsDataClient, parent: str, audience: str) -> types.AudienceExport:
    for _ in range(EXPORT_POLLS):
        export = _newest(client, parent, audience)
        if export is not None and export.state == EXPORT_STATES.ACTIVE:
            return export
        if export is not None and export.state == EXPORT_STATES.FAILED:
            break
        deadline.sleep(EXPORT_POLL_SECONDS * patience())
    raise ExportFailed(f"Google Analytics did not finish the export of {audience}; the next refresh asks again.")
