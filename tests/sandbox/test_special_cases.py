"""The awkward things that the generated world must hold: each occurs, and without it a KPI would be another."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.events import Hit, Visit, World
from sandbox.truth import Business, Key, Refresh, Value, truth
from sandbox.world import generate

FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)
SEED = 11  # one whose three months hold a first opt-in and its re-opt-in
DAILY = [Refresh(datetime(2025, 1, 2, 5, tzinfo=UTC) + timedelta(n), FIRST + timedelta(n)) for n in range(90)]
BUSINESS = Business(FIRST, follow_up_automations=("au02", "au05"))
PARIS = ZoneInfo("Europe/Paris")
GOOGLE = ("google", "www.google.fr", "com.google.android.googlequicksearchbox")
Answers = dict[Key, Value]


@pytest.fixture(scope="module")
def world() -> World:
    return generate(SEED, first_day=FIRST, last_day=LAST, scale=0.5)


@pytest.fixture(scope="module")
def answers(world: World) -> Answers:
    return truth(world, DAILY, BUSINESS)


def of(found: Answers, kpi_id: str) -> dict[Key, Value]:
    return {key: value for key, value in found.items() if key.kpi_id == kpi_id}


def denominator(found: Answers, kpi_id: str, grain: str, start: date) -> int:
    value = found[Key(kpi_id, grain, start)].denominator
    assert isinstance(value, int)
    return value


def changed(records: Sequence[Any], is_case: Callable[[Any], bool], **change: Any) -> list[Any]:
    """The records with the case taken out of them; it must have been there."""
    assert any(is_case(one) for one in records)
    return [replace(one, **change) if is_case(one) else one for one in records]


def kept(records: Sequence[Any], is_case: Callable[[Any], bool]) -> list[Any]:
    found = [one for one in records if not is_case(one)]
    assert len(found) < len(records)
    return found


def one_cookie_per_person(world: World) -> World:
    cookies = {(visit.person_id, visit.cookie_id) for visit in world.visits}
    assert max(Counter(person for person, _ in cookies).values()) > 1
    person = {visit.cookie_id: visit.person_id for visit in world.visits}
    hits = [replace(hit, cookie_id=str(person[hit.cookie_id])) if hit.cookie_id else hit for hit in world.hits]
    return replace(world, hits=hits)


def everybody_consents(world: World) -> World:
    return replace(world, hits=changed(world.hits, lambda hit: hit.cookie_id is None, cookie_id="somebody"))


def no_purchase_without_cart(world: World) -> World:
    with_cart = {hit.visit_id for hit in world.hits if hit.name == "add_to_cart"}
    return replace(world, hits=kept(world.hits, lambda hit: hit.name == "purchase" and hit.visit_id not in with_cart))


def one_google_source_per_user(world: World) -> World:
    """As if each source had users of its own, which is what adding the sources' users up amounts to."""
    source = {visit.visit_id: visit.reported_source for visit in world.visits}
    sources: dict[str, set[str]] = defaultdict(set)
    for visit in world.visits:
        if visit.reported_source in GOOGLE:
            sources[visit.cookie_id].add(visit.reported_source)
    several = {cookie for cookie, found in sources.items() if len(found) > 1}
    assert several

    def split(hit: Hit) -> Hit:
        return replace(hit, cookie_id=f"{hit.cookie_id} {source[hit.visit_id]}") if hit.visit_id else hit

    return replace(world, hits=[split(hit) if hit.cookie_id in several else hit for hit in world.hits])


def single_units_viewed_and_bought(world: World) -> World:
    return replace(world, hits=changed(world.hits, lambda hit: hit.quantity > 1, quantity=1))


def single_units_sold(world: World) -> World:
    return replace(world, order_lines=changed(world.order_lines, lambda line: line.quantity > 1, quantity=1))


def every_event_in_a_session(world: World) -> World:
    visits: list[Visit] = list(world.visits)
    of_cookie = {visit.cookie_id: visit for visit in visits}
    hits: list[Hit] = []
    for hit in world.hits:
        if hit.cookie_id and hit.visit_id is None:
            visits.append(replace(of_cookie[hit.cookie_id], visit_id=-hit.hit_id))
            hit = replace(hit, visit_id=-hit.hit_id)
        hits.append(hit)
    assert len(visits) > len(world.visits)
    return replace(world, visits=visits, hits=hits)


