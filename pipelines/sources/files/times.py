"""Formats of time in files, as SQL (DuckDB) reads them."""

from pipelines.casts import FIRST_YEAR, LAST_YEAR
from pipelines.sql import literal

EPOCHS = {"unix": 1, "unix_ms": 1_000}  # a time as seconds or milliseconds since 1970
EXCEL = "excel"  # days since the end of 1899, as spreadsheets hold a date that is shown as a number

# What ISO 8601 allows, or exports write, and DuckDB does not take: each with what it takes.
TIDIED = (
    (r"^(\d{4})(\d{2})(\d{2})($|[T ])", r"\1-\2-\3\4"),  # 20240305
    (r"^(\S{10}[T ]\d{2})(\d{2})(\d{2}(?:[.]\d+)?)($| |Z|[+-])", r"\1:\2:\3\4"),  # T142210
    (r"^(\S{10}[T ]\d{2})(\d{2})( ?(?:Z|[+-]\S+)?)$", r"\1:\2\3"),  # T1422
    (r"^(.+:\d{2}(?:[.]\d+)?) (Z|[+-]\d{2}(?::?\d{2})?)$", r"\1\2"),  # 14:22:10 +0100
    (r"^(\S+[T ]\d{1,2}:\d{2})(Z|[+-]\d{2}(?::?\d{2})?)$", r"\1:00\2"),  # 14:22+01:00
)


def parsed_time(cell: str, time_format: str) -> str:
    """An instant of one format: `unix`, `unix_ms`, `excel`, strptime's, or ISO 8601 where it is empty."""
    if time_format in EPOCHS:
        return f"try(to_timestamp(try_cast({cell} as double) / {EPOCHS[time_format]}))"
    if time_format == EXCEL:
        seconds = f"try_cast(round(try_cast({cell} as double) * 86400) as bigint)"
        return f"try(cast(timestamp '1899-12-30' + to_seconds({seconds}) as timestamptz))"
    if time_format:
        return f"cast(try_strptime({cell}, {literal(time_format)}) as timestamptz)"
    tidied = cell
    for pattern, tidy in TIDIED:
        tidied = f"regexp_replace({tidied}, {literal(pattern)}, {literal(tidy)})"
    read = f"coalesce(try_cast({cell} as timestamptz), try_cast({tidied} as timestamptz))"
    # a year begins with 1 or 2: DuckDB also takes `epoch`, `infinity` and years before Christ
    return f"case when {cell} >= '1' and {cell} < '3' then {read} end"


def instant(cell: str, time_format: str | list[str], is_typed: bool = False) -> str:
    """An instant, by the first format that fits; without an offset it is meant in the session's time zone."""
    formats = [time_format] if isinstance(time_format, str) else time_format
    return f"coalesce({', '.join(parsed_time(cell, form) for form in [*formats, *([''] if is_typed else [])])})"


def within_years(found: str) -> str:
    """An instant, null where it is a mistake."""
    return f"case when year({found}) between {FIRST_YEAR} and {LAST_YEAR} then {found} end"
