"""Amounts that name another currency than the one that they are said to be in: read as said, and told."""

import duckdb

from pipelines.currencies import CURRENCIES
from pipelines.sources.files import casts as sql
from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.settings import Feed

# Of signs that several currencies share, those of which it is none.
NOT_DOLLARS = ("EUR", "GBP", "CHF", "JPY", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "TRY", "INR", "CNY")
SIGNS = {"€": "currency != 'EUR'", "£": "currency = 'EUR' or currency = 'USD'", "$": f"currency in {NOT_DOLLARS}"}


def foreign_amounts(connection: duckdb.DuckDBPyConnection, feed: Feed) -> int:
    """How many of the rows that count hold such an amount."""
    fields = ENTITIES[feed.entity].fields
    names = [name for name, field in fields.items() if field.holds == "amount" and name in feed.columns]
    if "currency" not in fields or not names:
        return 0
    said = []
    for text in (sql.quoted(f"{name} text") for name in names):
        code = f"regexp_extract({text}, '[A-Z]{{3}}')"
        said.append(f"({code} in {sql.listed(sorted(CURRENCIES))} and {code} != currency)")
        said += [f"({text} like '%{sign}%' and ({is_other}))" for sign, is_other in SIGNS.items()]
    query = f"select count(*) from judged where not is_out and not is_refused and ({' or '.join(said)})"
    return int((connection.execute(query).fetchone() or (0,))[0])
