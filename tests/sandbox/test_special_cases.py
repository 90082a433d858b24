"""The awkward things that the generated world must hold: each occurs, and without it a KPI would be another."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sandbox.events import World
from sandbox.truth import Business, Key, Refresh, Value, truth
from sandbox.world import generate
from tests.sandbox import special_cases as cases
from tests.sandbox.special_cases import PARIS, kept

FIRST, LAST = date(2025, 1, 1), date(2025, 3, 31)
SEED = 14  # one whose three months hold every case
DAILY = [Refresh(datetime(2025, 1, 2, 5, tzinfo=UTC) + timedelta(n), FIRST + timedelta(n)) for n in range(90)]
BUSINESS = Business(FIRST, follow_up_automations=("au02", "au05"))
Answers = dict[Key, Value]


@pytest.fixture(scope="module")
def world() -> World:
    return generate(SEED, first_day=FIRST, last_day=LAST, scale=1.0)


@pytest.fixture(scope="module")
def answers(world: World) -> Answers:
    return truth(world, DAILY, BUSINESS)


def of(found: Answers, kpi_id: str) -> dict[Key, Value]:
    return {key: value for key, value in found.items() if key.kpi_id == kpi_id}


def by_month(found: Answers, kpi_id: str) -> dict[Key, Value]:
    return {key: value for key, value in of(found, kpi_id).items() if key.grain == "month"}


def denominator(found: Answers, kpi_id: str, grain: str, start: date) -> int:
    value = found[Key(kpi_id, grain, start)].denominator
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(
    ("without", "kpi_id"),
    [
        (cases.one_cookie_per_person, "unique_visitors"),
        (cases.everybody_consents, "unique_visitors"),
        (cases.no_purchase_without_cart, "cart_abandonment_rate"),
        (cases.one_google_source_per_user, "visitors_from_google"),
        (cases.single_units_viewed_and_bought, "product_conversion_rate"),
        (cases.single_units_sold, "products_sold"),
        (cases.every_event_in_a_session, "bounce_rate"),
        (cases.every_landing_page_known, "capture_page_conversion_rate"),
        (cases.imported_cost_taken_for_googles, "cost_per_prospect"),
        (cases.replies_of_the_page_by_another, "comments"),
        (cases.no_comment_without_author, "comments"),
        (cases.no_shop_includes_tax, "average_basket"),
        (cases.journeys_reported_like_broadcasts, "email_open_rate"),
        (cases.another_address_in_each_tool, "new_prospects"),
        (cases.no_bot_clicks_in_klaviyo, "email_click_rate"),
        (cases.no_broadcast_deleted, "email_open_rate"),
        (cases.no_step_deleted, "followup_email_open_rate"),
        (cases.no_open_shown_late, "email_open_rate"),
        (cases.no_mail_read_late, "email_open_rate"),
        (cases.gift_cards_taken_for_products, "average_basket"),
        (cases.gift_cards_taken_for_products, "products_sold"),
        (cases.every_refund_in_the_month_of_its_order, "gross_margin_rate"),
        (cases.no_order_deleted, "purchases"),
        (cases.no_account_deleted, "avg_days_to_first_purchase"),
        (cases.no_refund_undone, "gross_margin_rate"),
        (cases.no_product_withdrawn, "gross_margin_rate"),
        (cases.no_article_removed, "brand_mentions"),
        (cases.no_spam, "support_tickets"),
        (cases.no_ticket_deleted, "support_tickets"),
        (cases.no_ticket_merged, "support_tickets"),
        (cases.no_ticket_merged_weeks_later, "support_tickets"),
        (cases.no_ticket_of_a_side_conversation, "support_tickets"),
        (cases.no_ticket_rated_again, "customer_satisfaction"),
        (cases.no_rating_weeks_later, "customer_satisfaction"),
        (cases.no_answer_deleted, "nps"),
        (cases.no_answer_deleted, "customer_satisfaction"),
        (cases.one_answer_per_person, "nps"),
        (cases.one_answer_per_person, "customer_satisfaction"),
        (cases.no_review_removed, "customer_reviews"),
        (cases.no_affiliate_left, "affiliates"),
        (cases.no_affiliate_left, "partners"),
        (cases.no_affiliate_deleted, "affiliates"),
        (cases.no_affiliate_deleted, "partners"),
        (cases.every_guest_known, "north_star"),
    ],
)
def test_without_the_special_case_the_kpi_would_be_another(
    world: World, answers: Answers, without: Callable[[World], World], kpi_id: str
) -> None:
    assert by_month(truth(without(world), DAILY, BUSINESS), kpi_id) != by_month(answers, kpi_id)


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


@pytest.mark.parametrize("tool", ["mailchimp", "brevo"])
def test_a_re_opt_in_is_new_only_to_those_who_never_saw_the_first(world: World, answers: Answers, tool: str) -> None:
    without = cases.no_re_opt_in(world, tool)
    assert of(truth(without, DAILY, BUSINESS), "new_prospects") == of(answers, "new_prospects")
    last_only = DAILY[-1:]
    late = truth(world, last_only, BUSINESS)
    assert of(truth(without, last_only, BUSINESS), "new_prospects") != of(late, "new_prospects")


def test_the_prospects_of_a_removed_list_stay_for_those_who_saw_them(world: World, answers: Answers) -> None:
    without = cases.no_list_removed(world)
    assert of(truth(without, DAILY, BUSINESS), "new_prospects") == of(answers, "new_prospects")
    last_only = DAILY[-1:]
    late = truth(world, last_only, BUSINESS)
    assert of(truth(without, last_only, BUSINESS), "new_prospects") != of(late, "new_prospects")
