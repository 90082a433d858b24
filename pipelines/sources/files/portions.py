"""A sheet's portions of rows through the same statements: filters, casts, and which rows are refused, in SQL."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connector import ConnectorError
from pipelines.sources.files import casts as sql
from pipelines.sources.files.amounts import AMOUNT, AROUND, number
from pipelines.sources.files.entities import ENTITIES, Field, columns
from pipelines.sources.files.filling import Orders, Places
from pipelines.sources.files.foreign import foreign_amounts
from pipelines.sources.files.persons import Persons, nobodys, person_key
from pipelines.sources.files.settings import Feed
from pipelines.sources.files.sheets import PORTION_ROWS, TOTAL, Reject, Sheet
from pipelines.sources.files.times import instant, within_years
from pipelines.spool import Spool
from pipelines.sql import literal, seen_as

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


def _absent(sheet: Sheet, feed: Feed) -> list[str]:
    """The mapped columns that no row of a sheet has, which are empty then."""
    wanted = [names for at in feed.columns.values() for names in (at.column, at.time) if names]
    return sorted({names[0] for names in wanted if not set(names) & set(sheet.names)})


def _places(columns: list[str], feed: Feed) -> Places:
    """Which columns of the sheet each field comes from: one, and the one with its time of day."""
    return {
        name: tuple(
            next(columns.index(one) for one in names if one in columns) for names in (at.column, at.time) if names
        )
        for name, at in feed.columns.items()
    }


def _field_names(feed: Feed) -> list[str]:
    """The mapped fields, in the entity's order."""
    return [name for name in ENTITIES[feed.entity].fields if name in feed.columns or name in feed.constants]


def _time_format(name: str, feed: Feed) -> str | list[str]:
    column = feed.columns.get(name)
    return (column.time_format if column else "") or feed.time_format


