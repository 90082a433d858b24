"""Insights of Facebook pages by day (https://developers.facebook.com/docs/graph-api/reference/insights).

Metrics come and go on a date, whatever the version; one that is not there (any more) refuses the whole call.
"""

from datetime import UTC, date, datetime, time, timedelta

from sandbox.events import Page
from sandbox.state import Sandbox
from sandbox.vendors.facebook.graph import Call, GraphError, Row, written

# The vendor's day of page insights begins at midnight of its own zone, California.
INSIGHTS_HOUR = time(8, tzinfo=UTC)
MOST_DAYS, OLDEST_DAYS = 90, 730
METRICS = (
    *("page_follows", "page_media_view", "page_total_media_view_unique", "page_post_engagements", "page_views_total"),
    *("page_fans", "page_impressions", "page_impressions_unique"),
)
NOVEMBER, JUNE = datetime(2025, 11, 15, tzinfo=UTC), datetime(2026, 6, 15, tzinfo=UTC)
ENDS_AT = {"page_fans": NOVEMBER, "page_impressions": NOVEMBER, "page_impressions_unique": JUNE}


def followers(sandbox: Sandbox, page: Page, now: datetime) -> int:
    """How many the page has gained since the world began."""
    return sum(one.change for one in sandbox.world.follows if one.page_id == page.page_id and one.happened_at <= now)


def page_insights(sandbox: Sandbox, call: Call, page: Page) -> Row:
    """One entry per metric, without cursors: its pages are other days, and one unknown metric refuses all."""
    metrics = [part.strip(' "[]') for part in call.params.get("metric", "").split(",") if part.strip(' "[]')]
    if not metrics:
        raise GraphError(3001, "(#3001) No metric was specified to be fetched", 1504028)
    if not all(_is_given(metric, sandbox.now()) for metric in metrics):
        raise GraphError(100, "(#100) The value must be a valid insights metric")
    days = _insight_days(sandbox, call)
    data = [
        {
            "name": metric,
            "period": "day",
            "values": [
                {"value": _measured(sandbox, page, metric, day), "end_time": written(_ends(day))} for day in days
            ],
            "title": metric.replace("_", " ").capitalize(),
            "description": "Daily: as the page's own statistics show it.",
            "id": f"{page.page_id}/insights/{metric}/day",
        }
        for metric in metrics
    ]
    shifted = call.url + "?since=1&until=2"
    return {"data": data, "paging": {"previous": shifted, "next": shifted}}


def _is_given(metric: str, now: datetime) -> bool:
    return metric in METRICS and (metric not in ENDS_AT or now < ENDS_AT[metric])


def _insight_days(sandbox: Sandbox, call: Call) -> list[date]:
    """The days from `since` up to and without `until` that have ended by now."""
    now = sandbox.now()
    until = _day(call.params.get("until"), now.date() + timedelta(days=1))
    since = _day(call.params.get("since"), until - timedelta(days=2))
    if (until - since).days > MOST_DAYS:
        raise GraphError(100, "(#100) There cannot be more than 90 days (7776000 s) between since and until")
    if since < now.date() - timedelta(days=OLDEST_DAYS):
        raise GraphError(100, "(#100) since param is not valid: only the last two years are available")
    days = [since + timedelta(days=number) for number in range((until - since).days)]
    return [day for day in days if _ends(day) <= now]


def _day(text: str | None, default: date) -> date:
    if not text:
        return default
    return datetime.fromtimestamp(int(text), UTC).date() if text.isdigit() else date.fromisoformat(text[:10])


def _ends(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), INSIGHTS_HOUR)


def _measured(sandbox: Sandbox, page: Page, metric: str, day: date) -> int:
    """The level at the day's end for followers; for the others what the day's events add up to."""
    end = _ends(day)
    levels = {"page_follows": page.followers_at_start, "page_fans": page.likes_at_start}
    if metric in levels:
        return levels[metric] + followers(sandbox, page, end)
    world, start = sandbox.world, end - timedelta(days=1)
    mine = {post.post_id for post in world.posts if post.page_id == page.page_id}
    engaged = sum(one.post_id in mine and start < one.happened_at <= end for one in world.reactions)
    engaged += sum(one.post_id in mine and start < one.created_at <= end for one in world.comments)
    if metric == "page_post_engagements":
        return engaged
    return 20 + 7 * engaged if metric.endswith("_unique") else 30 + 12 * engaged
