"""WooCommerce's raw tables: their columns, how they are asked for again, and how a deletion is noticed.

https://developer.woocommerce.com/docs/apis/rest-api/v3/
"""

import pyarrow as pa

from pipelines.casts import OBJECTS
from pipelines.connector import Table, columns

REREAD_DAYS = 3  # an order that changes while pages are read can be missed, and a shop's clock can be wrong
AS_NOW = 1  # listed whole every time: no filter tells what changed, or what is no longer there

LINES = ("line_items", "shipping_lines", "fee_lines")
ID, FLAG = pa.int64(), pa.bool_()
AMOUNT, TEXT = pa.decimal128(38, 9), pa.string()
INSIDE: dict[str, pa.DataType] = {
    **dict.fromkeys(("id", "product_id", "refunded_item_id"), ID),
    **dict.fromkeys(("total", "total_tax", "quantity", "value", "total_value"), AMOUNT),
    **dict.fromkeys(("name", "sku", "kind"), TEXT),
    "taxes": OBJECTS,
}


def _whole(schema: pa.Schema, dated_by: tuple[str, ...], **emails: str) -> Table:
    """A list that is asked whole every time, and replaced whole."""
    required = tuple(name for name in schema.names if name != "site")
    return Table(
        schema,
        ("site", "id"),
        "slices",
        AS_NOW,
        slice_by=("site",),
        nested=tuple(name for name in schema.names if name in LINES),
        inside=INSIDE,
        emails=emails,
        required=required,
        dated_by=dated_by,
    )


ORDERS = columns(
    *("site", "number", "status", "currency", "total", "total_tax", "payment_method"),
    *("date_created_gmt", "date_modified_gmt", "date_paid_gmt", "date_completed_gmt"),
    *("email_key", "billing__country", "shipping__country", *LINES),
    id=ID,
    parent_id=ID,
    customer_id=ID,
    prices_include_tax=FLAG,
    is_test=FLAG,
    has_opted_in=FLAG,
)
TABLES = {
    # An order in the trash says so in its status; one that is deleted for good, past the trash, is listed no more.
    "orders": Table(
        ORDERS,
        ("site", "id"),
        "entities",
        REREAD_DAYS,
        newest_by="date_modified_gmt",
        nested=LINES,
        inside=INSIDE,
        emails={"email_key": "billing__email"},
        required=tuple(name for name in ORDERS.names if name not in ("site", "is_test", "has_opted_in")),
        dated_by=("date_paid_gmt", "date_completed_gmt", "date_created_gmt"),
        listed_by="date_modified_gmt",
        in_steps=True,
    ),
    "refunds": _whole(
        columns("site", "date_created_gmt", "amount", *LINES, id=ID, parent_id=ID),
        ("date_created_gmt",),
    ),
    "customers": _whole(
        columns("site", "email_key", "date_created_gmt", id=ID),
        ("date_created_gmt",),
        email_key="email",
    ),
    # Kept once it is gone from the shop: old orders still name it.
    "products": Table(columns("site", "type", id=ID), ("site", "id"), "entities", AS_NOW, required=("type",)),
}
