"""A file's texts to the fields of an entity: its rows, what was refused of them, and what is told of the others."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.connector import ConnectorError
from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.portions import TOTALS, Portions
from pipelines.sources.files.repeats import overruled
from pipelines.sources.files.settings import Feed
from pipelines.sources.files.sheets import Reject, Sheet, fit
from pipelines.spool import Spool
from pipelines.sql import literal


@dataclass
class Mapped:
    """A file's rows as the entity's table has them, its refused rows, and how many rows each filter left out."""

    rows: Iterable[pa.Table]
    rejects: list[Reject]
    counts: Counter[str]  # what left rows out, or '' → how many rows
    left_out: dict[str, int]
    nobodys: int = 0  # rows of persons whose address is none
    partial_orders: int = 0
    overruled: int = 0  # rows that a later one contradicts
    foreign: int = 0  # rows whose amount names another currency


def mapped(sheet: Sheet, feed: Feed, zone: str, file_id: str, feed_name: str) -> Mapped:
    """Apply a feed's mapping to one file; `zone` is where times without an offset are meant.

    Raises `SpansPortions` where a sheet that was read in portions has to be read whole.
    """
    check_columns(sheet, feed)
    with duckdb.connect(":memory:") as connection:
        # In memory only: nothing of a file spills to disk, and a filter reads nothing but its file.
        connection.execute("set temp_directory = ''; set enable_external_access = false")
        connection.execute(f"set timezone = {literal(zone)}")
        portions = Portions(connection, sheet, feed, file_id, feed_name)
        try:
            portions.read()
        except duckdb.Error as error:
            raise ConnectorError(f"does not fit its mapping ({type(error).__name__}).") from None
        portions.persons.check()
        counts = portions.counts
        _check_sum(sheet, portions)
        rows = _Rows(portions.rows, portions.hurt, feed)
        return Mapped(
            rows,
            sorted(sheet.rejects, key=lambda reject: reject.row_number),
            counts,
            {name: counts[name] for name in [*feed.filters, TOTALS] if name in counts},
            portions.nobodys,
            rows.partial_orders(),
            overruled(connection, rows, feed),
            portions.foreign,
        )


def _check_sum(sheet: Sheet, portions: Portions) -> None:
    """Loaded + left out + refused = read."""
    refused = len({reject.row_number for reject in sheet.rejects})
    if portions.rows.rows + refused != sheet.read:
        raise ConnectorError(
            f"holds {sheet.read:,} rows, of which {portions.rows.rows:,} were read and {refused:,} refused: "
            "please report this with the layout of the file."
        )


@dataclass(frozen=True)
class _Rows:
    """The rows that were read, of which those are marked whose order lacks a line that was refused."""

    spool: Spool
    hurt: Any  # ids of orders
    feed: Feed

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self.spool:
            if self.feed.entity == "order_lines" and len(self.hurt):
                is_partial = pc.is_in(table["order_id"], self.hurt)
                # of a row that was left out without an id, nothing is known
                is_partial = pc.if_else(pc.is_valid(table["order_id"]), is_partial, pa.scalar(None, pa.bool_()))
                place = table.schema.get_field_index("is_partial")
                table = table.set_column(place, table.schema.field(place), is_partial)
            yield table

    def partial_orders(self) -> int:
        """How many orders are marked."""
        if self.feed.entity != "order_lines" or not len(self.hurt):
            return 0
        return len({order for table in self for order in table.filter(table["is_partial"])["order_id"].to_pylist()})


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
