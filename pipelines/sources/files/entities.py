"""The canonical entities a file can be mapped to: their fields, what a field holds, and which ones must be there."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Holds = Literal[
    "text", "id", "line_kind", "currency", "address", "person", "amount", "count", "of_ten", "flag", "time", "day"
]

TEXT = pa.string()
ARROW_TYPES: dict[Holds, pa.DataType] = {
    "text": TEXT,
    "id": TEXT,
    "line_kind": TEXT,
    "currency": TEXT,
    "address": TEXT,  # an e-mail address in the file, its keyed hash in the table
    "person": TEXT,  # another key of a person in the file, its keyed hash in the table
    "amount": pa.decimal128(18, 6),
    "count": pa.decimal128(18, 6),  # a whole number from 0 on
    "of_ten": pa.decimal128(18, 6),  # a score from 0 to 10
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
}
LINE_KINDS = ("product", "gift_card", "shipping", "tip", "fee")


@dataclass(frozen=True)
class Field:
    """A column of an entity; a required one must be mapped, and a row without it is refused."""

    holds: Holds
    required: bool = False


@dataclass(frozen=True)
class Entity:
    """What one row of a file is. Of the fields in each group of `one_of` a row needs at least one."""

    fields: dict[str, Field]
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def required(self) -> list[str]:
        """The fields without which no file can be mapped."""
        return [name for name, field in self.fields.items() if field.required]

    @property
    def dated_by(self) -> tuple[str, ...]:
        """The fields whose first value tells on which day a row counts."""
        times = tuple(name for name, field in self.fields.items() if field.holds in ("time", "day"))
        return next((group for group in self.one_of if group[0] in times), times[:1])

    @property
    def hashed(self) -> list[str]:
        """The fields that are personal in the file: e-mail addresses, and other keys of a person."""
        return [name for name, field in self.fields.items() if field.holds in ("address", "person")]

    @property
    def needed(self) -> set[str]:
        """The fields without which, or without one of whose group, a row is refused."""
        return {*self.required, *(name for group in self.one_of for name in group)}


def _entity(one_of: tuple[tuple[str, ...], ...] = (), **fields: Holds | tuple[Holds]) -> Entity:
    """A field in a tuple is required."""
    return Entity(
        {name: Field(said[0], True) if isinstance(said, tuple) else Field(said) for name, said in fields.items()},
        one_of,
    )


# What an order says, whether it is exported whole or line by line.
ORDER: dict[str, Holds | tuple[Holds]] = {
    "order_id": ("id",),
    "ordered_at": "time",
    "paid_at": "time",
    "cancelled_at": "time",
    "voided_at": "time",
    "customer_id": "id",
    "email_key": "address",
    "person_id": "person",
    "currency": ("currency",),
    "discount_amount": "amount",
    "tax_amount": "amount",
    "tax_included": "flag",
    "is_test": "flag",
    "opted_in": "flag",
    "country": "text",
}
PAID_OR_ORDERED = ("paid_at", "ordered_at")
# Of an order that is exported line by line, these are told once, on each line or on the first one only.
ORDER_LEVEL = frozenset(ORDER) - {"order_id", "discount_amount", "tax_amount"}
ANSWER: dict[str, Holds | tuple[Holds]] = {
    "answer_id": ("id",),
    "survey": ("text",),
    "answered_at": ("time",),
    "respondent_key": "address",
    "score": ("amount",),
}

ENTITIES: dict[str, Entity] = {
    "order_lines": _entity(
        one_of=(PAID_OR_ORDERED, ("unit_price", "line_total")),
        **ORDER,
        product_id="id",
        product_name="text",
        kind="line_kind",
        quantity=("amount",),
        unit_price="amount",
        line_total="amount",
        unit_cost="amount",
    ),
    "orders": _entity(one_of=(PAID_OR_ORDERED,), **ORDER, amount=("amount",), units="amount"),
    "refunds": _entity(
        refund_id=("id",),
        order_id=("id",),
        orders_feed=("text",),
        refunded_at=("time",),
        currency=("currency",),
        amount=("amount",),
        tax_amount="amount",
        tax_included="flag",
        product_id="id",
        quantity="amount",
    ),
    "spend": _entity(date_day=("day",), channel="text", campaign="text", amount=("amount",), currency=("currency",)),
    "mentions": _entity(mention_id=("id",), mentioned_at=("time",), channel="text"),
    "reviews": _entity(review_id=("id",), reviewed_at=("time",), rating="amount"),
    "affiliates": _entity(affiliate_id=("id",), joined_at="time", left_at="time", status="text"),
    "partners": _entity(partner_id=("id",), joined_at="time", left_at="time", status="text"),
    "leads": _entity(
        (("email_key", "person_id"),), email_key="address", person_id="person", opted_in_at=("time",), list_name="text"
    ),
    "lead_totals": _entity(date_day=("day",), leads=("count",), list_name="text"),
    "tickets": _entity(ticket_id=("id",), created_at=("time",), status="text"),
    "csat_answers": _entity((), **ANSWER, satisfied_from=("amount",), neutral="amount"),
    "nps_answers": _entity((), **ANSWER | {"score": ("of_ten",)}),
}

# Entity → the tables of rows that it is made from.
FEEDS = {
    "spend": ("spend",),
    "opt_ins": ("leads",),
    "lead_totals": ("lead_totals",),
    "refunds": ("refunds",),
    "orders": ("orders", "order_lines"),
    "order_lines": ("order_lines",),
    "tickets": ("tickets",),
    "csat_answers": ("csat_answers",),
    "nps_answers": ("nps_answers",),
    "reviews": ("reviews",),
    "mentions": ("mentions",),
    "affiliate_periods": ("affiliates",),
    "partner_periods": ("partners",),
}

# What every entity's table begins with: where the row stands, and the first filter that leaves it out ('' for none).
PLACE: dict[str, pa.DataType] = {"file_id": TEXT, "feed": TEXT, "row_number": pa.int64(), "filtered_by": TEXT}
# What is known of a row beside its own fields: whether another line of its order was refused.
BESIDE: dict[str, dict[str, pa.DataType]] = {"order_lines": {"is_partial": pa.bool_()}}
REJECT_COLUMNS: dict[str, pa.DataType] = {
    "file_id": TEXT,
    "feed": TEXT,
    "entity": TEXT,
    "row_number": pa.int64(),
    "field": TEXT,
    "reason": TEXT,
}
REJECTS = pa.schema(REJECT_COLUMNS)


def columns(entity: str) -> pa.Schema:
    """The columns of an entity's raw table."""
    fields = ENTITIES[entity].fields
    of_fields = {name: ARROW_TYPES[field.holds] for name, field in fields.items()}
    return pa.schema(PLACE | of_fields | BESIDE.get(entity, {}))
