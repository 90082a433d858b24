"""How the cells of a workbook look, and how a value becomes one: a typed cell, or a text that is never a formula."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision, get_currency_symbol

from dashboard.locales import LOCALES
from dashboard.words import word
from pipelines.currencies import CURRENCIES

DAY = "yyyy-mm-dd"  # the same day wherever it is read
GREY = "#6B6B6B"  # still 5:1 on white
ACCENT = "#1F4E5F"
PLAIN: dict[str, Any] = {"valign": "top"}
TEXT = PLAIN | {"text_wrap": True}
TITLE = PLAIN | {"bold": True, "font_size": 16, "font_color": ACCENT}
STRONG = PLAIN | {"bold": True}
HEADING = TEXT | {"bold": True, "font_color": ACCENT, "bottom": 1}
PART_HEADING = TEXT | {"font_color": GREY, "bottom": 1}
OPEN: dict[str, Any] = {"italic": True, "font_color": GREY}
SHEET_NAME = 31  # characters, as Excel counts them: those of UTF-16
FORBIDDEN = dict.fromkeys(map(ord, "[]:*?/\\"), " ")
RESERVED = "history"  # Excel keeps that name for itself


class Cells:
    """Writes the cells of one workbook; a look is made once."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._looks: dict[tuple[tuple[str, Any], ...], Any] = {}

    def look(self, properties: dict[str, Any]) -> Any:
        """The workbook's format with these properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._looks:
            self._looks[key] = self._workbook.add_format(properties)
        return self._looks[key]

    def write(self, sheet: Any, row: int, column: int, value: Any, look: dict[str, Any] = PLAIN) -> None:
        """A cell of the value's own type; nothing where the value is not known."""
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value, self.look(look))
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, self.look(look | {"num_format": DAY, "align": "left"}))
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(row, column, value, self.look(look))
        else:
            sheet.write_string(row, column, printable(value), self.look(look))


def of_value(value: Any, unit: str, language: str) -> str:
    """The number format of a KPI's value; who reads it sees it by his own locale."""
    if unit == "rate":
        return "0.0%"
    if unit in CURRENCIES:
        return _money(unit, language)
    if unit == "count":
        return _count(value)
    named = {"seconds": ' "s"', "days": f' "{word("days", language)}"'}
    return f"#,##0.00{named.get(unit, '')}" if unit == "per customer" else f"#,##0.0{named.get(unit, '')}"


def of_part(name: str, value: Any) -> str:
    """The number format of a part: rates and shares are called so, and what is counted is whole."""
    if {"rate", "share"} & set(name.split("_")):
        return "0.0%"
    return "#,##0" if isinstance(value, int) else "#,##0.00"


def provisional(pattern: str) -> str:
    """Marked as in `parcours kpi`, and still a number."""
    return f'"~"{pattern};"~"-{pattern}'


def marked(look: dict[str, Any], is_complete: bool) -> dict[str, Any]:
    """What is of an open period, or not wholly loaded, is seen to be so."""
    return look if is_complete else look | OPEN


def _count(value: Any) -> str:
    return "#,##0" if value is None or float(value).is_integer() else "#,##0.0"


def _money(currency: str, language: str) -> str:
    places = get_currency_precision(currency)
    symbol = f"[${get_currency_symbol(currency, LOCALES[language])}]"
    pattern: str = LOCALES[language].currency_formats["standard"].pattern
    return pattern.replace("0.00", "0." + "0" * places if places else "0").replace("¤", symbol)


def printable(text: str) -> str:
    """Without the control characters that no workbook can hold."""
    return "".join(sign for sign in text if sign.isprintable() or sign == "\n")


def sheet_name(wanted: str, taken: Collection[str]) -> str:
    """A name that Excel takes, as near to the wanted one as can be, and no other sheet's."""
    name = " ".join(printable(wanted).translate(FORBIDDEN).split()).strip("'") or "-"
    used = {one.casefold() for one in taken} | {RESERVED}
    for ending in ["", *(f" {number}" for number in range(2, len(used) + 2))]:
        found = _cut(name, SHEET_NAME - len(ending)) + ending
        if found.casefold() not in used:
            return found
    raise AssertionError("one of the names is free, since there are more of them than are used")


def _cut(text: str, length: int) -> str:
    while len(text.encode("utf-16-le")) > 2 * length:
        text = text[:-1]
    return text.rstrip(" '")
