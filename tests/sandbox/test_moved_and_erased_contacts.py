"""Contacts that change their address or are erased: what each e-mail tool shows of them, and what truth makes of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import requests

from sandbox import events as e
from sandbox.server import Running, running
from tests.sandbox.small_worlds import LATE, at, confirmed, contact, order, refresh, value, world

LISTS = {"mailchimp": "l1", "brevo": "12", "klaviyo": "K1"}
CALLS: dict[str, tuple[str, dict[str, str], tuple[str, str] | None]] = {
    "mailchimp": ("mailchimp/3.0/lists/l1/members", {}, ("any", "sandbox-us1")),
    "brevo": ("brevo/v3/contacts", {"api-key": "sandbox-brevo"}, None),
    "klaviyo": (
        "klaviyo/api/profiles",
        {"Authorization": "Klaviyo-API-Key pk_sandbox", "revision": "2026-10-15"},
        None,
    ),
}


def changed(contact_id: str, when: datetime, email: str) -> e.ContactEvent:
    return e.ContactEvent(contact_id, "change", when, email)


def erased(contact_id: str, when: datetime) -> e.ContactEvent:
    return e.ContactEvent(contact_id, "erase", when)


def business(tool: str) -> e.World:
    """Ada changes her address on the 10th, Bob is erased on the 12th."""
    return world(
        mail_lists=[e.MailList(LISTS[tool], tool, "Letter", at(1))],
        contacts=[
            replace(contact(name, f"{name}@old.example", tool=tool), list_id=LISTS[tool]) for name in ("ada", "bob")
        ],
        contact_events=[
            confirmed("ada", at(3)),
            confirmed("bob", at(4)),
            changed("ada", at(10), "ada@new.example"),
            erased("bob", at(12)),
        ],
    )


def shown(sandbox: Running, tool: str, now: datetime) -> dict[str, Any]:
    """Address → the vendor's id of the contact."""
    sandbox.set_clock(now)
    path, headers, auth = CALLS[tool]
    found = requests.get(f"{sandbox.base_url}/{path}", headers=headers, auth=auth, timeout=10).json()
    if tool == "mailchimp":
        return {one["email_address"]: one["contact_id"] for one in found["members"]}
    if tool == "brevo":
        return {one["email"]: one["id"] for one in found["contacts"]}
    return {one["attributes"]["email"]: one["id"] for one in found["data"]}


@pytest.mark.parametrize("tool", LISTS)
def test_a_contact_keeps_its_id_with_another_address_and_is_gone_once_erased(tool: str) -> None:
    with running(business(tool)) as sandbox:
        before, moved, after = (shown(sandbox, tool, at(day)) for day in (9, 11, 13))
    assert set(before) == {"ada@old.example", "bob@old.example"}
    assert moved == {"ada@new.example": before["ada@old.example"], "bob@old.example": before["bob@old.example"]}
    assert after == {"ada@new.example": before["ada@old.example"]}


@pytest.mark.parametrize("tool", LISTS)
def test_a_changed_address_is_known_to_be_the_same_person_if_a_refresh_saw_both(tool: str) -> None:
    moved = business(tool)
    elsewhere = contact("new", "ada@new.example", tool="brevo" if tool != "brevo" else "klaviyo")
    moved.contacts.append(elsewhere)
    moved.contact_events.append(confirmed("new", at(5)))
    moved.shops.append(e.Shop("boutique", "Boutique", False))
    moved.orders += [order("1", "ada@old.example", at(13)), order("2", "ada@new.example", at(14))]
    both = [refresh(9), *LATE]
    assert [value(moved, "new_prospects", "day", day, both) for day in (3, 4, 5)] == [1, 1, 0]
    assert value(moved, "north_star", "week", 9, both) == 1  # one active customer
    # Who looks late sees the new address alone, and nobody who is erased.
    assert [value(moved, "new_prospects", "day", day) for day in (3, 4, 5)] == [1, 0, 0]
    assert value(moved, "north_star", "week", 9) == 2


def test_an_address_that_several_tools_have_seen_change_is_one_person_all_along() -> None:
    chain = world(
        contacts=[contact("m", "1@mail.example"), contact("b", "2@mail.example", tool="brevo"),
                  contact("k", "3@mail.example", tool="klaviyo")],
        contact_events=[
            confirmed("m", at(5)), changed("m", at(10), "2@mail.example"),
            confirmed("b", at(4)), changed("b", at(10), "3@mail.example"),
            confirmed("k", at(3)),
        ],
    )  # fmt: skip
    assert [value(chain, "new_prospects", "day", day, [refresh(9)]) for day in (3, 4, 5)] == [1, 1, 1]
    assert [value(chain, "new_prospects", "day", day, [refresh(9), *LATE]) for day in (3, 4, 5)] == [1, 0, 0]
