"""A file that is mapped in portions of rows gives what it gives whole; one that cannot be is read whole."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.connector import ConnectorError
from pipelines.sources.files import casts, filling, mapping, portions, reading, sheets
from pipelines.sources.files.amounts import AROUND
from pipelines.sources.files.places import Content
from pipelines.sources.files.settings import Feed
from tests.pipelines.files_feeds import feed, pull, query, rejects

HEADER = "order;day;email;item;units;price;note"
CELLS = (
    ("1", "2", "2.0", " 2 ", "1.5E+12", "", "ada@example.com"),
    ("2026-03-02", "2026-10-25 02:30", "20260302T1422", "2.3.26", "1969-12-31", ""),
    ("ada@example.com", " Ada@Example.com\u200b", "nobody", ""),
    ("Pen", "ada@example.com", "Total", "e\u0301", ""),
    ("1", "2.50", "1,234", "(3)", "12 USD", "x", "nan", ""),
    ("1", "2.50", "1e3", "٣", "5-", ""),
    ("", "a", "b"),
)
PLAIN = st.tuples(*(st.sampled_from(cells[:2]) for cells in CELLS))
ANY = st.tuples(*(st.sampled_from(cells) for cells in CELLS))
FILTERS = {"noted": "note is not null", "priced": "number(price) > 1"}
MORE: tuple[dict[str, Any], ...] = ({}, {"fill_down": True}, {"filters": FILTERS})


def read(text: str, said: Feed, portion: int) -> Any:
    """All that a file's rows are mapped to, in portions of so many rows, and whether it was read whole for it."""
    with patch.object(sheets, "PORTION_ROWS", portion):
        for is_whole in (False, True):
            sheet = reading.read(Content(text.encode()), "csv", said, None, is_whole)
            try:
                found = mapping.mapped(sheet, said, "Europe/Paris", "sales/a.csv", "sales")
            except filling.SpansPortions:
                continue
            except ConnectorError as error:
                return str(error)
            rows = [row for table in found.rows for row in table.to_pylist()]
            told = found.left_out, found.nobodys, found.partial_orders, found.foreign
            return rows, {str(reject) for reject in found.rejects}, told
    raise AssertionError


@given(rows=st.lists(st.one_of(PLAIN, ANY), max_size=9), more=st.sampled_from(MORE), block=st.sampled_from((10, 60)))
@settings(max_examples=12)
def test_portions_give_what_the_whole_file_gives(rows: list[tuple[str, ...]], more: dict[str, Any], block: int) -> None:
    said = Feed.model_validate(feed("a.csv", **more))
    text = "\n".join([HEADER, *(";".join(row) for row in rows), ""])
    with patch("pipelines.sources.files.blocks.BLOCK_CHARACTERS", block):
        assert read(text, said, 2) == read(text, said, 1_000)


@given(st.lists(st.text(alphabet=[*AROUND, "a", "é", "\u00ad", "\x0b", "\u3000"], max_size=4), max_size=20))
@settings(max_examples=100)
def test_cells_are_trimmed_as_texts_are_in_sql(cells: list[str]) -> None:
    said = Feed.model_validate(feed("a.csv", empty=["a"]))
    table = pa.table({"0": pa.array(cells, pa.string())})
    with duckdb.connect() as connection:
        connection.register("sheet", table)
        found = connection.execute(f"select {casts.trimmed(chr(34) + '0' + chr(34), said)} from sheet").fetchall()
    assert portions.trimmed(table, 1, said)["0"].to_pylist() == [cell for (cell,) in found]


def test_an_order_that_is_told_on_a_line_of_another_portion_is_filled(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("order,day,units,price\nA,2026-03-02,1,2\nB,2026-03-03,1,3\nA,,1,4\n")
    columns = {"order_id": "order", "paid_at": "day", "quantity": "units", "unit_price": "price"}
    with patch.object(sheets, "PORTION_ROWS", 1), patch("pipelines.sources.files.blocks.BLOCK_CHARACTERS", 5):
        pull(tmp_path, sales=feed(tmp_path / "a.csv", columns=columns, time_zone="UTC"))
    assert query(
        tmp_path, "select order_id, paid_at::date::varchar from raw_files.order_lines order by row_number"
    ) == [
        ("A", "2026-03-02"),
        ("B", "2026-03-03"),
        ("A", "2026-03-02"),
    ]
    assert rejects(tmp_path) == []


@pytest.mark.parametrize("bad", ["A,2026-03-02,x,4\n", "A,2026-03-02,1\n"])
def test_a_refused_line_marks_its_order_in_all_portions(tmp_path: Path, bad: str) -> None:
    (tmp_path / "a.csv").write_text("order,day,units,price\nA,2026-03-02,1,2\nB,2026-03-03,1,3\n" + bad)
    columns = {"order_id": "order", "paid_at": "day", "quantity": "units", "unit_price": "price"}
    with patch.object(sheets, "PORTION_ROWS", 1), patch("pipelines.sources.files.blocks.BLOCK_CHARACTERS", 5):
        result = pull(tmp_path, sales=feed(tmp_path / "a.csv", columns=columns))
    assert query(tmp_path, "select order_id, is_partial from raw_files.order_lines order by row_number") == [
        ("A", True),
        ("B", False),
    ]
    assert "files: 1 orders of sales/a.csv have a refused line, and so no value" in result.warnings
