"""What a load leaves out because it is stored already makes no difference to what is stored afterwards."""

from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines import changes
from pipelines.connector import Table, columns

Row = tuple[Any, ...]

REPORT = Table(
    columns("account", "kind", day=pa.date32(), clicks=pa.int64()),
    ("account", "day", "kind"),
    "slices",
    1,
    ("account",),
)
LIST = Table(columns("id", "name", changed=pa.int64()), ("id",), "entities", 1)
VERSIONS = Table(columns("id", "name", changed=pa.int64()), ("id",), "entities", 1, newest_by="changed")

few = st.sampled_from
reports = st.lists(
    st.tuples(few("ab"), few("xyz"), st.none(), few([None, 1, 2])), unique_by=lambda row: row[:2], max_size=6
)
entities = st.lists(st.tuples(few("abc"), few(["x", "y", None]), few([1, 2])), unique_by=lambda row: row[0], max_size=3)
versions = st.lists(
    st.tuples(few("abc"), few(["x", "y", None]), few([1, 2, 3])), unique_by=lambda row: (row[0], row[2]), max_size=6
)


def arrow(table: Table, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(table.columns.names, row, strict=True)) for row in rows], schema=table.columns
    )


def only(table: Table, stored: list[Row], came: list[Row], deleted: list[Row]) -> tuple[list[Row], list[Row]]:
    with duckdb.connect() as connection:
        connection.execute("create schema raw_shop")
        connection.register("before", arrow(table, stored))
        connection.execute("create table raw_shop.things as from before")
        found = changes.only(connection, "shop", "things", table, arrow(table, came), arrow(table, deleted))
    left, gone = ([tuple(row.values()) for row in part.to_pylist()] for part in found)
    return left, gone


@given(reports, reports, st.lists(few("ab"), unique=True))
def test_slices_that_are_stored_as_they_came_are_left_out_alone(
    stored: list[Row], came: list[Row], asked: list[str]
) -> None:
    came = [row for row in came if row[0] in asked]
    rows, gone = only(REPORT, stored, came, [(account, "", None, None) for account in asked])
    slices = {row[0] for row in gone}
    kept = [row for row in stored if row[0] not in slices]
    assert sorted(kept + rows, key=str) == sorted([row for row in stored if row[0] not in asked] + came, key=str)
    for account in asked:
        before, after = ({row for row in some if row[0] == account} for some in (stored, came))
        assert (account in slices) == (before != after)


@given(entities, entities)
def test_rows_that_are_stored_as_they_came_are_left_out_alone(stored: list[Row], came: list[Row]) -> None:
    rows, _ = only(LIST, stored, came, [])
    assert sorted(rows, key=str) == sorted(set(came) - set(stored), key=str)


@given(entities, versions)
def test_of_several_versions_the_newest_is_compared(stored: list[Row], came: list[Row]) -> None:
    newest = {row[0]: row for row in sorted(came, key=lambda row: row[2])}
    rows, _ = only(VERSIONS, stored, came, [])
    assert sorted(rows, key=str) == sorted(set(newest.values()) - set(stored), key=str)
