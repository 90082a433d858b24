"""A world with one awkward thing taken out of it, which must have been there: what the tests compare it with."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.events import Contact, Hit, Mailing, Order, Refund, Visit, World
from sandbox.truth.addresses import normalised

PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
GOOGLE = ("google", "www.google.fr", "com.google.android.googlequicksearchbox")


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


def no_re_opt_in(world: World, *tools: str) -> World:
    asked = {contact.contact_id for contact in world.contacts if contact.tool in tools}
    seen: set[str] = set()
    events = []
    for event in world.contact_events:
        if event.kind != "confirm" or event.contact_id not in seen:
            events.append(event)
        if event.kind == "confirm" and event.contact_id in asked:
            seen.add(event.contact_id)
    assert len(events) < len(world.contact_events)
    return replace(world, contact_events=events)


def another_address_in_each_tool(world: World) -> World:
    tools: dict[str, set[str]] = defaultdict(set)
    for one in world.contacts:
        tools[normalised(one.email)].add(one.tool)

    def is_in_several(contact: Contact) -> bool:
        return len(tools[normalised(contact.email)]) > 1

    assert any(map(is_in_several, world.contacts))
    contacts = [replace(one, email=f"{one.tool}.{one.email.strip()}") for one in world.contacts if is_in_several(one)]
    return replace(world, contacts=[*kept(world.contacts, is_in_several), *contacts])


def no_bot_clicks_in_klaviyo(world: World) -> World:
    klaviyo = {one.mailing_id for one in world.mailings if one.tool == "klaviyo" and one.kind == "regular"}
    sends = {send.send_id for send in world.mail_sends if send.mailing_id in klaviyo}
    clicks = changed(world.mail_clicks, lambda click: click.by_bot and click.send_id in sends, by_bot=False)
    return replace(world, mail_clicks=clicks)


def no_broadcast_deleted(world: World) -> World:
    return replace(world, mailings=changed(world.mailings, lambda one: one.deleted_at, deleted_at=None))


def no_step_deleted(world: World) -> World:
    def is_case(one: Mailing) -> bool:
        return one.kind == "automation" and one.deleted_at is not None

    return replace(world, mailings=changed(world.mailings, is_case, deleted_at=None))


def no_open_shown_late(world: World) -> World:
    return replace(world, mail_opens=kept(world.mail_opens, lambda one: one.shown_at > one.happened_at + DAY))


def no_mail_read_late(world: World) -> World:
    sent_at = {send.send_id: send.happened_at for send in world.mail_sends}
    opens = kept(world.mail_opens, lambda one: one.happened_at > sent_at[one.send_id] + 28 * DAY)
    return replace(world, mail_opens=opens)


def no_list_removed(world: World) -> World:
    return replace(world, mail_lists=changed(world.mail_lists, lambda one: one.removed_at, removed_at=None))


def gift_cards_taken_for_products(world: World) -> World:
    return replace(world, products=changed(world.products, lambda one: one.kind == "gift_card", kind="product"))


def no_spam(world: World) -> World:
    return replace(world, tickets=changed(world.tickets, lambda ticket: ticket.is_spam, is_spam=False))


def no_ticket_deleted(world: World) -> World:
    return replace(world, tickets=changed(world.tickets, lambda ticket: ticket.deleted_at, deleted_at=None))


def no_ticket_merged(world: World) -> World:
    return replace(world, tickets=changed(world.tickets, lambda ticket: ticket.merged_into, merged_into=None))


def no_ticket_rated_again(world: World) -> World:
    rated: set[int] = set()
    ratings = []
    for rating in world.ticket_ratings:
        is_answer = rating.score in ("good", "bad")
        if not is_answer or rating.ticket_id not in rated:
            ratings.append(rating)
        if is_answer:
            rated.add(rating.ticket_id)
    assert len(ratings) < len(world.ticket_ratings)
    return replace(world, ticket_ratings=ratings)


def no_rating_weeks_later(world: World) -> World:
    """Only what customers said in the first days after they were asked."""
    asked = {one.ticket_id: one.happened_at for one in world.ticket_ratings if one.score == "offered"}
    ratings = kept(world.ticket_ratings, lambda one: one.happened_at - asked[one.ticket_id] > timedelta(days=7))
    return replace(world, ticket_ratings=ratings)


def no_ticket_of_a_side_conversation(world: World) -> World:
    tickets = changed(world.tickets, lambda ticket: ticket.is_side_conversation, is_side_conversation=False)
    return replace(world, tickets=tickets)


def no_ticket_merged_weeks_later(world: World) -> World:
    tickets = changed(world.tickets, lambda ticket: ticket.merged_at, merged_into=None, merged_at=None)
    return replace(world, tickets=tickets)


def no_answer_deleted(world: World) -> World:
    return replace(world, answers=changed(world.answers, lambda answer: answer.deleted_at, deleted_at=None))


def one_answer_per_person(world: World) -> World:
    """The first of each person and survey, as if nobody had answered again."""
    first: dict[tuple[str, str], Any] = {}
    for answer in sorted(world.answers, key=lambda answer: answer.happened_at):
        if answer.score is not None:
            first.setdefault((answer.survey, normalised(answer.email)), answer)
    assert len(first) < sum(answer.score is not None for answer in world.answers)
    return replace(world, answers=list(first.values()))


def no_review_removed(world: World) -> World:
    return replace(world, reviews=changed(world.reviews, lambda review: review.removed_at, removed_at=None))


def no_affiliate_left(world: World) -> World:
    return replace(world, affiliates=changed(world.affiliates, lambda one: one.left_at, left_at=None))


def no_affiliate_deleted(world: World) -> World:
    return replace(world, affiliates=changed(world.affiliates, lambda one: one.removed_at, removed_at=None))


def every_guest_known(world: World) -> World:
    def is_unknown(order: Order) -> bool:
        return not order.email and order.customer_id is None

    assert any(map(is_unknown, world.orders))
    named = [replace(one, email=f"{one.order_id}@mail.example") for one in world.orders if is_unknown(one)]
    return replace(world, orders=[*kept(world.orders, is_unknown), *named])


def no_order_deleted(world: World) -> World:
    return replace(world, orders=changed(world.orders, lambda one: one.deleted_at, deleted_at=None))


def no_account_deleted(world: World) -> World:
    return replace(world, customers=changed(world.customers, lambda one: one.deleted_at, deleted_at=None))


def no_refund_undone(world: World) -> World:
    return replace(world, refunds=changed(world.refunds, lambda one: one.undone_at, undone_at=None))


def no_product_withdrawn(world: World) -> World:
    return replace(world, withdrawals=kept(world.withdrawals, lambda _: True))


def no_article_removed(world: World) -> World:
    return replace(world, press_mentions=changed(world.press_mentions, lambda one: one.removed_at, removed_at=None))


def every_refund_in_the_month_of_its_order(world: World) -> World:
    paid_at = {order.order_id: order.paid_at for order in world.orders if order.paid_at}
    month = {order_id: at.astimezone(PARIS).date().replace(day=1) for order_id, at in paid_at.items()}

    def is_later(refund: Refund) -> bool:
        return refund.happened_at.astimezone(PARIS).date().replace(day=1) > month[refund.order_id]

    assert any(map(is_later, world.refunds))
    refunds = [replace(one, happened_at=paid_at[one.order_id]) for one in world.refunds if is_later(one)]
    return replace(world, refunds=[*kept(world.refunds, is_later), *refunds])
