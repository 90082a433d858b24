"""Amounts that name another currency than the one that they are said to be in: read as said, and told."""

from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.currencies import CURRENCIES
from pipelines.sources.files import casts as sql
from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.filling import Places
from pipelines.sources.files.settings import Column, Feed

# Of signs that several currencies share, those of which it is none.
NOT_DOLLARS = ("EUR", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "TRY", "INR", "CNY")
SIGNS = {"€": "currency != 'EUR'", "£": "currency = 'EUR' or currency = 'USD'", "$": f"currency in {NOT_DOLLARS}"}


def foreign_amounts(connection: duckdb.DuckDBPyConnection, feed: Feed, places: Places, cells: pa.Table) -> int:
    """How many of the rows that count hold such an amount."""
    fields = ENTITIES[feed.entity].fields
    names = [name for name, field in fields.items() if field.holds == "amount" and name in feed.columns]
    names = [name for name in names if _may_name_one(feed.columns[name], places.get(name, ()), cells)]
    if "currency" not in fields or not names:
        return 0
    said = []
    for text in (sql.quoted(f"{name} text") for name in names):
        code = f"regexp_extract({text}, '[A-Z]{{3}}')"
        said.append(f"({code} in {sql.listed(sorted(CURRENCIES))} and {code} != currency)")
        said += [f"({text} like '%{sign}%' and ({is_other}))" for sign, is_other in SIGNS.items()]
    query = f"select count(*) from judged where not is_out and not is_refused and ({' or '.join(said)})"
    return int((connection.execute(query).fetchone() or (0,))[0])


def _may_name_one(column: Column, places: tuple[int, ...], cells: pa.Table) -> bool:
    """Whether a field's texts may hold more than a number."""
    if not places or column.values or column.otherwise is not None:
        return True
    found: Any = cells[str(places[0])]
    return bool(pc.any(pc.match_substring_regex(found, "[^0-9.,+-]")).as_py())
