"""Ids, times and amounts as Shopify writes them."""

import hashlib
from datetime import datetime
from decimal import Decimal

from sandbox.events import PER_EURO
from sandbox.vendors.shopify.graphql import Item

SHOP_CURRENCY = "EUR"  # of costs and of shopMoney
DECIMALS = {"JPY": 0}  # of a currency's minor unit; two for all others


def number(kind: str, world_id: str) -> int:
    """The vendor's number for a thing of the world, the same every time."""
    return int(hashlib.sha256(f"{kind} {world_id}".encode()).hexdigest()[:12], 16)


def gid(kind: str, world_id: str) -> str:
    """The vendor's id for a thing of the world."""
    return f"gid://shopify/{kind}/{number(kind, world_id)}"


def instant(moment: datetime | None) -> str | None:
    """A time as Shopify writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def bag(minor_units: int, currency: str) -> Item:
    """An amount in the customer's and in the shop's currency."""
    amount = Decimal(minor_units).scaleb(-DECIMALS.get(currency, 2))
    in_shop = (amount / PER_EURO.get(currency, Decimal(1))).quantize(Decimal("0.01"))
    return {
        "__typename": "MoneyBag",
        "presentmentMoney": money(amount, currency),
        "shopMoney": money(in_shop, SHOP_CURRENCY),
    }


def in_parts(minor_units: list[int], currency: str) -> list[Item]:
    """The parts of an amount; in the shop's currency too they add up to the whole."""
    totals = [bag(sum(minor_units[:count]), currency) for count in range(len(minor_units) + 1)]
    bags = [bag(part, currency) for part in minor_units]
    for part, before, after in zip(bags, totals, totals[1:], strict=False):
        own = Decimal(after["shopMoney"]["amount"]) - Decimal(before["shopMoney"]["amount"])
        part["shopMoney"] = money(own, SHOP_CURRENCY)
    return bags


def money(amount: Decimal, currency: str) -> Item:
    """An amount, which is a text."""
    return {"__typename": "MoneyV2", "amount": str(amount), "currencyCode": currency}
