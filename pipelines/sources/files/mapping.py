"""A file's texts to the fields of an entity: casts, filters, and the rows that are refused, in one pass of SQL."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from pipelines.connector import ConnectorError
from pipelines.sources.files import casts as sql
from pipelines.sources.files.amounts import AMOUNT, number
from pipelines.sources.files.entities import ENTITIES, Field, columns
from pipelines.sources.files.filling import Places, fill_orders
from pipelines.sources.files.foreign import foreign_amounts
from pipelines.sources.files.persons import nobodys, person_key, with_keys, without_addresses
from pipelines.sources.files.repeats import overruled
from pipelines.sources.files.settings import Feed
from pipelines.sources.files.sheets import TOTAL, Reject, Sheet, fit
from pipelines.sources.files.times import literal, moment

SQL_TYPES = {
    "amount": AMOUNT,
    "count": AMOUNT,
    "of_ten": AMOUNT,
    "flag": "boolean",
    "time": "timestamptz",
    "day": "date",
}
TOTALS = "total lines"  # the filter that needs no declaration
OF_TOTALS = ("spend", "lead_totals")  # whose rows add up, so that a line of their total would count twice


@dataclass(frozen=True)
class Mapped:
    """A file's rows as the entity's table has them, its refused rows, and how many rows each filter left out."""

    rows: pa.Table
    rejects: list[Reject]
    left_out: dict[str, int]
    nobodys: int = 0  # rows of persons whose address is none
    partial_orders: int = 0
    overruled: int = 0  # rows that a later one contradicts
    foreign: int = 0  # rows whose amount names another currency


def mapped(sheet: Sheet, feed: Feed, zone: str, file_id: str, feed_name: str) -> Mapped:
    """Apply a feed's mapping to one file; `zone` is where times without an offset are meant."""
    check_columns(sheet, feed)
    sheet = _with_absent(sheet, feed)
    places = _places(sheet, feed)
    with duckdb.connect(":memory:") as connection:
        # In memory only: nothing of a file spills to disk, and a filter reads nothing but its file.
        connection.execute("set temp_directory = ''; set enable_external_access = false")
        connection.execute(f"set timezone = {literal(zone)}")
        connection.register("sheet", with_keys(sheet, feed, places))
        try:
            fill_orders(connection, feed, places, len(sheet.names))
            _filter(connection, sheet, feed)
            _cast(connection, sheet, feed, places)
            _judge(connection, sheet, feed, places)
        except duckdb.Error as error:
            raise ConnectorError(f"does not fit its mapping ({type(error).__name__}).") from None
        rejects = sorted(sheet.rejects + _rejects(connection, feed), key=lambda reject: reject.row_number)
        rows, foreign = _rows(connection, feed, file_id, feed_name), foreign_amounts(connection, feed)
        partial = "select count(distinct order_id) from judged where not is_refused and order_id in (from hurt)"
        partial_orders = (connection.execute(partial).fetchone() or (0,))[0] if feed.entity == "order_lines" else 0
    counted = rows.group_by("filtered_by").aggregate([([], "count_all")]).to_pylist()
    counts = {found["filtered_by"]: found["count_all"] for found in counted}
    _check_sum(sheet, rows, rejects)
    left_out = {name: counts[name] for name in [*feed.filters, TOTALS] if name in counts}
    told = nobodys(rows, feed), partial_orders, overruled(rows, feed), foreign
    return Mapped(without_addresses(rows, feed), rejects, left_out, *told)


def _check_sum(sheet: Sheet, rows: pa.Table, rejects: list[Reject]) -> None:
    """Loaded + left out + refused = read."""
    refused = len({reject.row_number for reject in rejects})
    if rows.num_rows + refused != sheet.read:
        raise ConnectorError(
            f"holds {sheet.read:,} rows, of which {rows.num_rows:,} were read and {refused:,} refused: "
            "please report this with the layout of the file."
        )


def check_columns(sheet: Sheet, feed: Feed) -> None:
    """Refuse a file that lacks a mapped column, or has it twice."""
    needed = ENTITIES[feed.entity].needed
    absent, twice = [], []
    for name, at in feed.columns.items():
        for names in filter(None, (at.column, at.time)):
            found = [one for one in names if one in sheet.names]
            may_lack = at.optional or (sheet.may_lack and name not in needed)
            if not found and not may_lack:
                absent.append(f"{' or '.join(repr(one) for one in names)} (for {name})")
            twice += [one for one in found[:1] if sheet.names.count(one) > 1]
    if absent and not (sheet.may_lack and not sheet.names):
        has = ", ".join(repr(name) for name in sheet.names)
        is_table = bool(fit(sheet.names, feed)) or bool(feed.skip_rows)
        advice = "" if is_table else " If lines stand above its header, say how many in `skip_rows`."
        raise ConnectorError(f"has no column {', '.join(absent)}; its columns are: {has}.{advice}")
    if twice:
        raise ConnectorError(f"has the column {sorted(twice)[0]!r} more than once: rename one of them.")


