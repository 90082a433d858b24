"""The rules of truth for support, surveys, reviews, mentions and affiliates, with answers worked out by hand."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from sandbox import events as e
from sandbox.truth import Key, Refresh, Value, truth
from tests.sandbox.small_worlds import BUSINESS, LATE, at, refresh, value, world


def ticket(number: int, when: datetime, **change: object) -> e.Ticket:
    fields: dict[str, object] = {"is_spam": False, "deleted_at": None, "merged_into": None} | change
    return e.Ticket(number, 1, when, "Question", **fields)  # type: ignore[arg-type]


def answer(name: str, score: int | None, when: datetime, survey: str = "nps", number: int = 1) -> e.Answer:
    email = f"{name}@mail.example" if name else ""
    return e.Answer(f"{name}{number}{when}", survey, 1, email, score, "", when)


def test_spam_deleted_and_merged_tickets_and_side_conversations_are_none() -> None:
    found = world(
        tickets=[
            ticket(1, at(3)), ticket(2, at(3, 23, 30)), ticket(3, at(3), is_spam=True), ticket(6, at(3), merged_into=1),
            ticket(4, at(3), deleted_at=at(5)), ticket(5, at(3), deleted_at=at(21)), ticket(7, at(21)),
            ticket(8, at(3), is_side_conversation=True),
        ]
    )  # fmt: skip
    assert [value(found, "support_tickets", "day", day) for day in (3, 4, 5)] == [2, 1, 0]
    assert value(found, "support_tickets", "day", 3, [refresh(4)]) == 3  # the fourth was still there


def test_a_merge_shows_after_an_hour() -> None:
    just_written = world(tickets=[ticket(1, at(19, 4, 30), merged_into=9), ticket(2, at(19, 4), merged_into=9)])
    at_five = [Refresh(at(19, 5), at(19).date())]
    assert [value(just_written, "support_tickets", refreshes=one) for one in (at_five, LATE)] == [1, 0]
    weeks_later = world(tickets=[ticket(1, at(3), merged_into=9, merged_at=at(18))])
    assert [value(weeks_later, "support_tickets", refreshes=one) for one in ([refresh(18)], LATE)] == [1, 0]


def test_a_ticket_has_its_last_rating_and_an_offer_is_none() -> None:
    ratings = [
        (1, at(3), "offered"), (1, at(4), "bad"), (1, at(6), "good"), (1, at(21), "bad"), (2, at(4), "bad"),
        (3, at(4), "offered"), (4, at(5), "good"), (4, at(6), "unoffered"), (5, at(4, 23, 30), "bad"),
    ]  # fmt: skip
    found = world(
        tickets=[ticket(1, at(3)), ticket(2, at(3), is_spam=True), ticket(5, at(3), deleted_at=at(5))],
        ticket_ratings=[e.TicketRating(number, when, score, "") for number, when, score in ratings],
    )
    satisfaction = [value(found, "customer_satisfaction", "day", day) for day in (3, 4, 5, 6)]
    assert satisfaction == [None, 0, Fraction(1, 2), 1]
    assert value(found, "customer_satisfaction") == Fraction(2, 4)
    assert value(found, "customer_satisfaction", "day", 4, [refresh(5)]) == 0


def test_satisfaction_counts_each_persons_last_answer_of_the_period_too() -> None:
    found = world(
        answers=[
            answer("ada", 2, at(3), "csat"), answer("ADA", 5, at(4), "csat"), answer("bob", 3, at(3), "csat"),
            answer("bob", None, at(4), "csat"), answer("", 4, at(3), "csat"), answer("", 1, at(3), "csat", 2),
            answer("cy", 9, at(3)), answer("dan", 1, at(21), "csat"),
        ],
        ticket_ratings=[e.TicketRating(1, at(3), "good", "")],
    )  # fmt: skip
    assert value(found, "customer_satisfaction", "day", 3) == Fraction(1 + 0 + 0 + 1 + 0, 5)
    assert value(found, "customer_satisfaction") == Fraction(1 + 1 + 0 + 1 + 0, 5)
    assert value(found, "customer_satisfaction", csat_neutral=3) == Fraction(1 + 1 + 1 + 0, 4)
    assert value(found, "customer_satisfaction", csat_satisfied_from=5) == Fraction(1 + 1, 5)


def test_the_net_promoter_score_is_over_each_persons_last_answer_of_the_period() -> None:
    found = world(
        answers=[
            answer("ada", 6, at(3)), answer("ADA", 9, at(4)), answer("bob", 10, at(3)), answer("cy", 8, at(3)),
            answer("dan", 0, at(4)), answer("eve", None, at(3)), answer("fay", 3, at(21)),
            answer("gil", 1, at(4), "csat"),
        ]
    )  # fmt: skip
    month = Key("nps", "month", at(1).date())
    assert truth(found, LATE, BUSINESS)[month] == Value(25, 1, 4)
    assert [value(found, "nps", "day", day) for day in (3, 4, 5)] == [0, 0, None]


def test_a_deleted_answer_is_none_and_the_one_before_it_is_the_last() -> None:
    def deleted(name: str, score: int, when: datetime) -> e.Answer:
        return replace(answer(name, score, when), deleted_at=at(18))

    found = world(answers=[answer("ada", 10, at(3)), deleted("ada", 0, at(4)), deleted("bob", 9, at(4))])
    assert [value(found, "nps", refreshes=one) for one in ([refresh(18)], LATE)] == [0, 100]
    surveys = [replace(one, survey="csat") for one in found.answers]  # 10 and 9 satisfy, 0 does not
    csat = [value(world(answers=surveys), "customer_satisfaction", refreshes=one) for one in ([refresh(18)], LATE)]
    assert csat == [Fraction(1, 2), 1]


def test_a_review_counts_while_it_is_there_on_a_platform_that_we_read() -> None:
    reviews = [
        e.Review("1", 1, at(3), 5, "", None), e.Review("2", 1, at(3), 1, "", at(5)),
        e.Review("3", 1, at(3), 1, "", at(21)), e.Review("4", 1, at(3), 5, "", None, "facebook"),
        e.Review("5", 1, at(21), 5, "", None),
    ]  # fmt: skip
    assert value(world(reviews=reviews), "customer_reviews") == 2
    both = ("trustpilot", "facebook")
    assert value(world(reviews=reviews), "customer_reviews", review_platforms=both) == 3


def test_an_article_is_a_mention() -> None:
    tags = [e.Tag("t1", "a", "9", at(3), None)]
    articles = [e.PressMention(str(when), when, "Le Journal") for when in (at(3), at(3, 23, 30), at(21))]
    found = world(tags=tags, press_mentions=articles)
    assert [value(found, "brand_mentions", "day", day) for day in (3, 4)] == [2, 1]
    assert value(found, "brand_mentions", has_press=False) == 1


def test_a_deleted_affiliate_is_in_no_later_capture() -> None:
    found = world(affiliates=[e.Affiliate("1", "partner", 1, "", at(2), None, at(4, 12))])
    daily = [refresh(4), refresh(5)]
    assert [value(found, "partners", grain, day, daily) for grain, day in (("day", 4), ("week", 2))] == [1, 0]


def test_affiliates_and_partners_are_those_of_the_last_capture() -> None:
    found = world(
        affiliates=[
            e.Affiliate(f"{programme} {joined}", programme, 1, "", joined, left)
            for programme, joined, left in (
                ("affiliate", at(2), None), ("affiliate", at(3), at(4, 12)), ("affiliate", at(4, 6), None),
                ("partner", at(2), at(4, 5)), ("partner", at(3), None),
            )
        ]
    )  # fmt: skip
    daily = [refresh(4), refresh(5)]
    assert [value(found, "affiliates", "day", day, daily) for day in (3, 4)] == [None, 2]
    assert [value(found, "partners", "day", day, daily) for day in (3, 4)] == [None, 1]
    assert value(found, "affiliates", "week", 2, daily) == 2  # the capture of the 5th: one left, one joined
    assert value(found, "affiliates", "week", 2, [refresh(4)]) == 2
    assert value(world(), "partners", "week", 2, daily) == 0
