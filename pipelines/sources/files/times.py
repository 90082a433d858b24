"""Formats of time in files, as SQL (DuckDB) reads them."""

# ISO 8601 allows a time of hours and minutes with an offset, DuckDB does not.
WITHOUT_SECONDS = r"^(\S+[T ]\d{1,2}:\d{2}) ?(Z|[+-]\d{2}(:?\d{2})?)$"
EPOCHS = {"unix": 1, "unix_ms": 1_000}  # a time as seconds or milliseconds since 1970


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def parsed_time(cell: str, time_format: str) -> str:
    """An instant of one format: `unix`, `unix_ms`, strptime's, or ISO 8601 where it is empty."""
    if time_format in EPOCHS:
        return f"try(to_timestamp(try_cast({cell} as double) / {EPOCHS[time_format]}))"
    if time_format:
        return f"cast(try_strptime({cell}, {literal(time_format)}) as timestamptz)"
    return rf"try_cast(regexp_replace({cell}, {literal(WITHOUT_SECONDS)}, '\1:00\2') as timestamptz)"
