"""Amounts as people and tools write them, read in SQL (DuckDB): one reading or none, never a guess."""

import re

from pipelines.currencies import CURRENCIES, FORMER
from pipelines.sources.files.settings import Feed
from pipelines.sql import literal

AMOUNT = "decimal(18, 6)"
AROUND = " \t\r\n\u00a0\u202f\u200b\ufeff\u2007\u2009"  # what is cut off at both ends of a cell
# Spaces between groups of digits, the typographic minus and apostrophe, as a keyboard has them.
TYPOGRAPHIC, TYPED = "\u00a0\u202f\u2007\u2008\u2009\u200a\u2212\u2019", "      -'"
SIGNS = (
    r"(?:US|U|CA|C|AU|A|NZ|HK|NT|SG|S|MX|R)?\$|[€£¥￥₹₺₽₩₪₫฿₴₦₱₡₲₵₸₾₼元円]|[Kk]r\.?|zł|Kč|Ft|[Ll]ei|S?Fr\.?|fr\.|"
    r"Rs\.?|RM|Rp|R|лв\.?|руб\.?|[Ee]uros?"
)
CODES = "|".join((*sorted(CURRENCIES | FORMER), "eur", "usd", "gbp", "chf"))
CURRENCY = f"(?:{CODES}|{SIGNS})"


def number(cell: str, feed: Feed) -> str:
    """An amount with its currency and sign on either side, as the feed says; what can be read in two ways is null.

    With no thousands separator declared, a space or an apostrophe between groups of three is one, and so is the mark
    that is not the decimal one, where it cannot be that: before a decimal mark, or more than once.
    """
    mark = re.escape(feed.decimal)
    dotted = cell if feed.decimal == "." else f"replace({cell}, ',', '.')"
    simple = rf"[+-]?\d*({mark}\d*)?([eE][+-]?\d+)?"
    return (
        f"case when regexp_full_match({cell}, {literal(simple)}) then try_cast({dotted} as {AMOUNT}) "
        f"else {_spelled(cell, feed)} end"
    )


def _spelled(cell: str, feed: Feed) -> str:
    mark = re.escape(feed.decimal)
    plain = f"translate({cell}, {literal(TYPOGRAPHIC)}, {literal(TYPED)})"
    before = f"regexp_replace({plain}, {literal(f'^([+(-]? ?){CURRENCY} ?([+(-]? ?)')}, '\\1\\2')"
    bare = f"trim(regexp_replace({before}, {literal(f' ?{CURRENCY}( ?[-)]?)$')}, '\\1'))"
    digits = f"regexp_replace({bare}, {literal(f'[^0-9{mark}]')}, '', 'g')"
    amount = f"try_cast(replace({digits}, {literal(feed.decimal)}, '.') as {AMOUNT})"
    numeral = "|".join(_numerals(feed, mark))
    form = rf"[+-]? ?(?:{numeral})|(?:{numeral}) ?-|\( ?(?:{numeral}) ?\)"
    # `12.-` is Swiss for twelve: its dash is no minus, and it is read as neither
    fits = f"regexp_full_match({bare}, {literal(form)}) and not regexp_matches({bare}, {literal(mark + ' ?-$')})"
    is_negative = f"{bare} like '%-%' or {bare} like '(%'"
    return f"case when {fits} then case when {is_negative} then -{amount} else {amount} end end"


def _numerals(feed: Feed, mark: str) -> list[str]:
    """The ways to write the digits themselves."""
    rest = rf"(?:{mark}\d*)?"
    ways = [rf"\d+{rest}", rf"{mark}\d+", rf"\d{{1,3}}(?: \d{{3}})+{rest}", rf"\d{{1,3}}(?:'\d{{3}})+{rest}"]
    if feed.thousands:
        separator = re.escape(feed.thousands)
        return [*ways, rf"\d{{1,3}}(?:{separator}\d{{2,3}})*{separator}\d{{3}}{rest}"]
    other = r"\." if feed.decimal == "," else ","
    return [*ways, rf"\d{{1,3}}(?:{other}\d{{3}})+{mark}\d+", rf"\d{{1,3}}(?:{other}\d{{3}}){{2,}}"]