class Portions:
    """A sheet's portions of rows, one after the other through the same statements."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, sheet: Sheet, feed: Feed, file_id: str, feed_name: str
    ) -> None:
        self.connection = connection
        self.sheet = sheet
        self.feed = feed
        self.names = sheet.names + _absent(sheet, feed)
        self.places = _places(self.names, feed)
        self.persons = Persons(feed, self.places)
        self.orders = Orders(connection, feed, self.places, len(self.names))
        self.is_sifted = bool(feed.filters) or any(at.sql for at in feed.columns.values())
        self.selected = self._selected(file_id, feed_name)
        self.rows = Spool(PORTION_ROWS)
        self.hurt: Any = pa.array([], pa.string())
        self.counts: Counter[str] = Counter()
        self.nobodys = self.foreign = 0

    def read(self) -> None:
        """All of them."""
        tables = iter(self.sheet.tables)
        first = next(tables)
        second = next(tables, None)
        self._read(first, is_first=True, is_whole=second is None)
        del first
        while second is not None:
            self._read(second)
            second = next(tables, None)
        self.orders.check_noted()
        if self.feed.entity == "order_lines" and "order_id" in self.places:
            broken = pa.array(_broken_orders(self.sheet, self.places["order_id"][0]), pa.string())
            self._note_hurt(broken)

    def _read(self, table: pa.Table, is_first: bool = False, is_whole: bool = False) -> None:
        for index in range(len(self.sheet.names), len(self.names)):
            table = table.append_column(str(index), pa.nulls(table.num_rows, pa.string()))
        table = trimmed(self.persons.with_keys(table), len(self.names), self.feed)
        with seen_as(self.connection, sheet=table):
            if is_whole:
                self.orders.fill()
            else:
                self.orders.note(table)
            if is_first:
                if not is_whole:
                    self.orders.pass_on()
                self._declare()
            if self.is_sifted:
                self.connection.execute("create or replace temp table sifted as from sifting")
            order = " order by row_number" if self.is_sifted or is_whole else ""
            found = self.connection.execute(f"select {self.selected} from judged{order}").to_arrow_table()
            if pc.any(found["is_refused"]).as_py():
                self._refuse()
                found = found.filter(pc.invert(found["is_refused"]))
            self.foreign += foreign_amounts(self.connection, self.feed, self.places, table)
        rows = found.drop_columns(["is_refused"]).cast(columns(self.feed.entity))
        self.nobodys += nobodys(rows, self.feed)
        for counted in rows.group_by("filtered_by").aggregate([([], "count_all")]).to_pylist():
            self.counts[counted["filtered_by"]] += counted["count_all"]
        self.rows.add(self.persons.without_addresses(rows))

    def _refuse(self) -> None:
        """Keep which rows are refused, and why, and which orders they are of."""
        self.connection.execute("create or replace temp table refused as from judged where is_refused")
        for name, fault in _faults(self.feed).items():
            field = ENTITIES[self.feed.entity].fields[name]
            query = f"select row_number, {sql.quoted(name + ' text')} from refused where {fault}"
            for number_of_row, text in self.connection.execute(query).fetchall():
                said = sql.reason(field, text, self.feed, _time_format(name, self.feed))
                self.sheet.rejects.append(Reject(number_of_row, name, said))
        if self.feed.entity == "order_lines":
            query = "select order_id from refused where order_id is not null"
            self._note_hurt(self.connection.execute(query).to_arrow_table()["order_id"])

    def _note_hurt(self, orders: Any) -> None:
        """Note orders of which a line was refused, by their ids as rows have them."""
        hidden = self.persons.hidden(pc.unique(orders))
        self.hurt = pa.concat_arrays([self.hurt, hidden]).unique()

    def _declare(self) -> None:
        """The statements by which each portion goes."""
        sift(self.connection, self.names, self.feed)
        self.connection.execute(f"create temp view judged as {self._judged()}")

    def _judged(self) -> str:
        """Every row with its texts and values, what leaves it out and whether it is refused, a step at a time.

        A row that a filter leaves out is refused for nothing. A line of totals is no row where it would be refused, or
        would add up with the others.
        """
        fields = ENTITIES[self.feed.entity].fields
        names = _field_names(self.feed)
        texts, found, values = [], [], []
        for name in names:
            from_file = self.places.get(name, ())
            is_constant = name not in self.feed.columns
            is_native = is_constant or (bool(from_file) and self.sheet.native.issuperset(from_file))
            is_typed = is_constant or (bool(from_file) and self.sheet.typed.issuperset(from_file))
            text, read = sql.quoted(f"{name} text"), sql.quoted(f"{name} found")
            texts.append(f"{_text(name, fields[name], self.feed, from_file)} as {text}")
            said = sql.found(fields[name], text, self.feed, _time_format(name, self.feed), is_native, is_typed)
            found.append(f"{said} as {read}")
            values.append(f"{sql.value(fields[name], read)} as {sql.quoted(name)}")
        faulty = " or ".join(f"({fault})" for fault in _faults(self.feed).values())
        is_total = f"when {_is_total(self.names, self.feed, self.places)} then {literal(TOTALS)} else '' end"
        ok = "" if self.feed.entity in OF_TOTALS else "when not is_faulty then '' "
        source = (
            "filled join sifted using (row_number)" if self.is_sifted else "(select *, '' as filtered_by from filled)"
        )
        steps = (
            f"*, {', '.join(texts)}",
            f"*, {', '.join(found)}",
            f"*, {', '.join(values)}",
            f"*, {faulty} as is_faulty",
            f"*, case when filtered_by != '' then filtered_by {ok}{is_total} as kept_out",
            "*, kept_out != '' as is_out, kept_out = '' and is_faulty as is_refused",
        )
        for step in steps:
            source = f"(select {step} from {source})"
        return f"from {source}"

    def _selected(self, file_id: str, feed_name: str) -> str:
        """The columns of the entity's table, and what is asked of each row beside."""
        mapped_fields = _field_names(self.feed)
        selected = [f"{literal(file_id)} as file_id", f"{literal(feed_name)} as feed", "row_number"]
        selected.append("kept_out as filtered_by")
        for name, field in ENTITIES[self.feed.entity].fields.items():
            absent = "'product'" if field.holds == "line_kind" else "null"
            value = sql.quoted(name) if name in mapped_fields else absent
            selected.append(f"cast({value} as {SQL_TYPES.get(field.holds, 'varchar')}) as {sql.quoted(name)}")
        if self.feed.entity == "order_lines":
            selected.append("false as is_partial")
        return ", ".join([*selected, "is_refused"])


