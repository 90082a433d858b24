"""Facebook pages (https://developers.facebook.com/docs/graph-api/reference/page): counters, posts, what they cause."""

from collections.abc import Callable, Iterable
from datetime import datetime
from zlib import crc32

from sandbox.events import Comment, Page, Post, Review
from sandbox.state import Sandbox
from sandbox.vendors.facebook.graph import (
    Call,
    Chosen,
    GraphError,
    Row,
    chosen,
    listed,
    no_such_object,
    picked,
    written,
)
from sandbox.vendors.facebook.page_insights import followers, page_insights
from sandbox.vendors.facebook.tokens import OF_PAGE

REVIEWED = "2001"  # the page that the world's reviews are of
LAST_WITH_RATINGS, LOWEST_POSITIVE = 21, 4
WITHOUT_STORY_OF = 5  # one recommendation of so many has no story


def answer_page(sandbox: Sandbox, call: Call) -> Row:
    """The answer to any call that does not concern ads."""
    page = next((one for one in sandbox.world.pages if one.page_id == call.node), None)
    if page is not None:
        return _page_edge(sandbox, call, page)
    post = next((one for one in _shown_posts(sandbox) if one.post_id == call.node), None)
    if post is not None and call.edge == "comments":
        return _comments(sandbox, call, post)
    if post is not None and not call.edge:
        fields = chosen(call.params.get("fields", "id,created_time,message"))
        return picked(_post_row(sandbox, post, fields, call.fault), fields, "PagePost")
    raise no_such_object(call.node)


def _page_edge(sandbox: Sandbox, call: Call, page: Page) -> Row:
    edges: dict[str, Callable[[Sandbox, Call, Page], Row]] = {
        "": _node,
        "posts": _posts,
        "published_posts": _posts,
        "tagged": _tagged,
        "insights": page_insights,
        "ratings": _ratings,
    }
    if call.edge not in edges:
        raise GraphError(2500, f"Unknown path components: /{call.edge}")
    return edges[call.edge](sandbox, call, page)


def _node(sandbox: Sandbox, call: Call, page: Page) -> Row:
    gained = followers(sandbox, page, sandbox.now())
    row: Row = {
        "id": page.page_id,
        "name": page.name,
        "access_token": f"{OF_PAGE}{page.page_id}",
        "fan_count": page.likes_at_start + gained,
        "followers_count": page.followers_at_start + gained,
    }
    if call.fault == "changed_type":
        row["fan_count"] = "many"
    if call.fault == "missing_column":
        row["followers_count"] = None
    answer = picked(row, chosen(call.params.get("fields", "id,name")), "Page")
    return answer | ({"a_field_of_tomorrow": "1"} if call.fault == "new_column" else {})


def _ratings(sandbox: Sandbox, call: Call, page: Page) -> Row:
    """Recommendations of the first page, newest first; none has stars, and some have no story."""
    if call.version > LAST_WITH_RATINGS:
        raise GraphError(12, "(#12) Recommendations are deprecated for versions v22.0 and higher")
    now = sandbox.now()
    shown = [
        one
        for one in sandbox.world.reviews
        if one.platform == "facebook" and page.page_id == REVIEWED and _is_shown(one.created_at, one.removed_at, now)
    ]
    shown.sort(key=lambda one: (one.created_at, one.review_id), reverse=True)
    fields = chosen(call.params.get("fields", "created_time,recommendation_type,review_text"))
    rows = [picked(_rating_row(one, call.fault), fields, "Recommendation") for one in shown]
    return listed(sandbox, call, "/{page}/ratings", rows)


def _rating_row(review: Review, fault: str) -> Row:
    has_story = crc32(review.review_id.encode()) % WITHOUT_STORY_OF != 0
    kinds = ("recommended", "not_recommended") if fault == "renamed_enum" else ("positive", "negative")
    return {
        "created_time": None if fault == "missing_column" else written(review.created_at),
        "has_rating": "no" if fault == "changed_type" else False,
        "has_review": bool(review.text),
        "rating": None,
        "recommendation_type": kinds[review.stars < LOWEST_POSITIVE],
        "review_text": review.text or None,
        "reviewer": {"name": "Somebody", "id": f"7{review.person_id:07d}"},
        "open_graph_story": {"id": f"6{crc32(review.review_id.encode()):010d}"} if has_story else None,
    }


def _shown_posts(sandbox: Sandbox) -> list[Post]:
    """Every post that is there now, newest first."""
    now = sandbox.now()
    posts = [one for one in sandbox.world.posts if _is_shown(one.created_at, one.deleted_at, now)]
    return sorted(posts, key=lambda post: (post.created_at, post.post_id), reverse=True)


def _is_shown(created_at: datetime, deleted_at: datetime | None, now: datetime) -> bool:
    return created_at <= now and (deleted_at is None or deleted_at > now)


