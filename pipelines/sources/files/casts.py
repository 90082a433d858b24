"""SQL (DuckDB) that turns the text of a cell into the value of a field, or into null where it does not fit."""

import re

from pipelines.casts import FIRST_YEAR, LAST_YEAR
from pipelines.sources.files.amounts import AMOUNT, AROUND, number
from pipelines.sources.files.entities import LINE_KINDS, Field
from pipelines.sources.files.settings import Column, Feed
from pipelines.sources.files.times import instant, within_years
from pipelines.sql import literal

QUOTED_CHARACTERS = 60
DATED = re.compile(r"-?\d{4}-\d")
WITHIN = {"count": "{0} >= 0 and {0} = floor({0})", "of_ten": "{0} between 0 and 10"}
TRUE = ("true", "t", "yes", "y", "1", "oui", "o", "vrai")
FALSE = ("false", "f", "no", "n", "0", "non", "faux")
ROUNDED_ID = r"-?\d([.,]\d+)?[eE][+]\d+"  # a spreadsheet's long number: others may have been another one


def quoted(name: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def listed(texts: list[str] | tuple[str, ...]) -> str:
    """Texts as SQL's `in` wants them."""
    return f"({', '.join(literal(text) for text in texts)})"


def trimmed(cell: str, feed: Feed) -> str:
    """A text that is made of cells without what surrounds it, null if nothing is left or what the feed calls empty."""
    cell = f"nullif(trim({cell}, {literal(AROUND)}), '')"
    return f"case when {cell} not in {listed(feed.empty)} then {cell} end" if feed.empty else cell


def text(cell: str, column: Column) -> str:
    """The trimmed cell, renamed as the mapping says."""
    cases = "".join(f" when {literal(old)} then {literal(new)}" for old, new in column.values.items())
    otherwise = cell if column.otherwise is None else literal(column.otherwise)
    return f"case {cell}{cases} else {otherwise} end" if cases else otherwise


def found(field: Field, cell: str, feed: Feed, time_format: str | list[str], is_native: bool, is_typed: bool) -> str:
    """What a text says; a native number is plain and a typed time ISO, whatever the feed's texts look like."""
    match field.holds:
        case "id":
            whole = rf"regexp_replace({cell}, '^(-?\d+)\.0+$', '\1')"  # an integer that went through a float
            return f"case when not regexp_full_match({cell}, {literal(ROUNDED_ID)}) then {whole} end"
        case "amount" | "count" | "of_ten":
            return f"try_cast({cell} as {AMOUNT})" if is_native else number(cell, feed)
        case "time" | "day":
            return instant(cell, time_format, is_typed)
        case "flag":
            is_true, is_false = f"lower({cell}) in {listed(TRUE)}", f"lower({cell}) in {listed(FALSE)}"
            return f"case when {is_true} then true when {is_false} then false end"
        case "currency":
            return f"case when regexp_full_match({cell}, '[A-Za-z]{{3}}') then upper({cell}) end"
        case "line_kind":
            is_known = f"lower({cell}) in {listed(LINE_KINDS)}"
            return f"case when {cell} is null then 'product' when {is_known} then lower({cell}) end"
        case _:
            return cell


def value(field: Field, found: str) -> str:
    """What was found, null where no such thing can be meant."""
    match field.holds:
        case "count" | "of_ten":
            return f"case when {WITHIN[field.holds].format(found)} then {found} end"
        case "time":
            return within_years(found)
        case "day":
            return f"cast({within_years(found)} as date)"
        case _:
            return found


def reason(field: Field, said: str | None, feed: Feed, time_format: str | list[str]) -> str:
    """Why a cell was refused; it quotes nothing that is, or looks like, an e-mail address."""
    if said is None:
        return "is empty"
    shown = "a text" if field.holds in ("address", "person") or "@" in said else repr(said[:QUOTED_CHARACTERS])
    formats = [time_format] if isinstance(time_format, str) else time_format
    time = "in ISO 8601" if not any(formats) else f"as {' or '.join(form or 'ISO 8601' for form in formats)}"
    years = f", of {FIRST_YEAR} to {LAST_YEAR}" if DATED.match(said) else ""
    separator = f", thousands by {feed.thousands!r}" if feed.thousands else ""
    wanted = {
        "id": "a number whose last digits are lost: export the column as text",
        "amount": f"no number (decimal mark {feed.decimal!r}{separator})",
        "count": "no whole number from 0 on",
        "of_ten": "no score from 0 to 10",
        "time": f"no time {time}{years}",
        "day": f"no day {time}{years}",
        "flag": "neither true nor false",
        "currency": "no currency code of three letters",
        "line_kind": f"none of {', '.join(LINE_KINDS)}",
    }
    return f"{shown} is {wanted[field.holds]}"
