"""Two Facebook pages: posts, reactions, shares, comments, tags and followers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sandbox.events import Comment, Follow, Page, Post, Reaction, Share, Tag
from sandbox.simulation.setting import Setting, moment

PAGES = (Page("2001", "Boutique", 1840, 1702), Page("2002", "Le club", 410, 377))
POSTS_PER_DAY = {"2001": 0.45, "2002": 0.2}
FOLLOWS_PER_DAY = {"2001": 2.2, "2002": 0.6}
TAGS_PER_DAY = 0.17
KINDS = ("LIKE", "LOVE", "WOW", "HAHA", "SAD", "ANGRY")


@dataclass
class Social:
    """What the pages hold."""

    follows: list[Follow] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)


def social(setting: Setting) -> Social:
    """Everything that happens on the pages; posts keep being liked and answered for days."""
    found = Social()
    for page in PAGES:
        for day in setting.days():
            random = setting.random("page", page.page_id, day)
            for _ in range(setting.count(random, day, FOLLOWS_PER_DAY[page.page_id])):
                change = 1 if random.random() < 0.78 else -1
                found.follows.append(Follow(page.page_id, moment(random, day), change))
            for _ in range(setting.count(random, day, POSTS_PER_DAY[page.page_id])):
                _post(found, random, page, moment(random, day, last_hour=22))
            for _ in range(setting.count(random, day, TAGS_PER_DAY)):
                _tag(found, random, page, moment(random, day))
    return found


def _post(found: Social, random: Random, page: Page, created: datetime) -> None:
    post_id = f"{page.page_id}_{len(found.posts) + 1:06d}"
    deleted = created + timedelta(days=random.randint(3, 40)) if random.random() < 0.05 else None
    found.posts.append(Post(post_id, page.page_id, created, f"Actualité {len(found.posts) + 1}", deleted))
    for _ in range(random.randint(0, 45)):
        when = created + timedelta(hours=random.expovariate(1 / 30))
        removed = when + timedelta(days=random.randint(1, 20)) if random.random() < 0.06 else None
        found.reactions.append(Reaction(post_id, random.choices(KINDS, (70, 18, 5, 4, 2, 1))[0], when, removed))
    for _ in range(random.choices((0, 1, 2, 4), (60, 22, 12, 6))[0]):
        found.shares.append(Share(post_id, created + timedelta(hours=random.expovariate(1 / 40))))
    for _ in range(random.randint(0, 4)):
        _comment(found, random, page, post_id, created)


def _comment(found: Social, random: Random, page: Page, post_id: str, created: datetime) -> None:
    """A comment, often answered by the page, sometimes by somebody whose name is withheld."""
    when = created + timedelta(hours=random.expovariate(1 / 20))
    first = _add(found, random, post_id, None, _author(random), when)
    if random.random() < 0.4:
        _add(found, random, post_id, first, page.page_id, when + timedelta(hours=random.uniform(0.2, 30)))
    if random.random() < 0.15:
        _add(found, random, post_id, first, _author(random), when + timedelta(hours=random.uniform(1, 60)))


def _author(random: Random) -> str | None:
    return None if random.random() < 0.2 else f"9{random.randint(1, 5000):07d}"


def _add(
    found: Social, random: Random, post_id: str, parent_id: str | None, author_id: str | None, when: datetime
) -> str:
    comment_id = f"{post_id.partition('_')[2]}_{len(found.comments) + 1:07d}"
    deleted = when + timedelta(days=random.randint(1, 30)) if random.random() < 0.03 else None
    found.comments.append(Comment(comment_id, post_id, parent_id, author_id, "Merci beaucoup", when, deleted))
    return comment_id


def _tag(found: Social, random: Random, page: Page, when: datetime) -> None:
    """Somebody's public post, or the page's own, that names the page."""
    author = page.page_id if random.random() < 0.12 else _author(random)
    owner = author or "8000001"
    deleted = when + timedelta(days=20) if random.random() < 0.04 else None
    found.tags.append(Tag(f"{owner}_9{len(found.tags) + 1:06d}", page.page_id, author, when, deleted))
