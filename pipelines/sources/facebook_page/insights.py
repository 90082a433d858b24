"""Facebook page insights: daily metrics (https://developers.facebook.com/docs/graph-api/reference/insights).

Facebook retires metrics on a date, for every version, and then gives their past no more. So each metric of a page is a
series of its own, asked and replaced alone: a retired one keeps what was read of it.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from pipelines import parts
from pipelines.casts import caster
from pipelines.connector import Plan, Pull, Scope, Table, columns
from pipelines.listing import ABSENT, Listing
from pipelines.sources.facebook.graph import Graph, InvalidParameter, Pages, Row, spans, utc_day

INSIGHT_DAYS = 7  # the vendor corrects page insights for some days
DAYS_PER_CALL, KEPT_DAYS = 90, 729  # the vendor's limits of page insights: one call, two years back
PAGES_ZONE = "America/Los_Angeles"  # every page's days are the vendor's own
METRICS = ("page_follows", "page_media_view", "page_post_engagements")

# Metric → the day from which on Facebook refuses it, and the metric that it names in its place ('' for none):
# https://developers.facebook.com/docs/platforminsights/page/deprecated-metrics
_NOVEMBER, _JUNE = date(2025, 11, 15), date(2026, 6, 15)
RETIRED: dict[str, tuple[date, str]] = {
    "page_fans": (_NOVEMBER, "page_follows"),
    "page_fans_locale": (_NOVEMBER, ""),
    "page_fans_city": (_NOVEMBER, ""),
    "page_fans_country": (_NOVEMBER, ""),
    "page_fan_adds": (_NOVEMBER, "page_follows"),
    "page_fan_adds_unique": (_NOVEMBER, "page_follows"),
    "page_fan_removes": (_NOVEMBER, "page_follows"),
    "page_fan_removes_unique": (_NOVEMBER, "page_follows"),
    "page_impressions": (_NOVEMBER, "page_media_view"),
    "page_impressions_paid": (_NOVEMBER, "page_media_view"),
    "page_impressions_viral": (_NOVEMBER, "page_media_view"),
    "page_impressions_nonviral": (_NOVEMBER, "page_media_view"),
    "page_impressions_unique": (_JUNE, "page_total_media_view_unique"),
    "page_impressions_paid_unique": (_JUNE, "page_total_media_view_unique"),
    "page_impressions_viral_unique": (_JUNE, "page_total_media_view_unique"),
    "page_impressions_nonviral_unique": (_JUNE, "page_total_media_view_unique"),
    "page_posts_impressions": (_JUNE, "page_total_media_view_unique"),
    "page_posts_impressions_unique": (_JUNE, "page_total_media_view_unique"),
    "page_video_views_unique": (_JUNE, "page_total_media_view_unique"),
}

IS_NUMBER = caster(pa.float64())  # else an error, which fails the series

INSIGHTS = Table(
    columns(*("series", "page_id", "metric", "period", "value", "end_time"), date_day=pa.date32()),
    ("series", "date_day"),
    "slices",
    INSIGHT_DAYS,
    ("series", "date_day"),
    kept_days=KEPT_DAYS,
)


def series_of(pages: list[str], metrics: list[str]) -> list[Scope]:
    """Every metric of every page, as `<page>/<metric>`; beside a metric that ends, the one that takes its place."""
    successors = [RETIRED[metric][1] for metric in metrics if metric in RETIRED]
    asked = [metric for metric in dict.fromkeys([*metrics, *successors]) if metric]
    return [Scope(f"{page}/{metric}") for page in pages for metric in asked]


def page_insights(pages: Pages, plan: Plan) -> Iterator[list[Row]]:
    """The asked days of each series, asked alone: one that Facebook does not know refuses the whole call."""

    def read(pull: Pull) -> Iterator[list[Row]]:
        page_id, _, metric = pull.account_id.partition("/")
        if metric in RETIRED and RETIRED[metric][0] <= plan.captured_on:
            # A day's value comes the next morning, so that of the day before is missing too.
            _end(plan, pull, RETIRED[metric][0] - timedelta(days=1))
            return
        try:
            yield list(_series(pages.of(page_id), page_id, metric, pull, plan))
            plan.keep_hash(pull.table, pull.account_id, "")
        except InvalidParameter as error:
            if "metric" not in str(error).lower():
                raise
            _refused(plan, pull)

    yield from parts.each(plan, "page_insights", read)


def _refused(plan: Plan, pull: Pull) -> None:
    """A metric that was read before has been retired; any other one never was one."""
    page_id, _, metric = pull.account_id.partition("/")
    known = plan.known_hashes.get((pull.table, pull.account_id))
    if known is None:
        reason = f"Facebook does not know the metric {metric} (page {page_id}): correct [sources.facebook_page] metrics"
        plan.fail(pull.table, pull.account_id, reason)
        plan.warn(f"facebook_page: {reason}")
        return
    # The first load without it keeps its day for those that follow.
    first_day = known or pull.last_day.isoformat()
    plan.keep_hash(pull.table, pull.account_id, first_day)
    _end(plan, pull, date.fromisoformat(first_day))


def _end(plan: Plan, pull: Pull, first_day: date) -> None:
    """The rows of a retired metric stay; the first day without it is marked."""
    page_id, _, metric = pull.account_id.partition("/")
    successor = RETIRED.get(metric, (first_day, ""))[1]
    plan.unchanged(pull.table, pull.account_id)
    if pull.first_day <= first_day <= pull.last_day:
        detail = f"{metric} was retired by the vendor" + (f"; {successor} goes on" if successor else "")
        plan.caveat(pull.table, pull.account_id, "series_break", detail, first_day)
    plan.warn(
        f"facebook_page: Facebook has retired {metric} of page {page_id} (none since {first_day}); what was read of it "
        f"stays. Write {successor or 'another one'} in its place in [sources.facebook_page] metrics"
    )


def _series(graph: Graph, page_id: str, metric: str, pull: Pull, plan: Plan) -> Iterator[Row]:
    plan.account_zone(pull.table, pull.account_id, PAGES_ZONE)
    number = 0
    for first, last in spans(pull.first_day, pull.last_day, DAYS_PER_CALL):
        until = last + timedelta(days=1)  # the vendor leaves the end of a range out
        asked = {"metric": metric, "period": "day", "since": first.isoformat(), "until": until.isoformat()}
        # Without cursors: the `next` of insights is another range of days.
        answer = graph.get(page_id, "insights", **asked).get("data", ABSENT)
        for found in Listing(f"Facebook: {page_id}/insights", key=("name",)).page(answer):
            days = Listing(f"Facebook: {page_id}/insights/{metric}", key=("end_time",))
            for value in map(dict, days.page(found.get("values", ABSENT))):
                number += 1
                # A day's value ends when the vendor's next day begins, in the morning of that day in UTC.
                day = utc_day(value, "end_time", "page_insights", number) - timedelta(days=1)
                if pull.first_day <= day <= pull.last_day:
                    IS_NUMBER(value.get("value"))
                    named = {"series": pull.account_id, "page_id": page_id, "metric": metric, "date_day": day}
                    yield value | named | {"period": found.get("period")}
