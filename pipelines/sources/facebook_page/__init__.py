"""Facebook pages: followers, posts, comments, mentions (https://developers.facebook.com/docs/graph-api/reference/page)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines import parts
from pipelines.casts import text
from pipelines.connector import Connector, ConnectorError, NumberId, Options, Plan, Pull, Scope, Table, columns
from pipelines.identity import keyed_hash
from pipelines.sources.facebook.graph import (
    API_VERSION,
    BASE_URL,
    Graph,
    ObjectGone,
    Pages,
    Row,
)
from pipelines.sources.facebook.token import token_expiry
from pipelines.sources.facebook_page.insights import INSIGHTS, METRICS, page_insights, series_of
from pipelines.sources.facebook_page.ratings import (
    RATINGS,
    RATINGS_END_ON,
    RATINGS_VERSION,
    check_ratings,
    page_ratings,
)

COUNTED_DAYS = 400  # a post's counters are captured this long: those of older posts hardly move
COMMENT_DAYS = 90  # people answer for weeks; what is answered or deleted later is found by the deep re-read
TAGGED_DAYS = 45  # mentions do not come late; what is deleted later is found by the deep re-read
AS_NOW = 1  # captured every time
EDGE = timedelta(days=1)  # a business day lies in two days of UTC, so the days on either side come too
ADVICE = (
    "Give SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN a token with the permissions pages_read_engagement, "
    "pages_read_user_content and read_insights, of somebody who may manage the page: a person's lasts 60 days, a "
    "system user's can be made never to expire (Business settings, System users)."
)

PAGE_FIELDS = ("name", "fan_count", "followers_count")
COUNTERS = (
    "reactions.summary(total_count).limit(0)",
    "comments.filter(stream).summary(total_count).limit(0)",  # the stream holds replies too
    "shares",
)

COUNTED = {"reactions": ("summary", "total_count"), "comments": ("summary", "total_count"), "shares": ("count",)}

Posts = Callable[[str], list[tuple[date, Row]]]  # of a page: each with its day (UTC)
DAY, COUNT = pa.date32(), pa.int64()
CAPTURED: dict[str, pa.DataType] = {"captured_on": DAY, "captured_at": pa.timestamp("us", "UTC")}


TABLES: dict[str, Table] = {
    "pages": Table(
        columns("page_id", "name", **CAPTURED, fan_count=COUNT, followers_count=COUNT),
        ("page_id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("followers_count",),
    ),
    # One that was deleted is listed no more: its captures stay.
    "posts": Table(
        columns("page_id", "id", "created_time", "reactions", "comments", "shares", **CAPTURED),
        ("page_id", "id", "captured_on"),
        "snapshots",
        AS_NOW,
        nested=("reactions", "comments", "shares"),
        inside={"total_count": pa.int64(), "count": pa.int64()},
        required=("reactions", "comments"),  # shares are absent where there are none
    ),
    "comments": Table(
        columns("page_id", "post_id", "id", "parent_id", "created_time", "author_key", post_day=DAY),
        ("page_id", "post_day", "post_id", "id"),
        "slices",
        COMMENT_DAYS,
        ("page_id", "post_day"),
        required=("created_time",),
        dated_by=("created_time",),  # the slice is the day of the post
        in_steps=True,
    ),
    "tagged": Table(
        columns("page_id", "id", "created_time", "author_key", created_day=DAY),
        ("page_id", "created_day", "id"),
        "slices",
        TAGGED_DAYS,
        ("page_id", "created_day"),
        required=("created_time",),
        dated_by=("created_time",),  # the slice is its day in UTC
        in_steps=True,
    ),
    "page_insights": INSIGHTS,
    "ratings": RATINGS,
}


class FacebookPageOptions(Options):
    """`[sources.facebook_page]`."""

    pages: list[NumberId] = Field(min_length=1, description="ids of pages")
    page_rows: int = Field(default=100, ge=1, le=100, description="rows asked for per page of a list")
    metrics: list[str] = Field(default=list(METRICS), description="daily page insights to read")
    comment_rows: int = Field(default=100, ge=1, le=100, description="rows asked for per page of a post's comments")
    recommendations: bool = Field(default=False, description="read recommendations, as long as Facebook gives them")

    def gives(self, entity: str) -> bool:
        """Reviews only where recommendations are asked for."""
        return entity != "reviews" or self.recommendations


@dlt.source(name="facebook_page", section="facebook_page", max_table_nesting=0)
def facebook_page(
    options: FacebookPageOptions,
    plan: Plan,
    access_token: dlt.TSecretStrValue = dlt.secrets.value,
    app_secret: dlt.TSecretStrValue | None = None,
    base_url: str = BASE_URL,
) -> list[DltResource]:
    """Captures of pages and posts; comments, mentions and insights of the asked days; recommendations as they are."""
    pages = Pages(Graph(base_url, access_token, app_secret, ADVICE, quota=plan.quota), options.page_rows)
    counted_since = plan.through - timedelta(days=COUNTED_DAYS)

    @cache
    def posts(page_id: str) -> list[tuple[date, Row]]:
        """All posts that are captured, or whose comments are asked: listed once for both."""
        counted = [counted_since for pull in plan.of("posts") if pull.account_id == page_id]
        commented = [pull.first_day - EDGE for pull in plan.of("comments") if pull.account_id == page_id]
        return list(pages.since(page_id, "published_posts", "posts", min([*counted, *commented]), *COUNTERS))

    return [
        dlt.resource(_pages(pages, plan), name="pages"),
        dlt.resource(_posts(posts, plan, counted_since), name="posts"),
        dlt.resource(_comments(pages, posts, plan, options.comment_rows), name="comments"),
        dlt.resource(_tagged(pages, plan), name="tagged"),
        dlt.resource(page_insights(pages, plan), name="page_insights"),
        dlt.resource(page_ratings(pages, plan), name="ratings"),
    ]


def _pages(pages: Pages, plan: Plan) -> Iterator[Row]:

    def read(pull: Pull) -> Iterator[Row]:
        found = pages.of(pull.account_id).node(pull.account_id, *PAGE_FIELDS)
        yield found | {"page_id": pull.account_id, "captured_on": plan.captured_on, "captured_at": plan.as_of}

    yield from parts.each(plan, "pages", read)


def _posts(posts: Posts, plan: Plan, since: date) -> Iterator[Row]:
    """Each post's counters as they are now: the vendor keeps no history of them."""

    def read(pull: Pull) -> Iterator[Row]:
        for post in (post for day, post in posts(pull.account_id) if day >= since):
            captured = {"page_id": pull.account_id, "captured_on": plan.captured_on, "captured_at": plan.as_of}
            yield {name: value for name, value in post.items() if name not in COUNTED} | captured | _counters(post)

    yield from parts.each(plan, "posts", read)


