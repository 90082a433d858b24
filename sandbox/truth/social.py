"""Facebook KPIs: what the page's public shows now, and what our own captures saw change; mentions in the press too."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

from sandbox.truth.periods import Capture
from sandbox.truth.terms import Value
from sandbox.truth.view import Answers, View, exists, key

YOUNG = timedelta(hours=24)  # a post so young at its first capture got all its counters on its publication day


def social_kpis(view: View) -> Answers:
    """Fans, audiences, interactions, comments and mentions."""
    comments, mentions = _comments(view), mentions_by_channel(view)
    audiences, fans = _audiences(view), _fans(view)
    amounts = _interactions(view)
    known_since = min([*amounts, *(day for day, _ in view.captures())])
    found: Answers = {}
    for period in view.periods:
        interactions = period.calendar_total(amounts) if period.end >= known_since else None
        found[key("social_interactions", period)] = Value(interactions)
        found[key("comments", period)] = Value(period.total(comments))
        found[key("brand_mentions", period)] = Value(sum(period.total(days) for days in mentions.values()))
        found[key("retargeting_audience_size", period)] = Value(period.stock(audiences))
        found[key("facebook_fans", period)] = Value(period.stock(fans))
    return found


def _comments(view: View) -> Counter[date]:
    """Comments and replies by others; an author who is withheld counts as another."""
    posts = {post.post_id: post for post in view.world.posts if view.exists(post.created_at, post.deleted_at)}
    gone_at = _gone_at(view)
    return Counter(
        view.day_of(comment.created_at)
        for comment in view.world.comments
        if view.exists(comment.created_at, gone_at.get(comment.comment_id))
        and comment.post_id in posts
        and comment.author_id != posts[comment.post_id].page_id
    )


def _gone_at(view: View) -> dict[str, datetime]:
    """When a comment vanished: when it was deleted or, of a reply, what it answers, whichever came first."""
    deleted = {one.comment_id: one.deleted_at for one in view.world.comments if one.deleted_at}
    found = dict(deleted)
    for one in view.world.comments:
        if one.parent_id in deleted:
            found[one.comment_id] = min(deleted[one.parent_id], deleted.get(one.comment_id, deleted[one.parent_id]))
    return found


def mentions_by_channel(view: View) -> dict[str, Counter[date]]:
    """Posts that tag the page and articles, by where they appeared; a post that tags two pages is one mention."""
    first = {
        tag.post_id: tag.created_at
        for tag in sorted(view.world.tags, key=lambda tag: tag.created_at, reverse=True)
        if view.exists(tag.created_at, tag.deleted_at) and tag.author_id != tag.page_id
    }
    found: dict[str, Counter[date]] = defaultdict(Counter)
    for created_at in first.values():
        found["facebook"][view.day_of(created_at)] += 1
    for article in view.world.press_mentions if view.business.has_press else []:
        if view.exists(article.happened_at, article.removed_at):
            found[article.outlet][view.day_of(article.happened_at)] += 1
    return found


def _audiences(view: View) -> dict[str, list[Capture]]:
    found: dict[str, list[Capture]] = {audience: [] for audience in view.business.retargeting_audiences}
    sizes = sorted(view.world.audience_sizes, key=lambda size: size.at)
    deleted = {one.audience_id: one.deleted_at for one in view.world.custom_audiences if one.deleted_at}
    for day, as_of in view.captures():
        lower = {
            size.audience_id: size.lower for size in sizes if exists(size.at, deleted.get(size.audience_id), as_of)
        }
        for audience, captures in found.items():
            if lower.get(audience, -1) >= 0:
                captures.append((day, lower[audience]))
    return found


def _fans(view: View) -> dict[str, list[Capture]]:
    found: dict[str, list[Capture]] = {page.page_id: [] for page in view.world.pages}
    for day, as_of in view.captures():
        changes: Counter[str] = Counter()
        for follow in view.world.follows:
            if follow.happened_at <= as_of:
                changes[follow.page_id] += follow.change
        for page in view.world.pages:
            found[page.page_id].append((day, page.followers_at_start + changes[page.page_id]))
    return found


def _interactions(view: View) -> Counter[date]:
    """What the posts' counters gained between captures, by the day that it is dated on."""
    counters = _Counters(view)
    first_refresh = view.refreshes[0].as_of
    amounts: Counter[date] = Counter()
    for post in view.world.posts:
        before: int | None = None
        for day, as_of in view.captures():
            if not exists(post.created_at, post.deleted_at, as_of):
                continue  # not yet there, or vanished: that subtracts nothing
            count = counters.at(post.post_id, as_of)
            if before is not None:
                amounts[day] += count - before
            elif as_of - post.created_at <= YOUNG or post.created_at > first_refresh:
                amounts[view.day_of(post.created_at)] += count
            before = count
    return amounts


class _Counters:
    """Reactions, comments with replies, and shares of a post at an instant."""

    def __init__(self, view: View) -> None:
        self._spans: dict[str, list[tuple[datetime, datetime | None]]] = defaultdict(list)
        world = view.world
        for reaction in world.reactions:
            self._spans[reaction.post_id].append((reaction.happened_at, reaction.removed_at))
        gone_at = _gone_at(view)
        for comment in world.comments:
            self._spans[comment.post_id].append((comment.created_at, gone_at.get(comment.comment_id)))
        for share in world.shares:
            self._spans[share.post_id].append((share.happened_at, None))

    def at(self, post_id: str, instant: datetime) -> int:
        """The sum of the counters."""
        return sum(exists(since, until, instant) for since, until in self._spans[post_id])