def trimmed(table: pa.Table, width: int, feed: Feed) -> pa.Table:
    """The cells without what surrounds them, null where nothing is left or what the feed calls empty."""
    nothing = pa.array(["", *feed.empty])
    for place in range(width):
        cells: Any = pc.utf8_trim(table[str(place)], characters=AROUND)
        is_nothing = pc.is_in(cells, nothing)
        if pc.any(is_nothing).as_py():
            cells = pc.if_else(is_nothing, pa.scalar(None, pa.string()), cells)
        at = table.schema.get_field_index(str(place))
        table = table.set_column(at, str(place), cells)
    return table


# --- the file's own columns ------------------------------------------------------------------------------------------


def sift(connection: duckdb.DuckDBPyConnection, names: list[str], feed: Feed) -> None:
    """`sifting`: for each row the first filter that leaves it out, '' if none does, and what `sql` gives."""
    connection.execute(f"create macro number(cell) as {number('cell', feed)}")
    connection.execute(f"create macro moment(cell) as {within_years(instant('cell', feed.time_format))}")
    named: dict[str, str] = {}
    for index, name in enumerate(names):
        if name:
            named.setdefault(name.lower(), f"{sql.quoted(str(index))} as {sql.quoted(name)}")
    for name in (name for at in feed.columns.values() for name in at.column + at.time):
        # the other names of a mapped column, so that an expression can ask for any of them
        named.setdefault(name.lower(), f"cast(null as varchar) as {sql.quoted(name)}")
    shown = ", ".join(['row_number as "row number"', *named.values()])
    cases, given = [], []
    for name, expression in feed.filters.items():
        kept = f"try(({expression}\n)::boolean)"
        _try_out(connection, kept, shown, f"the filter {name!r}", names)
        cases.append(f"when {kept} is not true then {literal(name)}")
    for name, at in feed.columns.items():
        if at.sql:
            value = f"try(({at.sql}\n)::varchar)"
            _try_out(connection, value, shown, f"the `sql` of {name}", names)
            given.append(f", {value} as {sql.quoted(name + ' sql')}")
    filtered_by = f"case {' '.join(cases)} else '' end" if cases else "''"
    sifting = f'select "row number" as row_number, {filtered_by} as filtered_by{"".join(given)} '
    connection.execute(f"create temp view sifting as {sifting} from (select {shown} from filled)")
    connection.execute("create temp table sifted as from sifting limit 0")


def _try_out(connection: duckdb.DuckDBPyConnection, expression: str, shown: str, whose: str, names: list[str]) -> None:
    try:
        connection.execute(f"select {expression} from (select {shown} from filled) limit 0")
    except duckdb.Error as error:
        raise ConnectorError(
            f"does not fit {whose}: {str(error).splitlines()[0]}. Every cell is a text: write number(price) > 0, or "
            f"moment(date) >= '2025-01-01'. The columns are: {', '.join(repr(column) for column in names)}."
        ) from None


# --- casts -----------------------------------------------------------------------------------------------------------


def _is_total(columns: list[str], feed: Feed, places: Places) -> str:
    """Whether the first cell of a row says that it is a total; of figures that add up, also a campaign or a list."""
    names = [str(index) for index in range(len(columns))]
    said = [f"coalesce({', '.join(sql.quoted(name) for name in names)})"] if names else []
    if feed.entity in OF_TOTALS:
        fields = ENTITIES[feed.entity].fields
        named = [str(places[name][0]) for name, field in fields.items() if field.holds == "text" and name in places]
        said += [sql.quoted(name) for name in named]
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
        return sql.text(sql.trimmed(sql.quoted(f"{name} sql"), feed), column)
    day, *time = (sql.quoted(str(place)) for place in from_file)
    if time:
        day = sql.trimmed(f"concat_ws(' ', {day}, {time[0]})", feed)
    return sql.text(day, column)


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


def _broken_orders(sheet: Sheet, place: int) -> Iterator[str]:
    for cells in sheet.broken.values():
        if place < len(cells) and cells[place].strip():
            yield cells[place].strip()
