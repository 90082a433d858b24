"""The shops' own back offices: their order export, one row per order line, as a file to download.

`boutique` exports CSV: French headers, the order's fields repeated on each of its lines, prices that include tax,
times in the shop's zone with their offset. `international` exports Parquet: typed columns, prices without tax, UTC.
Shipping, fees and tips are lines of their own kind. An unknown tax is an empty cell. Both list every order placed by
now and not deleted, as it stands now: unpaid, test, cancelled and voided ones too. Refunds show in the status only.
"""

import csv
import hashlib
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from io import BytesIO, StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.faults import Fault
from sandbox.state import Sandbox
from sandbox.vendors.shop_lines import Record, exported_lines, last_change

ENVIRONMENT: dict[str, str] = {}  # read by location, which names SANDBOX_URL

# Header in the file → field of the line.
BOUTIQUE_COLUMNS = {
    "Commande": "order_id",
    "Ligne": "line_id",
    "Passée le": "placed_at",
    "Payée le": "paid_at",
    "Annulée le": "cancelled_at",
    "Paiement annulé le": "voided_at",
    "Statut": "status",
    "Test": "is_test",
    "Client": "customer_id",
    "Nom": "name",
    "E-mail": "email",
    "Téléphone": "phone",
    "Adresse": "street",
    "Pays": "country",
    "Newsletter": "opted_in",
    "Devise": "currency",
    "Taxes incluses": "tax_included",
    "Type": "kind",
    "Référence": "product_id",
    "Article": "product_name",
    "Quantité": "quantity",
    "Prix unitaire TTC": "unit_price",
    "Remise TTC": "discount",
    "TVA": "tax",
    "Coût unitaire HT": "unit_cost",
    "Transaction": "transaction_id",
}
DROPPED = "quantity"  # what the fault `missing_column` leaves out
RENAMED = {"product": "article"}  # what `renamed_enum` makes of a line's kind
INSTANT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(18, 2)
INTERNATIONAL_COLUMNS: dict[str, tuple[str, pa.DataType]] = {
    "order_number": ("order_id", pa.string()),
    "line_number": ("line_id", pa.string()),
    "created_at": ("placed_at", INSTANT),
    "first_paid_at": ("paid_at", INSTANT),
    "cancelled_at": ("cancelled_at", INSTANT),
    "payment_voided_at": ("voided_at", INSTANT),
    "financial_status": ("status", pa.string()),
    "test": ("is_test", pa.bool_()),
    "customer_number": ("customer_id", pa.string()),
    "customer_name": ("name", pa.string()),
    "email": ("email", pa.string()),
    "phone": ("phone", pa.string()),
    "shipping_country": ("country", pa.string()),
    "accepts_marketing": ("opted_in", pa.bool_()),
    "currency": ("currency", pa.string()),
    "taxes_included": ("tax_included", pa.bool_()),
    "line_type": ("kind", pa.string()),
    "sku": ("product_id", pa.string()),
    "title": ("product_name", pa.string()),
    "quantity": ("quantity", pa.int64()),
    "price": ("unit_price", MONEY),
    "line_discount": ("discount", MONEY),
    "tax_amount": ("tax", MONEY),
    "transaction": ("transaction_id", pa.string()),
}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /shop."""
    routes = APIRouter(prefix="/exports")

    @routes.api_route("/orders.csv", methods=["GET", "HEAD"])
    def boutique(request: Request) -> Response:
        return _export(sandbox, request, "boutique")

    @routes.api_route("/international.parquet", methods=["GET", "HEAD"])
    def international(request: Request) -> Response:
        return _export(sandbox, request, "international")

    return routes


def _export(sandbox: Sandbox, request: Request, shop_id: str) -> Response:
    """A shop's file as of now, or 304 where the caller already has it."""
    fault = sandbox.faults.take(request.url.path)
    if fault and fault.kind == "429":
        return JSONResponse({"error": "too many requests"}, 429, {"Retry-After": "1"})
    now = sandbox.now()
    lines = list(exported_lines(sandbox.world, shop_id, now))
    if shop_id == "boutique":
        content, kind = _csv(lines, ZoneInfo(sandbox.world.time_zone), fault), "text/csv"
    else:
        content, kind = _parquet(lines, fault), "application/vnd.apache.parquet"
    changed_at = last_change(sandbox.world, shop_id, now).replace(microsecond=0)
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        "Last-Modified": format_datetime(changed_at, usegmt=True),
    }
    if _has_it(request, headers["ETag"], changed_at):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _has_it(request: Request, tag: str, changed_at: datetime) -> bool:
    """Whether the caller's copy is this one; its tag counts for more than its date (RFC 9110, 13.2.2)."""
    known = request.headers.get("If-None-Match")
    if known is not None:
        return tag in (part.strip() for part in known.split(","))
    since = request.headers.get("If-Modified-Since")
    return since is not None and parsedate_to_datetime(since) >= changed_at


def _csv(lines: list[Record], zone: ZoneInfo, fault: Fault | None) -> bytes:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    new = fault is not None and fault.kind == "new_column"
    missing = fault is not None and fault.kind == "missing_column"
    columns = {header: name for header, name in BOUTIQUE_COLUMNS.items() if name != DROPPED or not missing}
    writer.writerow([*columns, *(["Emballage cadeau"] if new else [])])
    for line in lines:
        if fault and fault.kind == "changed_type":
            line = line | {"quantity": f"{line['quantity']} pcs"}
        if fault and fault.kind == "renamed_enum":
            line = line | {"kind": RENAMED.get(line["kind"], line["kind"])}
        cells = [_cell(line[name], zone) for name in columns.values()]
        writer.writerow([*cells, *(["true"] if new else [])])
    return text.getvalue().encode()


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parquet(lines: list[Record], fault: Fault | None) -> bytes:
    columns = {
        name: pa.array([line[field] for line in lines], kind) for name, (field, kind) in INTERNATIONAL_COLUMNS.items()
    }
    if fault and fault.kind == "new_column":
        columns["gift_wrap"] = pa.array([True] * len(lines), pa.bool_())
    if fault and fault.kind == "changed_type":
        columns["quantity"] = pa.array([f"{line['quantity']} pcs" for line in lines], pa.string())
    if fault and fault.kind == "missing_column":
        del columns[DROPPED]
    if fault and fault.kind == "renamed_enum":
        columns["line_type"] = pa.array([RENAMED.get(line["kind"], line["kind"]) for line in lines], pa.string())
    content = BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()