def _posts(sandbox: Sandbox, call: Call, page: Page) -> Row:
    fields = chosen(call.params.get("fields", "id,created_time,message"))
    mine = [post for post in _shown_posts(sandbox) if post.page_id == page.page_id]
    return listed(
        sandbox,
        call,
        f"/{{page}}/{call.edge}",
        mine,
        lambda post: picked(_post_row(sandbox, post, fields, call.fault), fields, "PagePost"),
    )


def _post_row(sandbox: Sandbox, post: Post, fields: Iterable[Chosen], fault: str) -> Row:
    """A post; its counters are made only where they are asked for."""
    makers: dict[str, Callable[[Chosen], Row | None]] = {
        "reactions": lambda field: _summary(field, _reactions(sandbox, post)),
        "comments": lambda field: _summary(field, len(_shown_comments(sandbox, post, field.arguments.get("filter")))),
        "shares": lambda _: _shares(sandbox, post),
    }
    row: Row = {
        "id": post.post_id,
        "created_time": written(post.created_at),
        "updated_time": written(post.created_at),
        "message": post.message,
        "from": {"id": post.page_id},
        **dict.fromkeys(makers),
    }
    row |= {field.name: makers[field.name](field) for field in fields if field.name in makers}
    if fault == "changed_type" and row["reactions"]:
        row["reactions"]["summary"]["total_count"] = "many"
    if fault == "missing_column":
        row["reactions"] = None
    return row


def _summary(field: Chosen, count: int) -> Row:
    wants_count = field.arguments.get("summary") in ("total_count", "true", "1")
    return {"data": []} | ({"summary": {"total_count": count}} if wants_count else {})


def _reactions(sandbox: Sandbox, post: Post) -> int:
    now = sandbox.now()
    mine = (one for one in sandbox.world.reactions if one.post_id == post.post_id)
    return sum(_is_shown(one.happened_at, one.removed_at, now) for one in mine)


def _shares(sandbox: Sandbox, post: Post) -> Row | None:
    """Left out until somebody has shared the post."""
    now = sandbox.now()
    count = sum(one.post_id == post.post_id and one.happened_at <= now for one in sandbox.world.shares)
    return {"count": count} if count else None


def _shown_comments(sandbox: Sandbox, post: Post, how: str | None) -> list[Comment]:
    """The comments there are now, oldest first; replies, while their comment is there, where the filter is `stream`."""
    now = sandbox.now()
    of_post = [one for one in sandbox.world.comments if one.post_id == post.post_id]
    there = {one.comment_id for one in of_post if _is_shown(one.created_at, one.deleted_at, now)}
    found = [one for one in of_post if one.comment_id in there and (one.parent_id is None or one.parent_id in there)]
    wanted = [one for one in found if how == "stream" or one.parent_id is None]
    return sorted(wanted, key=lambda one: (one.created_at, one.comment_id))


def _comments(sandbox: Sandbox, call: Call, post: Post) -> Row:
    """The page's own token sees what the page has hidden, others do not."""
    fields = chosen(call.params.get("fields", "id,created_time,message,from"))
    now = sandbox.now()
    shown = [
        (one, one.hidden_at is not None and one.hidden_at <= now)
        for one in _shown_comments(sandbox, post, call.params.get("filter"))
    ]
    rows = [
        picked(_comment_row(one, is_hidden, call.fault), fields, "Comment")
        for one, is_hidden in shown
        if call.is_of_page or not is_hidden
    ]
    return listed(sandbox, call, "/{post}/comments", rows)


def _comment_row(one: Comment, is_hidden: bool, fault: str) -> Row:
    return {
        "id": one.comment_id,
        "created_time": None if fault == "missing_column" else written(one.created_at),
        "is_hidden": is_hidden,
        "message": one.message,
        "parent": {"id": one.parent_id, "created_time": written(one.created_at)} if one.parent_id else None,
        "from": {"name": "Somebody", "id": one.author_id} if one.author_id else None,
    }


def _tagged(sandbox: Sandbox, call: Call, page: Page) -> Row:
    now = sandbox.now()
    shown = [
        one
        for one in sandbox.world.tags
        if one.page_id == page.page_id and _is_shown(one.created_at, one.deleted_at, now)
    ]
    fields = chosen(call.params.get("fields", "id,created_time"))
    rows = [
        picked(
            {
                "id": one.post_id,
                "created_time": None if call.fault == "missing_column" else written(one.created_at),
                "message": f"Merci {page.name}",
                "from": {"name": "Somebody", "id": one.author_id} if one.author_id else None,
            },
            fields,
            "PagePost",
        )
        for one in sorted(shown, key=lambda one: (one.created_at, one.post_id), reverse=True)
    ]
    return listed(sandbox, call, "/{page}/tagged", rows)
