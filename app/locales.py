"""Numbers and dates as people read them, in French and in English: what a value looks like is decided here alone.

Nothing is computed but what display needs: halves are rounded away from zero, a rate is shown as a percentage.
"""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision
from babel.units import format_unit

from app.words import LANGUAGES, word
from pipelines.currencies import CURRENCIES

LOCALES = {"fr": Locale("fr"), "en": Locale("en", "GB")}  # of Britain: the day stands before the month
NOTHING = "–"
MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"  # a number is not parted from its unit
POINTS = ("rate", "points")  # what itself stands on a scale of a hundred changes by points of it
WHOLE_FROM = Decimal(10)  # percent; a smaller change is told with a decimal

__all__ = ["LANGUAGES", "NOTHING", "change_text", "day_text", "instant_text", "period_text", "value_text"]


def value_text(value: float | Decimal | None, unit: str, language: str) -> str:
    """A value with its unit, one of those of `kpi_values`."""
    if value is None:
        return NOTHING
    exact, locale = Decimal(str(value)), LOCALES[language]
    if unit == "rate":
        return _signed(format_percent(_rounded(exact, 3), _decimals(locale.percent_formats[None].pattern, 1), locale))
    if unit in CURRENCIES:
        return _signed(format_currency(_rounded(exact, get_currency_precision(unit)), unit, locale=locale))
    if unit == "seconds":
        return _duration(exact)
    if unit == "days":
        days = format_unit(_rounded(exact, 1), "duration-day", "long", _decimals("#,##0", 1), locale)
        return _signed(days.replace(" ", SPACE))
    if unit == "count":
        return _number(exact, 0 if exact == exact.to_integral_value() else 1, language)
    if unit == "points":
        return f"{_number(exact, 1, language)}{SPACE}{word('points', language)}"
    return f"{_number(exact, 2, language)}{SPACE}{word(unit, language)}"


def change_text(change: float | None, change_share: float | None, unit: str, language: str) -> str:
    """A change with its sign: of what is a rate or a score by points, of all else by its share.

    Where the share is not known, since there was nothing before, it is the change itself.
    """
    if change is None:
        return NOTHING
    exact, locale = Decimal(str(change)), LOCALES[language]
    sign = "+" if exact > 0 else MINUS if exact < 0 else ""
    if unit in POINTS:
        points = abs(exact) * (100 if unit == "rate" else 1)
        return f"{sign}{_number(points, 1, language)}{SPACE}{word('point', language)}"
    if change_share is None:
        return sign + value_text(abs(exact), unit, language)
    share = abs(Decimal(str(change_share)))
    places = 0 if share * 100 >= WHOLE_FROM else 1
    pattern = _decimals(locale.percent_formats[None].pattern, places)
    return sign + format_percent(_rounded(share, places + 2), pattern, locale)


def period_text(grain: str, period_start: date, language: str) -> str:
    """The name of a period."""
    if grain == "day":
        return format_date(period_start, f"EEEE {_day(period_start, language)} MMMM y", LOCALES[language])
    if grain == "week":
        return f"{word('week of', language)} {day_text(period_start, language)}"
    pattern = {"month": "LLLL y", "quarter": "QQQ y", "year": "y"}[grain]
    return format_date(period_start, pattern, LOCALES[language])


def day_text(day: date, language: str) -> str:
    """A day without its weekday."""
    return format_date(day, f"{_day(day, language)} MMMM y", LOCALES[language])


def instant_text(instant: datetime, zone: str, language: str) -> str:
    """An instant in a zone, whose city is named."""
    local = instant.astimezone(ZoneInfo(zone))
    city = zone.rpartition("/")[2].replace("_", " ")
    time = format_datetime(local, "HH:mm", locale=LOCALES[language])
    return f"{day_text(local.date(), language)} {word('at', language)} {time} ({city})"


def _day(day: date, language: str) -> str:
    """The pattern of a day of the month: the first one has a name of its own in French."""
    return "d'er'" if language == "fr" and day.day == 1 else "d"


def _rounded(exact: Decimal, places: int) -> Decimal:
    """Halves away from zero, as people round; what is rounded to zero has no sign."""
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0


def _decimals(pattern: str, places: int) -> str:
    """A locale's pattern with that many decimals, also where they are zeros."""
    return pattern.replace("#,##0", "#,##0." + "0" * places if places else "#,##0")


def _number(exact: Decimal, places: int, language: str) -> str:
    return _signed(format_decimal(_rounded(exact, places), _decimals("#,##0", places), LOCALES[language]))


def _signed(text: str) -> str:
    return text.replace("-", MINUS)


def _duration(exact: Decimal) -> str:
    """Hours, minutes and seconds; the symbols are those of the SI, the same in both languages."""
    seconds = int(_rounded(abs(exact), 0))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = (
        [f"{hours} h", f"{minutes} min"]
        if hours
        else [f"{minutes} min", f"{seconds} s"]
        if minutes
        else [f"{seconds} s"]
    )
    return (MINUS if exact < 0 else "") + " ".join(parts).replace(" ", SPACE)