def every_landing_page_known(world: World) -> World:
    first_page: dict[int | None, str] = {}
    for hit in world.hits:
        first_page.setdefault(hit.visit_id, hit.page)
    assert any(visit.landing_page == "(not set)" for visit in world.visits)
    return replace(world, visits=[replace(one, landing_page=first_page[one.visit_id]) for one in world.visits])


def imported_cost_taken_for_googles(world: World) -> World:
    costs = changed(world.linked_ad_costs, lambda cost: not cost.google_ads_campaign_id, google_ads_campaign_id="7001")
    return replace(world, linked_ad_costs=costs)


def replies_of_the_page_by_another(world: World) -> World:
    pages = {page.page_id for page in world.pages}
    return replace(world, comments=changed(world.comments, lambda one: one.author_id in pages, author_id="9000001"))


def no_comment_without_author(world: World) -> World:
    return replace(world, comments=kept(world.comments, lambda one: one.author_id is None))


def no_shop_includes_tax(world: World) -> World:
    return replace(world, shops=changed(world.shops, lambda shop: shop.tax_included, tax_included=False))


def journeys_reported_like_broadcasts(world: World) -> World:
    mailings = changed(world.mailings, lambda one: one.kind == "journey" and one.tool == "mailchimp", kind="regular")
    return replace(world, mailings=mailings)


def no_re_opt_in(world: World) -> World:
    seen: set[str] = set()
    events = []
    for event in world.contact_events:
        if event.kind != "confirm" or event.contact_id not in seen:
            events.append(event)
        if event.kind == "confirm":
            seen.add(event.contact_id)
    assert len(events) < len(world.contact_events)
    return replace(world, contact_events=events)


@pytest.mark.parametrize(
    ("without", "kpi_id"),
    [
        (one_cookie_per_person, "unique_visitors"),
        (everybody_consents, "unique_visitors"),
        (no_purchase_without_cart, "cart_abandonment_rate"),
        (one_google_source_per_user, "visitors_from_google"),
        (single_units_viewed_and_bought, "product_conversion_rate"),
        (single_units_sold, "products_sold"),
        (every_event_in_a_session, "bounce_rate"),
        (every_landing_page_known, "capture_page_conversion_rate"),
        (imported_cost_taken_for_googles, "cost_per_prospect"),
        (replies_of_the_page_by_another, "comments"),
        (no_comment_without_author, "comments"),
        (no_shop_includes_tax, "average_basket"),
        (journeys_reported_like_broadcasts, "email_open_rate"),
    ],
)
def test_without_the_special_case_the_kpi_would_be_another(
    world: World, answers: Answers, without: Callable[[World], World], kpi_id: str
) -> None:
    assert of(truth(without(world), DAILY, BUSINESS), kpi_id) != of(answers, kpi_id)


def test_a_session_over_midnight_is_in_both_days_and_once_in_the_month(world: World, answers: Answers) -> None:
    first_day: dict[int | None, date] = {}
    for hit in world.hits:
        first_day.setdefault(hit.visit_id, hit.happened_at.astimezone(PARIS).date())
    hits = kept(world.hits, lambda hit: hit.happened_at.astimezone(PARIS).date() != first_day[hit.visit_id])
    days = [date(2025, 2, 1) + timedelta(n) for n in range(28)]

    def sessions_of_days(found: Answers) -> int:
        return sum(denominator(found, "bounce_rate", "day", day) for day in days)

    without = truth(replace(world, hits=hits), DAILY, BUSINESS)
    assert sessions_of_days(without) == denominator(without, "bounce_rate", "month", days[0])
    assert sessions_of_days(answers) > denominator(answers, "bounce_rate", "month", days[0])


def test_both_kinds_of_shop_have_orders(world: World, answers: Answers) -> None:
    key = Key("average_basket", "quarter", FIRST)
    boutique = truth(world, DAILY, replace(BUSINESS, shops=("boutique",)))
    assert 0 < denominator(boutique, *key) < denominator(answers, *key)


def test_a_re_opt_in_is_new_only_to_those_who_never_saw_the_first(world: World, answers: Answers) -> None:
    without = no_re_opt_in(world)
    assert of(truth(without, DAILY, BUSINESS), "new_prospects") == of(answers, "new_prospects")
    last_only = DAILY[-1:]
    late = truth(world, last_only, BUSINESS)
    assert of(truth(without, last_only, BUSINESS), "new_prospects") != of(late, "new_prospects")
