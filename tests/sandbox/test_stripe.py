"""The Stripe API against the vendor's own sample objects, and as awkward as it is, over a real socket."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.server import Running, running
from tests.sandbox.stripe_world import DAY, HOUR, NOON, NOW, business, slow_business

SAMPLES = Path(__file__).parents[3] / "shared" / "contracts" / "stripe" / "fixtures3.json"
LISTS = {
    "charges": "charge",
    "payment_intents": "payment_intent",
    "invoices": "invoice",
    "invoice_payments": "invoice_payment",
    "refunds": "refund",
    "customers": "customer",
    "products": "product",
}
# What the samples leave out, since it depends on the kind of payment or price; documented all the same.
SOMETIMES = {"invoice_payment.payment.payment_intent", "invoice.lines.pricing.price_details"}
# In the samples, but only there when asked to be expanded.
EXPANDED = {"charge.refunds"}


@pytest.fixture
def stripe() -> Iterator[Running]:
    with running(business(), NOW, only=["stripe"]) as sandbox:
        yield sandbox


def ask(sandbox: Running, path: str, key: str = "sandbox-live", version: str = "", **query: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} | ({"Stripe-Version": version} if version else {})
    return requests.get(f"{sandbox.base_url}/stripe/v1/{path}", query, headers=headers, timeout=10)


def found(sandbox: Running, path: str, key: str = "sandbox-live", **query: Any) -> list[Any]:
    rows: list[Any] = ask(sandbox, path, key, limit=100, **query).json()["data"]
    return rows


@cache
def samples() -> Any:
    return json.loads(SAMPLES.read_text())["resources"]


def strays(item: Any, sample: Any, place: str) -> Iterator[str]:
    """Where an object has a field that the sample has not, or another type."""
    if item is None or sample is None or place in SOMETIMES:
        return
    if type(item) is not type(sample):
        yield f"{place} is {type(item).__name__}, not {type(sample).__name__}"
    elif isinstance(item, list) and sample:
        for one in item:
            yield from strays(one, sample[0], place)
    elif isinstance(item, dict) and sample:
        for name, value in item.items():
            if name in sample or f"{place}.{name}" in SOMETIMES:
                yield from strays(value, sample.get(name), f"{place}.{name}".removesuffix(".data"))
            else:
                yield f"{place}.{name} is unknown"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' specifications are not beside the repository")
@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_objects_are_as_the_vendor_samples_them(stripe: Running, path: str, kind: str) -> None:
    rows = found(stripe, path)
    assert rows
    for row in rows:
        assert list(strays(row, samples()[kind], kind)) == []
        assert {f"{kind}.{name}" for name in samples()[kind].keys() - row.keys()} <= EXPANDED


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' specifications are not beside the repository")
def test_the_account_and_lines_are_as_the_vendor_samples_them(stripe: Running) -> None:
    assert list(strays(ask(stripe, "account").json(), samples()["account"], "account")) == []
    for row in found(stripe, "invoices/in_L1/lines"):
        assert list(strays(row, samples()["line_item"], "invoice.lines")) == []


def test_pages_begin_after_an_id_newest_first(stripe: Running) -> None:
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = ask(stripe, "charges", limit=3, **cursor).json()
        pages.append([row["id"] for row in answer["data"]])
        if not answer["has_more"]:
            break
        cursor = {"starting_after": pages[-1][-1]}
    whole = found(stripe, "charges")
    assert [one for page in pages for one in page] == [row["id"] for row in whole]
    assert [row["created"] for row in whole] == sorted((row["created"] for row in whole), reverse=True)
    assert (len(whole), answer["object"], answer["url"]) == (11, "list", "/v1/charges")
    assert len(ask(stripe, "charges").json()["data"]) == 10  # unless more are asked for


def test_lists_are_filtered_by_creation(stripe: Running) -> None:
    noon = int(NOON.timestamp())
    recent = found(stripe, "invoices", "sandbox-live", **{"created[gte]": noon + 3600})
    assert [row["id"] for row in recent] == ["in_L1", "in_Z1", "in_U1"]
    assert [row["id"] for row in found(stripe, "invoices", "sandbox-live", **{"created[lt]": noon})] == ["in_D1"]


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("charges", {"key": "sandbox-wrong"}, 401, None),
        ("account", {"key": "sandbox-narrow"}, 403, None),
        ("charges", {"version": "2020-08-27"}, 400, None),
        ("charges", {"limit": 101}, 400, "parameter_invalid_integer"),
        ("charges", {"page": 2}, 400, "parameter_unknown"),
        ("charges", {"starting_after": "ch_nobody"}, 400, "resource_missing"),
        ("orders", {}, 404, None),
        ("invoices/in_nobody/lines", {}, 404, "resource_missing"),
    ],
)
def test_refusals_say_what_is_wrong(stripe: Running, path: str, more: Any, status: int, code: str | None) -> None:
    answer = ask(stripe, path, **more)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"].get("code") == code
    assert "sandbox-wrong" not in answer.text


def test_a_rate_limit_says_to_try_again_and_not_when(stripe: Running) -> None:
    stripe.fault("/stripe", "429")
    answer = ask(stripe, "charges")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit")
    assert (answer.headers["Stripe-Should-Retry"], "Retry-After" in answer.headers) == ("true", False)


def test_test_mode_shows_to_its_own_key_alone(stripe: Running) -> None:
    assert all(row["livemode"] for row in found(stripe, "charges"))
    assert [(row["id"], row["livemode"]) for row in found(stripe, "charges", "sandbox-test")] == [("ch_T2", False)]


def test_orders_taken_elsewhere_are_unknown_to_it(stripe: Running) -> None:
    shown = {row["id"].partition("_")[2] for path in ("charges", "invoices") for row in found(stripe, path)}
    assert "M1" not in shown


def test_a_payment_goes_its_way(stripe: Running) -> None:
    def state() -> tuple[Any, ...]:
        [invoice] = [row for row in found(stripe, "invoices") if row["id"] == "in_D1"]
        [intent] = [row for row in found(stripe, "payment_intents") if row["id"] == "pi_D1"]
        [link] = [row for row in found(stripe, "invoice_payments") if row["invoice"] == "in_D1"]
        charges = [row["status"] for row in found(stripe, "charges") if row["payment_intent"] == "pi_D1"]
        return invoice["status"], intent["status"], link["status"], link["payment"]["payment_intent"], charges

    assert state() == ("open", "requires_payment_method", "open", "pi_D1", [])
    stripe.set_clock(NOW + 2 * HOUR)
    assert state() == ("paid", "succeeded", "paid", "pi_D1", ["succeeded"])


def test_an_authorisation_is_held_and_then_released_as_a_refund(stripe: Running) -> None:
    def state() -> tuple[Any, ...]:
        [charge] = [row for row in found(stripe, "charges") if row["id"] == "ch_V1"]
        [intent] = [row for row in found(stripe, "payment_intents") if row["id"] == "pi_V1"]
        refunds = [row["amount"] for row in found(stripe, "refunds") if row["charge"] == "ch_V1"]
        return charge["paid"], charge["captured"], charge["refunded"], intent["status"], refunds

    stripe.set_clock(NOON + HOUR / 2)
    assert state() == (True, False, False, "requires_capture", [])
    stripe.set_clock(NOW)
    assert state() == (True, False, True, "canceled", [790])


def test_what_comes_days_later_shows_in_charge_intent_and_refund() -> None:
    def states(sandbox: Running) -> dict[str, Any]:
        charges = {row["payment_intent"]: row for row in found(sandbox, "charges")}
        intents = {row["id"]: row["status"] for row in found(sandbox, "payment_intents")}
        seen = {key: (charges[key]["status"], charges[key]["paid"], intents[key]) for key in charges}
        return seen | {row["id"]: row["status"] for row in found(sandbox, "refunds")}

    with running(slow_business(), NOON + HOUR, only=["stripe"]) as sandbox:
        paid = ("succeeded", True, "succeeded")
        assert states(sandbox) == {
            "pi_S0": ("pending", False, "processing"),
            "pi_S7": ("succeeded", True, "requires_capture"),
            "pi_S5": ("pending", False, "processing"),
            "pi_S3": paid,
        }
        sandbox.set_clock(NOON + 3 * DAY)
        [given_back] = [row for row in found(sandbox, "charges") if row["id"] == "ch_S3"]
        assert (given_back["amount_refunded"], given_back["refunded"]) == (790, True)
        sandbox.set_clock(NOW)
        assert states(sandbox) == {
            **{"pi_S0": paid, "pi_S7": paid, "pi_S3": paid},
            "pi_S5": ("failed", False, "requires_payment_method"),
            "re_R1": "failed",
        }
        [given_back] = [row for row in found(sandbox, "charges") if row["id"] == "ch_S3"]
        assert (given_back["amount_refunded"], given_back["refunded"]) == (0, False)


def test_a_draft_and_a_customer_are_listed_until_they_are_deleted() -> None:
    with running(slow_business(), NOON + HOUR, only=["stripe"]) as sandbox:
        [draft] = found(sandbox, "invoices")
        assert (draft["id"], draft["status"], draft["number"], draft["amount_paid"]) == ("in_M0", "draft", None, 0)
        assert [row["id"] for row in found(sandbox, "customers")] == ["cus_C9", "cus_C1"]
        sandbox.set_clock(NOON + 7 * DAY)
        assert found(sandbox, "invoices") == []
        assert [row["id"] for row in found(sandbox, "customers")] == ["cus_C1"]


def test_a_field_is_gone_and_a_status_renamed_on_demand(stripe: Running) -> None:
    stripe.fault("/stripe", "missing_column")
    assert all("captured" not in row for row in found(stripe, "charges"))
    stripe.fault("/stripe", "renamed_enum")
    assert {row["status"] for row in found(stripe, "charges")} == {"settled", "failed"}


def test_an_invoice_adds_up(stripe: Running) -> None:
    [invoice] = [row for row in found(stripe, "invoices") if row["id"] == "in_B1"]
    # two soaps less a tenth, a gift card, a tip, then shipping with handling; VAT of soaps and shipping is inside
    assert invoice["total"] == 1580 - 158 + 5000 + 200 + 590 + 150
    assert invoice["total_excluding_tax"] == invoice["total"] - 237 - 98
    assert [row["amount"] for row in invoice["lines"]["data"]] == [1580, 5000, 200]
    [foreign] = [row for row in found(stripe, "invoices") if row["id"] == "in_I1"]
    assert (foreign["currency"], foreign["total"], foreign["total_excluding_tax"]) == ("jpy", 1264 + 126 + 944, 2208)
    [untaxed] = [row for row in found(stripe, "invoices") if row["id"] == "in_U1"]
    assert (untaxed["total"], untaxed["total_taxes"], untaxed["automatic_tax"]["status"]) == (790, None, None)


def test_an_invoice_holds_ten_of_its_lines(stripe: Running) -> None:
    [invoice] = [row for row in found(stripe, "invoices") if row["id"] == "in_L1"]
    assert (len(invoice["lines"]["data"]), invoice["lines"]["has_more"]) == (10, True)
    assert len(found(stripe, "invoices/in_L1/lines")) == 12


def test_nothing_shows_before_it_happens(stripe: Running) -> None:
    stripe.set_clock(NOON - DAY - HOUR)
    assert [row["id"] for row in found(stripe, "customers")] == ["cus_C1"]
    assert [row["id"] for row in found(stripe, "payment_intents")] == ["pi_D1"]
    assert found(stripe, "charges") == found(stripe, "refunds") == []
