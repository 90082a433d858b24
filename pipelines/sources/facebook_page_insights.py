"""Facebook page insights: daily metrics (https://developers.facebook.com/docs/graph-api/reference/insights)."""

from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from pipelines.connector import Plan, Pull, Table
from pipelines.sources.facebook_graph import Graph, InvalidParameter, Pages, Row, parts, utc_day

INSIGHT_DAYS = 7  # the vendor corrects page insights for some days
DAYS_PER_CALL, KEPT_DAYS = 90, 729  # the vendor's limits of page insights: one call, two years back
METRICS = ("page_follows", "page_media_view", "page_post_engagements")

COLUMNS: dict[str, pa.DataType] = {
    "page_id": pa.string(),
    "date_day": pa.date32(),
    **dict.fromkeys(("metric", "period", "value", "end_time"), pa.string()),
}

INSIGHTS = Table(pa.schema(COLUMNS), ("page_id", "date_day", "metric"), "slices", INSIGHT_DAYS, ("page_id", "date_day"))


def page_insights(pages: Pages, plan: Plan, metrics: list[str]) -> Iterator[Row]:
    """Daily metrics; one that the vendor has retired costs itself only."""
    for pull in plan.of("page_insights"):
        retired: set[str] = set()
        for first, last in parts(_kept_since(pull, plan), pull.last_day, DAYS_PER_CALL):
            asked = [metric for metric in metrics if metric not in retired]
            for metric in _asked(pages.of(pull.account_id), pull.account_id, asked, first, last, retired):
                yield from _values(metric, pull)
        for one in sorted(retired):
            plan.warn(f"facebook_page: Facebook does not give {one} of page {pull.account_id}; its rows are missing")


def _kept_since(pull: Pull, plan: Plan) -> date:
    """The pull's first day that the vendor still has."""
    first = max(pull.first_day, plan.captured_on - timedelta(days=KEPT_DAYS))
    if first > pull.first_day:
        plan.warn(f"facebook_page: insights of page {pull.account_id} begin on {first}: Facebook keeps two years")
    return first


def _asked(graph: Graph, page_id: str, metrics: list[str], first: date, last: date, retired: set[str]) -> list[Row]:
    """All metrics in one call or, where the vendor does not know one of them, in one call each."""
    if not metrics:
        return []
    until = last + timedelta(days=1)  # the vendor leaves the end of a range out
    asked = {"metric": ",".join(metrics), "period": "day", "since": first.isoformat(), "until": until.isoformat()}
    try:
        # Without cursors: the `next` of insights is another range of days.
        return graph.get(page_id, "insights", **asked).get("data") or []
    except InvalidParameter as error:
        if "metric" not in str(error).lower():
            raise
    if len(metrics) == 1:
        retired.update(metrics)
        return []
    return [row for metric in metrics for row in _asked(graph, page_id, [metric], first, last, retired)]


def _values(metric: Row, pull: Pull) -> Iterator[Row]:
    """A day's value ends when the vendor's next day begins, in the morning of that day in UTC."""
    for value in metric.get("values") or []:
        day = utc_day(value, "end_time", "page insights") - timedelta(days=1)
        if pull.first_day <= day <= pull.last_day:
            yield {
                "page_id": pull.account_id,
                "date_day": day,
                "metric": metric["name"],
                "period": metric["period"],
                "value": value.get("value"),
                "end_time": value["end_time"],
            }
