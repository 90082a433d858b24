"""What becomes of what was written on the pages: deleted, hidden or withdrawn, some of it months later.

All are chosen by their place, so that the rest of the world stays as it is.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sandbox.events import Review
from sandbox.simulation.page import Social
from sandbox.simulation.setting import Setting, at

# The newest that is of age is deleted some days before the world ends.
OF_AGE_DAYS, GONE_DAYS = 25, 8
# Of all, from the first on, each of so many, and how long after it was written.
POSTS_DELETED = (30, 40, timedelta(days=150))
COMMENTS_DELETED = (20, 50, timedelta(days=120))
TAGS_DELETED = (10, 25, timedelta(days=60))
COMMENTS_HIDDEN = (11, 25, timedelta(days=1))
WITHDRAWN = (1, 6, timedelta(days=13))


def take_back_posts(found: Social, setting: Setting) -> None:
    """Posts, comments and tags that are deleted, comments that the page hides."""
    _end_newest(found.posts, setting, "deleted_at")
    kept = {post.post_id: post.page_id for post in found.posts if post.deleted_at is None}
    of_others = [one.post_id in kept and one.author_id != kept[one.post_id] for one in found.comments]
    _end_newest(found.comments, setting, "deleted_at", of_others)
    _end_newest(found.tags, setting, "deleted_at", [one.author_id != one.page_id for one in found.tags])
    for things, rule in (
        (found.posts, POSTS_DELETED), (found.comments, COMMENTS_DELETED), (found.tags, TAGS_DELETED),
    ):  # fmt: skip
        _change(things, rule, "deleted_at")
    _change(found.comments, COMMENTS_HIDDEN, "hidden_at")


def withdraw(reviews: list[Review], setting: Setting) -> None:
    """Recommendations that somebody takes back."""
    places = [number for number, one in enumerate(reviews) if one.platform == "facebook"]
    recommendations: list[Any] = [reviews[number] for number in places]
    _end_newest(recommendations, setting, "removed_at")
    _change(recommendations, WITHDRAWN, "removed_at")
    for number, one in zip(places, recommendations, strict=True):
        reviews[number] = one


def _change(things: list[Any], rule: tuple[int, int, timedelta], name: str) -> None:
    """Set a time that is not set yet."""
    first, each, after = rule
    for number in range(first, len(things), each):
        if getattr(things[number], name) is None:
            things[number] = replace(things[number], **{name: things[number].created_at + after})


def _end_newest(things: list[Any], setting: Setting, name: str, wanted: Sequence[bool] | None = None) -> None:
    """Any world shows something of each kind that it no longer shows at its end."""
    of_age = at(setting.last_day - timedelta(days=OF_AGE_DAYS), 0)
    places = [
        number
        for number, one in enumerate(things)
        if getattr(one, name) is None and one.created_at < of_age and (wanted is None or wanted[number])
    ]
    if places:
        newest = max(places, key=lambda number: things[number].created_at)
        gone_at = at(setting.last_day - timedelta(days=GONE_DAYS), 15)
        things[newest] = replace(things[newest], **{name: gone_at})