def _with_absent(sheet: Sheet, feed: Feed) -> Sheet:
    """The sheet with the mapped columns that no row of it has, as empty ones."""
    wanted = [names for at in feed.columns.values() for names in (at.column, at.time) if names]
    absent = sorted({names[0] for names in wanted if not set(names) & set(sheet.names)})
    table = sheet.table
    for index, _ in enumerate(absent, start=len(sheet.names)):
        table = table.append_column(str(index), pa.nulls(table.num_rows, pa.string()))
    return replace(sheet, names=sheet.names + absent, table=table)


def _places(sheet: Sheet, feed: Feed) -> Places:
    """Which columns of the sheet each field comes from: one, and the one with its time of day."""
    return {
        name: tuple(
            next(sheet.names.index(one) for one in names if one in sheet.names)
            for names in (at.column, at.time)
            if names
        )
        for name, at in feed.columns.items()
    }


def _field_names(feed: Feed) -> list[str]:
    """The mapped fields, in the entity's order."""
    return [name for name in ENTITIES[feed.entity].fields if name in feed.columns or name in feed.constants]


def _time_format(name: str, feed: Feed) -> str | list[str]:
    column = feed.columns.get(name)
    return (column.time_format if column else "") or feed.time_format


# --- the file's own columns ------------------------------------------------------------------------------------------


def _filter(connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed) -> None:
    """`sifted`: for each row the name of the first filter that leaves it out, '' if none does, and what `sql` gives."""
    connection.execute(f"create macro number(cell) as {number('cell', feed)}")
    connection.execute(f"create macro moment(cell) as {moment('cell', feed.time_format)}")
    named: dict[str, str] = {}
    for index, name in enumerate(sheet.names):
        if name:
            cell = sql.trimmed(sql.quoted(str(index)), feed)
            named.setdefault(name.lower(), f"{cell} as {sql.quoted(name)}")
    for name in (name for at in feed.columns.values() for name in at.column + at.time):
        # the other names of a mapped column, so that an expression can ask for any of them
        named.setdefault(name.lower(), f"cast(null as varchar) as {sql.quoted(name)}")
    shown = ", ".join(['row_number as "row number"', *named.values()])
    cases, given = [], []
    for name, expression in feed.filters.items():
        kept = f"try(({expression}\n)::boolean)"
        _try_out(connection, kept, shown, f"the filter {name!r}", sheet)
        cases.append(f"when {kept} is not true then {literal(name)}")
    for name, at in feed.columns.items():
        if at.sql:
            value = f"try(({at.sql}\n)::varchar)"
            _try_out(connection, value, shown, f"the `sql` of {name}", sheet)
            given.append(f", {value} as {sql.quoted(name + ' sql')}")
    filtered_by = f"case {' '.join(cases)} else '' end" if cases else "''"
    connection.execute(
        f'create temp table sifted as select "row number" as row_number, {filtered_by} as filtered_by{"".join(given)} '
        f"from (select {shown} from filled)"
    )


def _try_out(connection: duckdb.DuckDBPyConnection, expression: str, shown: str, whose: str, sheet: Sheet) -> None:
    try:
        connection.execute(f"select {expression} from (select {shown} from filled) limit 0")
    except duckdb.Error as error:
        raise ConnectorError(
            f"does not fit {whose}: {str(error).splitlines()[0]}. Every cell is a text: write number(price) > 0, or "
            f"moment(date) >= '2025-01-01'. The columns are: {', '.join(repr(column) for column in sheet.names)}."
        ) from None


# --- casts -----------------------------------------------------------------------------------------------------------


def _cast(connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed, places: Places) -> None:
    """`typed`: every mapped field's text, and its value, which is null where the text does not fit."""
    fields = ENTITIES[feed.entity].fields
    texts, values = [], []
    for name in _field_names(feed):
        from_file = places.get(name, ())
        is_constant = name not in feed.columns
        is_native = is_constant or (bool(from_file) and sheet.native.issuperset(from_file))
        is_typed = is_constant or (bool(from_file) and sheet.typed.issuperset(from_file))
        text = sql.quoted(f"{name} text")
        texts.append(f"{_text(name, fields[name], feed, from_file)} as {text}")
        value = sql.value(fields[name], text, feed, _time_format(name, feed), is_native, is_typed)
        values.append(f"{value} as {sql.quoted(name)}")
    inner = (
        f"select row_number, filtered_by, {_is_total(sheet, feed, places)} as is_total, {', '.join(texts)} "
        "from filled join sifted using (row_number)"
    )
    connection.execute(f"create temp table typed as select *, {', '.join(values)} from ({inner})")


