"""The rules of truth for the calendar, the web and the pages, with answers worked out by hand."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

from sandbox import events as e
from sandbox.truth import Business, Key, truth
from tests.sandbox.small_worlds import (
    BUSINESS,
    LATE,
    SHOPS,
    at,
    comment,
    hit,
    likes,
    order,
    post,
    refresh,
    value,
    visit,
    world,
)


def test_every_period_with_a_loaded_day_has_a_key() -> None:
    business = Business(date(2026, 3, 4))
    for week_start, weeks in (("monday", {2, 9}), ("sunday", {1, 8})):
        found = truth(world(), [refresh(11)], replace(business, week_start=week_start))
        starts = {(key.grain, key.period_start) for key in found if key.kpi_id == "purchases"}
        assert {start.day for grain, start in starts if grain == "week"} == weeks
        assert {start.day for grain, start in starts if grain == "day"} == set(range(4, 11))
        assert {start for grain, start in starts if grain in ("quarter", "year")} == {date(2026, 1, 1)}


KPIS = (  # of the eight stages in their order, then the two levers that are in none
    "unique_visitors", "visitors_from_google", "visitors_from_facebook", "retargeting_audience_size",
    "social_interactions", "avg_session_duration", "bounce_rate", "comments", "email_open_rate", "email_click_rate",
    "new_prospects", "capture_page_conversion_rate", "cost_per_prospect", "facebook_fans",
    "purchases", "product_conversion_rate", "average_basket", "products_sold", "cart_abandonment_rate",
    "avg_days_to_first_purchase",
    "north_star", "support_tickets", "customer_satisfaction",
    "upsell_conversion_rate", "followup_email_open_rate", "purchase_frequency",
    "brand_mentions", "nps", "customer_reviews",
    "affiliates", "partners",
    "prospect_to_customer_rate", "gross_margin_rate",
)  # fmt: skip


def test_every_kpi_is_answered_in_every_period() -> None:
    found = truth(world(), [refresh(11)], BUSINESS)
    periods = {(key.grain, key.period_start) for key in found}
    assert set(found) == {Key(kpi_id, *period) for kpi_id in KPIS for period in periods}


def test_a_period_counts_loaded_days_only() -> None:
    orders = [order(f"O{day}", paid=at(day)) for day in (3, 4, 10, 11)]
    shop = world(shops=SHOPS, orders=orders)
    assert value(shop, "purchases", refreshes=[refresh(11)], history_start=date(2026, 3, 4)) == 2


def test_a_session_over_midnight_counts_on_both_days_and_once_in_the_week() -> None:
    evening, night = at(2, 22, 30), at(2, 23, 10)  # 23:30 and 0:10 in Paris
    web = world(visits=[visit(1)], hits=[hit(1, happened_at=evening), hit(1, happened_at=night)])
    counts = [truth(web, LATE, BUSINESS)[Key("bounce_rate", *key)] for key in periods_of_2_and_3_march()]
    assert [one.denominator for one in counts] == [1, 1, 1]
    assert [value(web, "unique_visitors", grain, day.day) for grain, day in periods_of_2_and_3_march()] == [1, 1, 1]


def periods_of_2_and_3_march() -> list[tuple[str, date]]:
    return [("day", date(2026, 3, 2)), ("day", date(2026, 3, 3)), ("week", date(2026, 3, 2))]


def test_users_are_cookies_and_an_event_without_session_is_a_user_only() -> None:
    web = world(
        visits=[visit(1, is_engaged=True), visit(2)],
        hits=[
            hit(1, engagement_seconds=40), hit(1), hit(2),
            hit(None), hit(None, cookie_id="c3", engagement_seconds=20),
            hit(2, cookie_id="c4", shown_at=at(21)), hit(1, cookie_id="c5", property_id="222222222"),
        ],
    )  # fmt: skip
    assert value(web, "unique_visitors") == 3
    assert value(web, "bounce_rate") == Fraction(1, 2)
    assert value(web, "avg_session_duration") == 30
    assert value(web, "visitors_from_google") == 2
    assert value(world(), "unique_visitors") == 0
    assert value(world(), "bounce_rate") is None


def test_a_source_group_matches_the_whole_reported_source_in_any_case() -> None:
    sources = ("Google", "www.google.co.uk", "mail.google.com", "googles", "l.facebook.com", "FB", "notfacebook.com")
    web = world(
        visits=[visit(n, reported_source=source) for n, source in enumerate(sources, 1)],
        hits=[hit(n) for n in range(1, 8)],
    )
    assert (value(web, "visitors_from_google"), value(web, "visitors_from_facebook")) == (2, 2)


def test_a_capture_page_converts_the_sessions_that_landed_on_it() -> None:
    pages = ("/guide-gratuit", "/guide-gratuit", "/webinaire", "(not set)", "/")
    web = world(
        visits=[visit(n, landing_page=page) for n, page in enumerate(pages, 1)],
        hits=[*(hit(n) for n in range(1, 6)), hit(1, "generate_lead", page="/"), *[hit(4, "generate_lead")] * 2],
    )
    assert value(web, "capture_page_conversion_rate") == Fraction(1, 3)


def test_carts_and_purchases_are_counted_apart_and_products_in_units() -> None:
    web = world(
        visits=[visit(1), visit(2)],
        hits=[
            hit(1, "view_item", quantity=1), hit(1, "view_item", quantity=1), hit(1, "add_to_cart", quantity=1),
            hit(1, "purchase", quantity=1), hit(2, "purchase", quantity=2), hit(None, "purchase", quantity=9),
        ],
    )  # fmt: skip
    assert value(web, "cart_abandonment_rate") == -1
    assert value(web, "product_conversion_rate") == Fraction(3, 2)


def test_interactions_are_what_the_counters_gain_between_captures() -> None:
    daily = [refresh(day) for day in (4, 5, 6)]
    page = world(
        posts=[post(1, at(2, 8)), post(2, at(3, 10)), post(3, at(2, 9), deleted=at(4)), post(4, at(4, 23, 30))],
        reactions=[
            *likes(1, at(2, 9), at(2, 10)), *likes(1, at(4, 9), at(4, 10), at(5, 9)),
            *likes(1, at(2, 9), removed=at(5, 10)),
            *likes(2, at(3, 11)), *likes(3, at(2, 11)), *likes(4, at(5, 1)),
        ],
        shares=[e.Share("p2", at(3, 12))],
        comments=[comment(2, "page", at(3, 13)), comment(2, None, at(3, 14), deleted=at(3, 15))],
    )  # fmt: skip
    by_day = [value(page, "social_interactions", "day", day, daily) for day in range(2, 6)]
    # The 2nd is before any capture and amount; post 2 was 19 hours old; post 4 is of the 5th in Paris.
    assert by_day == [None, 3, 0, 2 + 1]
    # The week holds the capture of the 6th too, though only the 5th is loaded: one like more, one taken back.
    assert value(page, "social_interactions", "week", 2, daily) == 3 + 3 + 0


def test_a_post_after_the_first_refresh_counts_in_full_however_late_it_is_captured() -> None:
    page = world(posts=[post(1, at(3, 4)), post(2, at(5))], reactions=[*likes(1, at(3, 4)), *likes(2, at(5), at(7))])
    assert value(page, "social_interactions", "day", 5, [refresh(5), refresh(8)]) == 2
    assert value(page, "social_interactions", "day", 3, [refresh(5), refresh(8)]) is None


def test_comments_are_others_words_on_posts_that_are_still_there() -> None:
    page = world(
        posts=[post(1, at(2)), post(2, at(2), deleted=at(6)), post(3, at(2), deleted=at(21))],
        comments=[
            comment(1, "9", at(3)), comment(1, None, at(4)), comment(1, "page", at(4)), comment(1, "8", at(4), at(6)),
            comment(2, "9", at(3)), comment(3, "9", at(4)),
        ],
    )  # fmt: skip
    assert [value(page, "comments", "day", day) for day in (2, 3, 4)] == [0, 1, 2]


def test_a_post_that_tags_two_pages_is_one_mention() -> None:
    tags = [("t1", "a", "9"), ("t1", "b", "9"), ("t2", "a", "a"), ("t3", "a", None)]
    page = world(tags=[e.Tag(post_id, page_id, author, at(3), None) for post_id, page_id, author in tags])
    page.tags.append(e.Tag("t4", "a", "9", at(3), at(4)))
    assert value(page, "brand_mentions") == 2


def test_a_stock_is_everyones_last_capture_in_the_period() -> None:
    audiences = world(
        pages=[e.Page("a", "A", 100, 0), e.Page("b", "B", 50, 0)],
        follows=[*[e.Follow("a", at(4, 6), 1)] * 3, e.Follow("b", at(5, 4), -1), e.Follow("a", at(6), 1)],
        audience_sizes=[
            e.AudienceSize("x", at(1), 1000, 1100), e.AudienceSize("y", at(1), -1, -1),
            e.AudienceSize("y", at(4, 6), 2000, 2100), e.AudienceSize("x", at(4, 7), -1, -1),
        ],
    )  # fmt: skip
    daily = [refresh(4), refresh(5)]
    sizes = {"retargeting_audiences": ("x", "y")}
    assert [value(audiences, "facebook_fans", "day", day, daily) for day in (3, 4)] == [None, 150]
    assert value(audiences, "facebook_fans", "week", 2, daily) == 103 + 49
    assert value(audiences, "retargeting_audience_size", "day", 4, daily, **sizes) is None
    assert value(audiences, "retargeting_audience_size", "week", 2, daily, **sizes) == 3000
