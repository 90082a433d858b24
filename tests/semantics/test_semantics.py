"""What the vendors' documentation says, on worlds of a few events: truth and the running vendors must both say so."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import requests
import yaml

from sandbox import events
from sandbox.server import Running, running
from sandbox.truth import Business, Key, Refresh, truth

CASES = sorted(Path(__file__).parent.glob("*.yaml"))
TAGS = ("documented", "second-hand", "remembered")
MOST_EVENTS = 10
FIRST_DAY = date(2026, 3, 2)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
SHOP = events.Property("111111111", "Boutique", "Europe/Paris", "EUR", is_primary=True)
HAPPENINGS = (
    "hits", "audience_sizes", "reactions", "shares", "comments", "contact_events", "mail_sends", "mail_opens",
    "mail_clicks", "orders", "tickets", "ticket_ratings", "answers",
)  # fmt: skip
# What a record has where a case does not say, by the name of the field.
USUAL: dict[str, Any] = {
    "property_id": SHOP.property_id, "time_zone": "Europe/Paris", "currency": "EUR", "name": "page_view", "page": "/",
    "tool": "mailchimp", "list_id": "l1", "kind": "regular", "shop_id": "boutique", "is_tax_known": True,
}  # fmt: skip
USUAL_KIND: dict[type[Any], str] = {events.Contact: "subscriber", events.Product: "product"}
# How each vendor's caller says who they are; the other vendors take a bearer token.
BEARER = {"Authorization": "Bearer sandbox-token"}
HEADERS = {
    "brevo": {"api-key": "sandbox-brevo"},
    "klaviyo": {"Authorization": "Klaviyo-API-Key pk_sandbox", "revision": "2026-10-15"},
    "shopify": {"X-Shopify-Access-Token": "sandbox-shopify"},
    "stripe": {"Authorization": "Bearer sandbox-live"},
    "typeform": {"Authorization": "Bearer tfp_sandbox"},
}
LOGINS = {"mailchimp": ("any", "sandbox-us1"), "zendesk": ("agent@boutique.example/token", "sandbox-token")}
EMPTY = {str: "", int: 0, bool: False, datetime: LONG_AGO}


def case_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def world_of(case: dict[str, Any]) -> events.World:
    kinds = get_type_hints(events.World)
    lists: dict[str, Any] = {
        name: [record(get_args(kinds[name])[0], one) for one in many] for name, many in case["world"].items()
    }
    return events.World(FIRST_DAY, date(2026, 3, 31), properties=[SHOP], **lists)


def record(kind: type[Any], said: dict[str, Any]) -> Any:
    """A record of the world with the usual values where nothing is said; it shows as soon as it happens."""
    types = get_type_hints(kind)
    names = {field.name for field in fields(kind)}
    assert set(said) <= names, f"{kind.__name__} has no {set(said) - names}"
    usual = {name: USUAL.get(name, EMPTY.get(types[name])) for name in names}
    if kind in USUAL_KIND:
        usual["kind"] = USUAL_KIND[kind]
    if "shown_at" in names:
        usual["shown_at"] = said.get("happened_at")
    return kind(**(usual | said))


def refreshes_of(case: dict[str, Any]) -> list[Refresh]:
    return [Refresh(as_of, as_of.date() - timedelta(days=1)) for as_of in case["refreshes"]]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case_is_small_and_says_where_it_is_from(path: Path) -> None:
    case = case_of(path)
    assert case["tag"] in TAGS
    assert case["page"].startswith("https://")
    assert sum(len(case["world"].get(name, [])) for name in HAPPENINGS) <= MOST_EVENTS


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_truth_says_what_the_vendor_documents(path: Path) -> None:
    case = case_of(path)
    settings: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in case.get("business", {}).items()
    }
    found = truth(world_of(case), refreshes_of(case), Business(FIRST_DAY, **settings))
    for said in case["truth"]:
        answer = found[Key(said["kpi"], said["grain"], said["start"])]
        for part in {"value", "denominator"} & set(said):
            expected = None if said[part] is None else Fraction(str(said[part]))
            assert getattr(answer, part) == expected, said


@pytest.mark.parametrize("path", [path for path in CASES if "vendor" in case_of(path)], ids=lambda path: path.stem)
def test_the_running_vendor_says_what_the_vendor_documents(path: Path) -> None:
    case = case_of(path)
    with running(world_of(case)) as sandbox:
        for call in case["vendor"]:
            sandbox.set_clock(call.get("at", case["refreshes"][-1]))
            answer = called(sandbox, call)
            for where, expected in call["answers"].items():
                assert at(answer, where) == expected, f"{where} of {answer}"


def called(sandbox: Running, call: dict[str, Any]) -> Any:
    path = call.get("get") or call["post"]
    vendor = path.split("/")[1]
    login = LOGINS.get(vendor)
    response = requests.request(
        "GET" if "get" in call else "POST",
        sandbox.base_url + path,
        headers={} if login else HEADERS.get(vendor, BEARER),
        auth=login,
        params=call.get("send") if "get" in call else None,
        json=yaml_as_json(call["send"]) if "post" in call else None,
        timeout=10,
    )
    assert response.status_code == 200, response.text
    return response.json()


def yaml_as_json(value: Any) -> Any:
    """YAML reads a bare day as a date; JSON has only its text."""
    if isinstance(value, dict):
        return {name: yaml_as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [yaml_as_json(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def at(answer: Any, where: str) -> Any:
    """The value under a path with dots; None where there is nothing."""
    for step in where.split("."):
        if isinstance(answer, list):
            answer = answer[int(step)] if int(step) < len(answer) else None
        else:
            answer = answer.get(step) if answer else None
    return answer
