"""ECB: the euro's reference rates (https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/).

Read from the ECB's historic file rather than its data portal: one small request gives every day since 1999, an archive
cut on the way is noticed by its own checksum, and there are no answers for an empty range or an unknown series to tell
apart. The format, `N/A` cells and the comma after the last column included, is as its readers have recorded it.
"""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from pydantic import field_validator

from pipelines.connector import Connector, ConnectorError, Options, Plan, Scope, Table, columns
from pipelines.http import session
from pipelines.rows import SchemaDrift

BASE_URL = "https://www.ecb.europa.eu"
HISTORY_PATH = "/stats/eurofxref/eurofxref-hist.zip"
NO_RATE = ("", "N/A")
# What the ECB publishes now. A currency that ends keeps its column, with N/A from then on: one that lacks its column
# was dropped or renamed.
PUBLISHED = (
    *("USD", "JPY", "CZK", "DKK", "GBP", "HUF", "PLN", "RON", "SEK", "CHF", "ISK", "NOK", "TRY", "AUD", "BRL", "CAD"),
    *("CNY", "HKD", "IDR", "ILS", "INR", "KRW", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "ZAR"),
)

# A rate comes out at about 16:00 CET of its day, so an earlier load misses that day; corrections are rare and quick,
# and the deep re-read finds a late one.
REREAD_DAYS = 7
# A day without a rate uses the last one before it, so the first asked day needs some from before (Easter: 4 days).
LEAD = timedelta(days=10)

RATES = columns("account_id", "currency", "rate", date_day=pa.date32())


class EcbOptions(Options):
    """`currencies`: ISO codes to keep; all of the file's when left out."""

    currencies: list[str] | None = None

    @field_validator("from_day", "until")
    @classmethod
    def _is_left_out(cls, _day: date | None) -> None:
        raise ValueError("no other source gives rates, so these hold for all days: take it out")


@dlt.source(name="ecb", section="ecb", max_table_nesting=0)
def ecb(options: EcbOptions, plan: Plan, base_url: str = BASE_URL) -> Iterator[DltResource]:
    """The rates of every asked day that has some, and of the days before: units of a currency for one euro."""

    def rates() -> Iterator[pa.Table]:
        for pull in plan.of("rates"):
            published = read_history(base_url)
            _warn_of_absent(options, published, plan)
            # The days before are asked days of an earlier load, where there was one.
            is_next = plan.kind == "usual" and (pull.table, pull.account_id) in plan.known_hashes
            first_day = pull.first_day if is_next else pull.first_day - LEAD
            yield pa.Table.from_pylist(
                [
                    {"account_id": pull.account_id, "date_day": day, "currency": currency, "rate": rate}
                    for day, by_currency in published.items()
                    if first_day <= day <= pull.last_day
                    for currency, rate in by_currency.items()
                    if options.currencies is None or currency in options.currencies
                ],
                schema=RATES,
            )

    yield dlt.resource(rates, name="rates")


def read_history(base_url: str) -> dict[date, dict[str, str]]:
    """Every published day, newest first, with its rates by currency, as the file writes them."""
    http = session("ecb", gives_files=True)
    http.hooks["response"].append(_refuse_cut_archive)
    content = http.get(base_url + HISTORY_PATH).content
    with ZipFile(BytesIO(content)) as archive:
        lines = csv.reader(StringIO(archive.read(archive.namelist()[0]).decode()))
    header = next(lines, [])
    if header[:1] != ["Date"]:
        raise SchemaDrift(f"ecb: {HISTORY_PATH} begins with {header[:3]}, not with Date: the ECB changed its file")
    for currency in PUBLISHED:
        if currency not in header:
            raise SchemaDrift(
                f"ecb: rates row 1 (the first line of {HISTORY_PATH}): there is no column {currency} any more, and "
                "amounts in it need it; nothing of this source was loaded. Upgrade Parcours, or report it."
            )
    return {_day(line[0]): _rates(header, line) for line in lines if line}


def _refuse_cut_archive(response: requests.Response, *_: Any, **__: Any) -> None:
    """An archive that was cut off or spoilt on the way is a lost connection: the session asks again."""
    if not response.ok:
        return
    try:
        spoilt = ZipFile(BytesIO(response.content)).testzip()
    except BadZipFile:
        spoilt = HISTORY_PATH
    if spoilt:
        raise requests.exceptions.ContentDecodingError("not a whole zip archive")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConnectorError(f"ecb: {text!r} in {HISTORY_PATH} is not a day: the ECB changed its file") from None


def _rates(header: list[str], line: list[str]) -> dict[str, str]:
    """The rates of one day; the nameless column after the last comma and the absent rates are left out."""
    if len(line) != len(header):
        raise ConnectorError(f"ecb: {line[0]} has {len(line)} cells under {len(header)} columns in {HISTORY_PATH}")
    rates = {name: text.strip() for name, text in zip(header[1:], line[1:], strict=True) if name.strip()}
    kept = {name: text for name, text in rates.items() if text not in NO_RATE}
    for name, text in kept.items():
        if not _is_rate(text):
            raise ConnectorError(f"ecb: {name} of {line[0]} is {text!r}, not a rate: the ECB changed its file")
    return kept


def _is_rate(text: str) -> bool:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return False
    return rate.is_finite() and rate > 0


def _absent(options: EcbOptions, published: dict[date, dict[str, str]]) -> dict[str, date | None]:
    """Wanted currencies that the newest day does not have, and the last day that had them."""
    newest = published[max(published)] if published else {}
    return {
        currency: max((day for day, rates in published.items() if currency in rates), default=None)
        for currency in options.currencies or []
        if currency not in newest
    }


def _warn_of_absent(options: EcbOptions, published: dict[date, dict[str, str]], plan: Plan) -> None:
    """A currency may have ended: its rates stay, and nothing stands for those that it would have now."""
    for currency, last_day in _absent(options, published).items():
        if last_day:
            plan.warn(f"ecb: no rate for {currency} since {last_day}; later amounts in it stay unconverted")
        else:
            plan.warn(f"ecb: no current rate for {currency}; amounts in it stay unconverted")


def scopes(options: EcbOptions, table: str) -> list[Scope]:
    """The rates are one table of the ECB's, not of an account."""
    return [Scope("")]


def check(options: EcbOptions) -> list[str]:
    """Which day's rates are the newest, and which wanted currencies are not among them."""
    published = read_history(dlt.config.get("sources.ecb.base_url", str) or BASE_URL)
    if not published:
        raise ConnectorError("ecb: the file of reference rates is empty; try again later")
    newest = max(published)
    absent = _absent(options, published)
    return [f"reference rates of {len(published[newest])} currencies up to {newest}"] + [
        f"no current rate for {currency}: correct [sources.ecb] currencies" for currency in absent
    ]


CONNECTOR = Connector(
    name="ecb",
    title="European Central Bank",
    tables={
        "rates": Table(
            columns=RATES,
            key=("account_id", "date_day", "currency"),
            kind="slices",
            slice_by=("account_id", "date_day"),
            reread_days=REREAD_DAYS,
        )
    },
    options=EcbOptions,
    source=ecb,
    scopes=scopes,
    check=check,
    feeds={"rates": ("rates",)},
    docs_url="https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/",
)