def _is_total(sheet: Sheet, feed: Feed, places: Places) -> str:
    """Whether the first cell of a row says that it is a total; of figures that add up, also a campaign or a list."""
    names = [str(index) for index in range(len(sheet.names))]
    said = [f"coalesce({', '.join(sql.trimmed(sql.quoted(name), feed) for name in names)})"] if names else []
    if feed.entity in OF_TOTALS:
        fields = ENTITIES[feed.entity].fields
        named = [str(places[name][0]) for name, field in fields.items() if field.holds == "text" and name in places]
        said += [sql.trimmed(sql.quoted(name), feed) for name in named]
    found = [f"coalesce(regexp_full_match({cell}, {literal(f'(?i){TOTAL}')}), false)" for cell in said]
    return " or ".join(found) or "false"


def _text(name: str, field: Field, feed: Feed, from_file: tuple[int, ...]) -> str:
    column = feed.columns.get(name)
    if field.holds in ("address", "person"):
        key = sql.quoted(f"{name} key") if column else literal(person_key(feed.constants[name], field.holds))
        return key if field.holds == "person" or name in ENTITIES[feed.entity].needed else f"coalesce({key}, '')"
    if column is None:
        return literal(feed.constants[name])
    if column.sql:
        return sql.text(sql.quoted(f"{name} sql"), column, feed)
    day, *time = (sql.quoted(str(place)) for place in from_file)
    if time:
        day = f"concat_ws(' ', {sql.trimmed(day, feed)}, {sql.trimmed(time[0], feed)})"
    return sql.text(day, column, feed)


def _faults(feed: Feed) -> dict[str, str]:
    """For each field that can be at fault, the condition under which it is."""
    entity = ENTITIES[feed.entity]
    faults = {}
    for name in _field_names(feed):
        text, value = sql.quoted(f"{name} text"), sql.quoted(name)
        faults[name] = f"{text} is null" if entity.fields[name].required else "false"
        faults[name] += f" or ({text} is not null and {value} is null)"
    for group in entity.one_of:
        one_of = [name for name in group if name in faults]
        all_empty = " and ".join(f"{sql.quoted(name + ' text')} is null" for name in one_of)
        faults[one_of[0]] += f" or ({all_empty})"
    return faults


def _judge(connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed, places: Places) -> None:
    """`judged`: what is left out, what is refused, and which orders lack a line that was refused.

    A row that a filter leaves out is refused for nothing. A line of totals is no row where it would be refused, or
    would add up with the others.
    """
    faulty = " or ".join(f"({fault})" for fault in _faults(feed).values())
    totals = "is_total" if feed.entity in OF_TOTALS else f"is_total and ({faulty})"
    filtered_by = f"case when filtered_by = '' and {totals} then {literal(TOTALS)} else filtered_by end"
    connection.execute(
        f"create temp table judged as select *, kept_out != '' as is_out, kept_out = '' and ({faulty}) as is_refused "
        f"from (select *, {filtered_by} as kept_out from typed)"
    )
    if feed.entity != "order_lines":
        return
    order = places.get("order_id")
    connection.execute(
        "create temp table hurt as select order_id from judged where is_refused and order_id is not null"
    )
    if order and sheet.broken:
        ids = list(_broken_orders(sheet, order[0]))
        connection.execute("insert into hurt select unnest(?::varchar[])", [ids])


def _broken_orders(sheet: Sheet, place: int) -> Iterator[str]:
    for cells in sheet.broken.values():
        if place < len(cells) and cells[place].strip():
            yield cells[place].strip()


def _rejects(connection: duckdb.DuckDBPyConnection, feed: Feed) -> list[Reject]:
    found = []
    for name, fault in _faults(feed).items():
        field = ENTITIES[feed.entity].fields[name]
        query = f"select row_number, {sql.quoted(name + ' text')} from judged where is_refused and ({fault})"
        for number_of_row, text in connection.execute(query).fetchall():
            found.append(Reject(number_of_row, name, sql.reason(field, text, feed, _time_format(name, feed))))
    return found


def _rows(connection: duckdb.DuckDBPyConnection, feed: Feed, file_id: str, feed_name: str) -> pa.Table:
    fields = ENTITIES[feed.entity].fields
    mapped_fields = _field_names(feed)
    selected = [f"{literal(file_id)} as file_id", f"{literal(feed_name)} as feed", "row_number"]
    selected.append("kept_out as filtered_by")
    for name, field in fields.items():
        absent = "'product'" if field.holds == "line_kind" else "null"
        value = sql.quoted(name) if name in mapped_fields else absent
        selected.append(f"cast({value} as {SQL_TYPES.get(field.holds, 'varchar')}) as {sql.quoted(name)}")
    if feed.entity == "order_lines":
        selected.append("order_id in (from hurt) as is_partial")
    found = connection.execute(f"select {', '.join(selected)} from judged where not is_refused order by row_number")
    return found.to_arrow_table().cast(columns(feed.entity))
