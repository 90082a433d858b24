"""Facebook pages: followers, posts, comments, mentions (https://developers.facebook.com/docs/graph-api/reference/page)."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import Connector, ConnectorError, Options, Plan, Scope, Table
from pipelines.identity import keyed_hash
from pipelines.sources.facebook_graph import (
    API_VERSION,
    BASE_URL,
    Graph,
    ObjectGone,
    Pages,
    Row,
)
from pipelines.sources.facebook_page_insights import INSIGHTS, METRICS, page_insights
from pipelines.sources.facebook_page_ratings import RATINGS, check_ratings, page_ratings

COUNTED_DAYS = 400  # a post's counters are captured this long: those of older posts hardly move
COMMENT_DAYS = 90  # people answer for weeks, and what is deleted by then is seen
TAGGED_DAYS = 45  # mentions do not come late; what is deleted by then is seen
EDGE = timedelta(days=1)  # a business day lies in two days of UTC, so the days on either side come too
ADVICE = (
    "Give SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN a token with the permissions pages_read_engagement, "
    "pages_read_user_content and read_insights, of somebody who may manage the page."
)

PAGE_FIELDS = ("name", "fan_count", "followers_count")
COUNTERS = (
    "reactions.summary(total_count).limit(0)",
    "comments.filter(stream).summary(total_count).limit(0)",  # the stream holds replies too
    "shares",
)

Posts = Callable[[str], list[tuple[date, Row]]]  # of a page: each with its day (UTC)
TEXT: pa.DataType = pa.string()
DAY, COUNT, MOMENT = pa.date32(), pa.int64(), pa.timestamp("us", "UTC")
CAPTURED: dict[str, pa.DataType] = {"captured_on": DAY, "captured_at": MOMENT}


def _columns(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(list({"page_id": TEXT, **columns}.items()))


def _texts(*names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names, TEXT)


TABLES: dict[str, Table] = {
    "pages": Table(
        _columns(**CAPTURED, name=TEXT, fan_count=COUNT, followers_count=COUNT),
        ("page_id", "captured_on"),
        "snapshots",
        1,
    ),
    "posts": Table(
        _columns(id=TEXT, **CAPTURED, **_texts("created_time", "reactions", "comments", "shares")),
        ("page_id", "id", "captured_on"),
        "snapshots",
        1,
    ),
    "comments": Table(
        _columns(post_day=DAY, **_texts("post_id", "id", "parent_id", "created_time", "author_key")),
        ("page_id", "post_day", "post_id", "id"),
        "slices",
        COMMENT_DAYS,
        ("page_id", "post_day"),
    ),
    "tagged": Table(
        _columns(created_day=DAY, **_texts("id", "created_time", "author_key")),
        ("page_id", "created_day", "id"),
        "slices",
        TAGGED_DAYS,
        ("page_id", "created_day"),
    ),
    "page_insights": INSIGHTS,
    "ratings": RATINGS,
}


class FacebookPageOptions(Options):
    """`[sources.facebook_page]`."""

    pages: list[str] = Field(min_length=1, description="ids of pages")
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
    pages = Pages(Graph(base_url, access_token, app_secret, ADVICE), options.page_rows)
    counted_since = plan.through - timedelta(days=COUNTED_DAYS)

    @cache
    def posts(page_id: str) -> list[tuple[date, Row]]:
        """All posts that are captured, or whose comments are asked: listed once for both."""
        commented = [pull.first_day - EDGE for pull in plan.of("comments") if pull.account_id == page_id]
        return list(pages.since(page_id, "published_posts", min([counted_since, *commented]), *COUNTERS))

    return [
        dlt.resource(_pages(pages, plan), name="pages"),
        dlt.resource(_posts(posts, plan, counted_since), name="posts"),
        dlt.resource(_comments(pages, posts, plan, options.comment_rows), name="comments"),
        dlt.resource(_tagged(pages, plan), name="tagged"),
        dlt.resource(page_insights(pages, plan, options.metrics), name="page_insights"),
        dlt.resource(page_ratings(pages, plan), name="ratings"),
    ]


def _pages(pages: Pages, plan: Plan) -> Iterator[Row]:
    for pull in plan.of("pages"):
        found = pages.of(pull.account_id).get(pull.account_id, fields=",".join(PAGE_FIELDS))
        yield found | {"page_id": pull.account_id, "captured_on": plan.captured_on, "captured_at": plan.as_of}


def _posts(posts: Posts, plan: Plan, since: date) -> Iterator[Row]:
    """Each post's counters as they are now: the vendor keeps no history of them."""
    for pull in plan.of("posts"):
        for post in (post for day, post in posts(pull.account_id) if day >= since):
            yield {
                "page_id": pull.account_id,
                "id": post["id"],
                "captured_on": plan.captured_on,
                "captured_at": plan.as_of,
                "created_time": post["created_time"],
                "reactions": _summary(post, "reactions"),
                "comments": _summary(post, "comments"),
                "shares": _counted(post, "shares", post.get("shares"), "count"),
            }


