"""Facebook recommendations of a page (https://developers.facebook.com/docs/graph-api/reference/page/ratings).

The vendor gives them only through versions before v22.0; later ones answer error 12 instead. The last of them ends on
a known day: from then on a page's recommendations stay as they were last read, and do not count as covered.
"""

from collections.abc import Iterator
from datetime import date

import pyarrow as pa

from pipelines import parts
from pipelines.casts import text
from pipelines.connector import Plan, Pull, Table, columns
from pipelines.identity import keyed_hash
from pipelines.sources.facebook.graph import Pages, Retired, Row

RATINGS_VERSION = "v21.0"
RATINGS_END_ON = date(2027, 1, 21)  # https://developers.facebook.com/docs/graph-api/changelog/versions
AS_NOW = 1  # listed whole every time, so that a withdrawn recommendation vanishes here
ENDED = (
    f"Facebook gives recommendations only through its Graph API {RATINGS_VERSION}, until {RATINGS_END_ON}, and refused "
    "them: set recommendations = false in [sources.facebook_page]"
)
FIELDS = "created_time,recommendation_type,has_review,has_rating,rating,open_graph_story{id},reviewer{id}"

RATINGS = Table(
    columns(
        *("page_id", "rating_key", "created_time", "recommendation_type"),
        has_review=pa.bool_(),
        has_rating=pa.bool_(),
        rating=pa.int64(),
    ),
    ("page_id", "rating_key"),
    "slices",
    AS_NOW,
    ("page_id",),
    required=("created_time", "has_rating"),
    enums={"recommendation_type": frozenset({"positive", "negative"})},  # anything else may be no review
    dated_by=("created_time",),
)


def page_ratings(pages: Pages, plan: Plan) -> Iterator[list[Row]]:
    """Every recommendation that each page has now, all at once: rows replace those from before."""

    def read(pull: Pull) -> Iterator[list[Row]]:
        graph = pages.of(pull.account_id).at_version(RATINGS_VERSION)
        try:
            found = list(graph.pages(pull.account_id, "ratings", limit=pages.page_rows, key=(), fields=FIELDS))
        except Retired:
            plan.fail(pull.table, pull.account_id, ENDED)
            if f"facebook_page: {ENDED}" not in plan.warnings:
                plan.warn(f"facebook_page: {ENDED}")
            return
        yield [row | {"page_id": pull.account_id, "rating_key": _key(row)} for page in found for row in page]

    yield from parts.each(plan, "ratings", read)


def _key(row: Row) -> str:
    """A recommendation has no id but its story's, which older ones lack; either may lead to a person."""
    story = (row.get("open_graph_story") or {}).get("id")
    reviewer = (row.get("reviewer") or {}).get("id", "")
    told = (row.get("created_time"), reviewer, row.get("recommendation_type"), row.get("rating"))
    return keyed_hash(text(story) or " ".join(str(text(one)) for one in told))


def check_ratings(pages: Pages, page_ids: list[str]) -> list[str]:
    """Whether recommendations can still be read."""
    try:
        for page_id in page_ids:
            pages.of(page_id).at_version(RATINGS_VERSION).get(page_id, "ratings", limit=1)
    except Retired:
        return [ENDED]
    return [f"recommendations through Graph API {RATINGS_VERSION}, which ends on {RATINGS_END_ON}"] if page_ids else []
