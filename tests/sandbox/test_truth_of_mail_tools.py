"""The rules of truth for what each e-mail tool shows, with answers worked out by hand."""

from fractions import Fraction

import pytest

from sandbox import events as e
from sandbox.truth import Refresh
from tests.sandbox.small_worlds import LATE, at, confirmed, contact, mailing, opened, refresh, sends, value, world

BREVO, KLAVIYO = {"tool": "brevo"}, {"tool": "klaviyo"}


def archived(contact_id: str, day: int) -> e.ContactEvent:
    return e.ContactEvent(contact_id, "archive", at(day))


def new_prospects(of: e.World, *days: int, refreshes: list[Refresh]) -> list[int]:
    return [value(of, "new_prospects", "day", day, refreshes) for day in days]


def test_brevo_shows_the_last_confirmation_and_a_date_of_import() -> None:
    lists = world(
        contacts=[
            contact("again", "again@mail.example", **BREVO),
            contact("imported", "imported@mail.example", kind="imported", created_at=at(5), **BREVO),
            contact("confirmed", "confirmed@mail.example", kind="imported", created_at=at(6), **BREVO),
            contact("buyer", "buyer@mail.example", kind="transactional", **BREVO),
            contact("never", "never@mail.example", **BREVO),
            contact("gone", "gone@mail.example", **BREVO),
        ],
        contact_events=[
            confirmed("again", at(3)), confirmed("again", at(10)), confirmed("confirmed", at(9)),
            confirmed("buyer", at(3)), confirmed("gone", at(7)), archived("gone", 9),
        ],
    )  # fmt: skip
    days = (3, 5, 6, 7, 9, 10)
    assert new_prospects(lists, *days, refreshes=LATE) == [0, 1, 0, 0, 1, 1]
    often = [refresh(4), refresh(7), refresh(8), *LATE]
    assert new_prospects(lists, *days, refreshes=often) == [1, 1, 1, 1, 0, 0]


def test_who_was_archived_shows_again_after_a_new_confirmation() -> None:
    for tool in ("brevo", "klaviyo"):
        lists = world(
            contacts=[contact("back", "back@mail.example", tool=tool)],
            contact_events=[confirmed("back", at(7)), archived("back", 9), confirmed("back", at(11))],
        )
        assert new_prospects(lists, 7, refreshes=[refresh(10)]) == [0]
        assert sum(new_prospects(lists, 7, 11, refreshes=[refresh(10), *LATE])) == 1


def test_klaviyo_keeps_every_subscription_of_the_profiles_that_were_seen() -> None:
    lists = world(
        contacts=[
            contact("again", "again@mail.example", **KLAVIYO),
            contact("older", "older@mail.example", **KLAVIYO),
            contact("imported", "imported@mail.example", kind="imported", created_at=at(5), **KLAVIYO),
            contact("gone", "gone@mail.example", **KLAVIYO),
            contact("late", "late@mail.example", created_at=at(6), **KLAVIYO),
        ],
        contact_events=[
            confirmed("again", at(3)), confirmed("again", at(10)),
            confirmed("older", at(1)), confirmed("older", at(10)),  # first before the history began
            confirmed("gone", at(5)), archived("gone", 9), confirmed("late", at(6)), confirmed("late", at(21)),
        ],
    )  # fmt: skip
    assert new_prospects(lists, 3, 5, 6, 10, refreshes=LATE) == [1, 0, 1, 0]  # who left was never seen
    assert new_prospects(lists, 3, 5, 6, 10, refreshes=[refresh(8), *LATE]) == [1, 1, 1, 0]


def test_a_person_in_several_tools_is_one_prospect() -> None:
    lists = world(
        contacts=[
            contact("1", "Ada.L@gmail.com", **BREVO), contact("2", "adal@gmail.com", **KLAVIYO),
            contact("3", "ADAL@googlemail.com"),
        ],
        contact_events=[confirmed("1", at(4)), confirmed("2", at(3)), confirmed("3", at(5))],
    )  # fmt: skip
    assert new_prospects(lists, 3, 4, 5, refreshes=LATE) == [1, 0, 0]
    assert value(lists, "new_prospects", mail_tools=("mailchimp", "brevo"), grain="day", day=4) == 1


@pytest.mark.parametrize(("tool", "clicked"), [("brevo", 2), ("klaviyo", 1)])
def test_only_klaviyo_tells_a_bots_clicks_apart(tool: str, clicked: int) -> None:
    mail = world(
        mailings=[mailing("m", tool=tool), mailing("a", "automation", tool=tool), mailing("j", "journey", tool=tool)],
        mail_sends=[*sends("m", 1, 2, 3, 4), *sends("m", 5, bounce="hard"), *sends("a", 6), *sends("j", 7)],
        mail_opens=[opened(1), opened(1), opened(2, by_proxy=True), opened(3, at(21)), opened(6), opened(7)],
        mail_clicks=[
            e.MailClick(number, at(4), at(4), by_bot, "/")
            for number, by_bot in ((1, False), (1, True), (2, True), (6, False))
        ],
    )  # fmt: skip
    assert value(mail, "email_open_rate") == Fraction(1, 4)
    assert value(mail, "email_click_rate") == Fraction(clicked, 4)