def _summary(post: Row, name: str) -> Row | None:
    """A counter without the rest of its list, whose paging holds the token."""
    counted = _counted(post, name, (post.get(name) or {}).get("summary"), "total_count")
    return counted and {"summary": counted}


def _counted(post: Row, name: str, found: Row | None, key: str) -> Row | None:
    if not found or found.get(key) is None:
        return None
    if not isinstance(found[key], int):
        raise ConnectorError(
            f"facebook_page: {name} of post {post['id']} is {found[key]!r}, not a number. Facebook changed this field; "
            "nothing of this source was loaded."
        )
    return {key: found[key]}


def _comments(pages: Pages, posts: Posts, plan: Plan, rows: int) -> Iterator[Row]:
    """Comments and replies of every post of the asked days, without names and texts."""
    for pull in plan.of("comments"):
        for post_day, post in posts(pull.account_id):
            if pull.first_day - EDGE <= post_day <= pull.last_day + EDGE:
                yield from _comments_of(pages, pull.account_id, post_day, post["id"], rows)


def _comments_of(pages: Pages, page_id: str, post_day: date, post_id: str, rows: int) -> Iterator[Row]:
    asked = {"filter": "stream", "fields": "id,created_time,parent{id},from{id}"}
    try:
        for page in pages.of(page_id).pages(post_id, "comments", limit=rows, **asked):
            for row in page:
                yield {
                    "page_id": page_id,
                    "post_day": post_day,
                    "post_id": post_id,
                    "id": row["id"],
                    "parent_id": (row.get("parent") or {}).get("id", ""),
                    "created_time": row.get("created_time"),
                    "author_key": _author_key(row, page_id),
                }
    except ObjectGone:
        return  # deleted since it was listed, and its comments with it


def _author_key(row: Row, page_id: str) -> str:
    """The page's own id, '' for an author whom the vendor withholds, else a hash."""
    author = str((row.get("from") or {}).get("id", ""))
    return author if author == page_id else keyed_hash(author)


def _tagged(pages: Pages, plan: Plan) -> Iterator[Row]:
    """Posts of others, or the page's own, that tag the page."""
    for pull in plan.of("tagged"):
        for day, row in pages.since(pull.account_id, "tagged", pull.first_day - EDGE, "from{id}"):
            if day <= pull.last_day + EDGE:
                yield {
                    "page_id": pull.account_id,
                    "created_day": day,
                    "id": _post_key(row["id"], pull.account_id),
                    "created_time": row["created_time"],
                    "author_key": _author_key(row, pull.account_id),
                }


def _post_key(post_id: str, page_id: str) -> str:
    """The id of a post begins with its author's: somebody's is hashed, also where the vendor withholds the author."""
    return post_id if post_id.startswith(f"{page_id}_") else keyed_hash(post_id)


def scopes(options: FacebookPageOptions, table: str) -> list[Scope]:
    """Every page, for every table; its recommendations only where they are asked for."""
    asked = table != "ratings" or options.recommendations
    return [Scope(one) for one in options.pages if asked]


def check(options: FacebookPageOptions) -> list[str]:
    """Each page's name and followers."""
    graph = Graph.configured("facebook_page", ADVICE)
    lines = [f"Graph API {API_VERSION}"]
    for one in options.pages:
        found = graph.get(one, fields=",".join(PAGE_FIELDS))
        lines.append(f"page {one}, {found.get('name')}: {found.get('followers_count')} followers")
    return lines + check_ratings(Pages(graph, 1), options.pages if options.recommendations else [])


CONNECTOR = Connector(
    name="facebook_page",
    title="Facebook page",
    tables=TABLES,
    options=FacebookPageOptions,
    source=facebook_page,
    scopes=scopes,
    check=check,
    feeds={
        "page_followers": ("pages",),
        "post_interactions": ("posts",),
        "comments": ("comments",),
        "mentions": ("tagged",),
        "reviews": ("ratings",),
    },
    secrets=("access_token", "app_secret"),
    advice=ADVICE,
    permissions=("pages_read_engagement", "pages_read_user_content", "read_insights"),
    docs_url="https://developers.facebook.com/docs/graph-api/reference/page",
    api_version=API_VERSION,
)