def _counters(post: Row) -> Row:
    """The counters that came, without the rest of their lists, whose paging holds the token."""
    counters: Row = {}
    for name, path in COUNTED.items():
        found = post.get(name)
        for part in path:
            found = (found or {}).get(part)
        if found is None:
            continue
        if not isinstance(found, int):
            raise ConnectorError(
                f"facebook_page: {name} of post {post['id']} is {found!r}, not a number. Facebook changed this field; "
                "nothing of this source was loaded."
            )
        counters[name] = {"count": found} if name == "shares" else {"summary": {"total_count": found}}
    return counters


def _comments(pages: Pages, posts: Posts, plan: Plan, rows: int) -> Iterator[list[Row]]:
    """Comments and replies of every post of the asked days, without names and texts."""

    def read(pull: Pull) -> Iterator[list[Row]]:
        yield [
            row
            for post_day, post in posts(pull.account_id)
            if pull.first_day - EDGE <= post_day <= pull.last_day + EDGE
            for row in _comments_of(pages, pull.account_id, post_day, post["id"], rows)
        ]

    yield from parts.each(plan, "comments", read)


def _comments_of(pages: Pages, page_id: str, post_day: date, post_id: str, rows: int) -> Iterator[Row]:
    asked: Row = {"filter": "stream", "fields": "id,created_time,parent{id},from{id}"}
    try:
        for page in pages.of(page_id).pages(post_id, "comments", limit=rows, **asked):
            for row in page:
                yield row | {
                    "page_id": page_id,
                    "post_day": post_day,
                    "post_id": post_id,
                    "parent_id": (row.get("parent") or {}).get("id", ""),
                    "author_key": _author_key(row, page_id),
                }
    except ObjectGone:
        return  # deleted since it was listed, and its comments with it


def _author_key(row: Row, page_id: str) -> str:
    """The page's own id, '' for an author whom the vendor withholds, else a hash."""
    author = text((row.get("from") or {}).get("id")) or ""
    return author if author == page_id else keyed_hash(author)


def _tagged(pages: Pages, plan: Plan) -> Iterator[list[Row]]:
    """Posts of others, or the page's own, that tag the page."""

    def read(pull: Pull) -> Iterator[list[Row]]:
        yield [
            row
            | {
                "page_id": pull.account_id,
                "created_day": day,
                "id": _post_key(row["id"], pull.account_id),
                "author_key": _author_key(row, pull.account_id),
            }
            for day, row in pages.since(pull.account_id, "tagged", "tagged", pull.first_day - EDGE, "from{id}")
            if day <= pull.last_day + EDGE
        ]

    yield from parts.each(plan, "tagged", read)


def _post_key(post_id: str, page_id: str) -> str:
    """The id of a post begins with its author's: somebody's is hashed, also where the vendor withholds the author."""
    return post_id if post_id.startswith(f"{page_id}_") else keyed_hash(post_id)


def scopes(options: FacebookPageOptions, table: str) -> list[Scope]:
    """Every page, for every table; of insights each metric, of recommendations none unless they are asked for."""
    if table == "page_insights":
        return series_of(options.pages, options.metrics)
    asked = table != "ratings" or options.recommendations
    return [Scope(one) for one in options.pages if asked]


def check(options: FacebookPageOptions) -> list[str]:
    """Each page's name and followers."""
    graph = Graph.configured("facebook_page", ADVICE)
    lines = [f"Graph API {API_VERSION}"]
    for one in options.pages:
        found = graph.node(one, *PAGE_FIELDS)
        lines.append(f"page {one}, {found.get('name')}: {found.get('followers_count')} followers")
    return lines + check_ratings(Pages(graph, 1), options.pages if options.recommendations else [])


CONNECTOR = Connector(
    name="facebook_page",
    title="Facebook page",
    tables=TABLES,
    options=FacebookPageOptions,
    source=facebook_page,
    scopes=scopes,
    lists="pages",
    account_columns=dict.fromkeys(TABLES, "page_id"),
    check=check,
    feeds={
        "page_followers": ("pages",),
        "post_interactions": ("posts",),
        "comments": ("comments",),
        "mentions": ("tagged",),
        "reviews": ("ratings",),
    },
    expires=lambda _: token_expiry("facebook_page", ADVICE),
    secrets=("access_token", "app_secret"),
    advice=ADVICE,
    permissions=("pages_read_engagement", "pages_read_user_content", "read_insights"),
    docs_url="https://developers.facebook.com/docs/graph-api/reference/page",
    api_version=API_VERSION,
    other_versions={f"{RATINGS_VERSION} (recommendations)": RATINGS_END_ON},
)