def test_follow_ups_are_dated_by_their_sending_where_the_tool_tells_it() -> None:
    mail = world(
        mailings=[
            mailing("b", "automation", automation_id="31", tool="brevo"),
            mailing("k", "automation", automation_id="flow", tool="klaviyo"),
            mailing("m", "automation", automation_id="au"),
            mailing("n", "automation", automation_id="newsletter", tool="brevo"),
        ],
        mail_sends=[
            *sends("b", 1, 2), *sends("b", 3, bounce="soft"), *sends("k", 4), *sends("n", 5),
            *sends("b", 6, when=at(20, 4)),  # before the refresh, on a day that is not loaded
            *sends("m", 7, when=at(4)),
        ],
        mail_opens=[
            opened(1, at(12)), opened(1, at(13)), opened(2, by_proxy=True), opened(4, at(21)), opened(6), opened(7)
        ],
    )  # fmt: skip
    follow_ups = ("31", "flow", "au")
    twice = [refresh(4), *LATE]
    assert value(mail, "followup_email_open_rate", "day", 3, twice, follow_up_automations=follow_ups) == Fraction(1, 3)
    # Mailchimp's is a gain of the capture of the 20th, which is in the month though its day is not loaded.
    assert value(mail, "followup_email_open_rate", "month", 1, twice, follow_up_automations=follow_ups) == Fraction(
        2, 4
    )


def test_an_open_in_klaviyo_is_of_the_last_delivery_before_it() -> None:
    mail = world(
        mailings=[mailing("k", "automation", automation_id="flow", tool="klaviyo")],
        mail_sends=[e.MailSend(number, "k", "ada", at(day), "") for number, day in ((1, 3), (2, 5))],
        mail_opens=[opened(1, at(6))],  # the first message, opened once the second had come
    )
    assert value(mail, "followup_email_open_rate", "day", 3, follow_up_automations=("flow",)) == 0
    assert value(mail, "followup_email_open_rate", "day", 5, follow_up_automations=("flow",)) == 1


def test_a_deleted_broadcast_counts_for_nothing_and_a_deleted_step_is_captured_no_more() -> None:
    mail = world(
        mailings=[
            mailing("m"), mailing("gone", deleted_at=at(19)), mailing("goes", deleted_at=at(21)),
            mailing("s", "automation", automation_id="au", deleted_at=at(5)),
        ],
        mail_sends=[
            *sends("m", 1, 2), *sends("gone", 3), *sends("goes", 4), *sends("s", 5), *sends("s", 6, 7, when=at(4, 12)),
            *sends("s", 8, when=at(4, 18)),
        ],
        mail_opens=[opened(1), opened(3), opened(6, at(4, 20)), opened(7, at(5, 20))],
    )  # fmt: skip
    assert value(mail, "email_open_rate") == Fraction(1, 3)
    assert value(mail, "email_open_rate", refreshes=[refresh(18)]) == Fraction(2, 4)
    # captured on the 4th and the 5th, with one message and then with four, of which one was opened; never after
    refreshes = [refresh(4), refresh(5), refresh(6), *LATE]
    assert value(mail, "followup_email_open_rate", refreshes=refreshes, follow_up_automations=("au",)) == Fraction(1, 3)


def test_the_members_of_a_removed_list_are_prospects_to_those_who_saw_them() -> None:
    lists = world(
        mail_lists=[e.MailList("l1", "mailchimp", "", at(1), at(12)), e.MailList("12", "brevo", "", at(1), at(12))],
        contacts=[
            contact("1", "ada@mail.example"), contact("2", "bob@mail.example", "l2"),
            contact("3", "eve@mail.example", "12", "imported", created_at=at(6), **BREVO),
            contact("4", "fay@mail.example", "12", **BREVO),
        ],
        contact_events=[confirmed("1", at(3)), confirmed("2", at(4)), confirmed("4", at(7))],
    )  # fmt: skip
    # Brevo keeps the contacts of a removed list; who was imported without a date has then asked for nothing.
    assert new_prospects(lists, 3, 4, 6, 7, refreshes=LATE) == [0, 1, 0, 1]
    assert new_prospects(lists, 3, 4, 6, 7, refreshes=[refresh(10), *LATE]) == [1, 1, 1, 1]
