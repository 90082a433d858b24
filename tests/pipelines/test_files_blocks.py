"""A CSV that is read a block at a time is what it is cell by cell, whatever it holds."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.connector import ConnectorError
from pipelines.sources.files import blocks, text_reading
from pipelines.sources.files.places import Content
from pipelines.sources.files.settings import Feed
from tests.pipelines.files_feeds import feed

COLUMNS = {"order_id": "a", "paid_at": "b", "quantity": "c", "unit_price": "c"}
FEED = Feed.model_validate(feed("a.csv", columns=COLUMNS))
CELLS = (
    *(
        "1",
        "x y",
        "",
        " ",
        "\u00a0",
        "é",
        '"q"',
        '"a,b"',
        '"a;b"',
        '""',
        '"say ""hi"""',
        '"two\nlines"',
        '"',
        '12" vinyl',
    ),
    *('"a"b', "\t", "\ufeff", "\u200b", "\u2028", "\x0b", "\x1c", "\0", "😀", "Total", "'", "\\", '\\"'),
)
ROWS = st.lists(st.sampled_from(CELLS), min_size=0, max_size=4)
ENDS = st.sampled_from(("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\r\r\n"))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A table under its header: mostly plain, with some of all that is not."""
    delimiter = draw(st.sampled_from((",", ";")))
    lines = [f"a{delimiter}b{delimiter}c"]
    for cells in draw(
        st.lists(st.one_of(st.just(["1", "2", "3"]), st.just(['"1"', '"2,""x"""', "3"]), ROWS), max_size=12)
    ):
        lines.append(delimiter.join(cells))
    text = "".join(line + draw(ENDS) for line in lines)
    return text if draw(st.booleans()) else text.rstrip("\r\n")


def read(text: str, block: int | None) -> Any:
    """What a text is read as, in blocks of so many characters; without, cell by cell."""
    split = blocks.plain_rows if block else lambda *_: None
    with patch.object(blocks, "BLOCK_CHARACTERS", block or 100), patch.object(text_reading, "plain_rows", split):
        try:
            sheet = text_reading.read_csv(Content(text.encode()), FEED, None, True)
            (table,) = sheet.tables
        except ConnectorError as error:
            return str(error)
    return sheet.names, table.to_pydict(), sheet.rejects, sheet.read, sheet.broken


@given(text=texts(), block=st.sampled_from((1, 7, 20, 60, 10_000)))
@settings(max_examples=600)
def test_blocks_are_read_as_their_cells_are(text: str, block: int) -> None:
    assert read(text, block) == read(text, None)


@pytest.mark.parametrize(
    ("block", "is_plain"),
    [
        ("1,2,3\n4,5,6\n", True),
        ('1,"2,x",3\r\n"4","say ""five""",\r\n', True),
        ('1,2,3\n4,"5\n5",6\n', False),
        ('1,2" vinyl,3\n', False),
        ("1,2,3\n4,5\n", False),
        ("1,2,3\n\n4,5,6\n", False),
        ("1,2,3\r4,5,6\n", False),
    ],
)
def test_what_is_plain_is_read_at_once(block: str, is_plain: bool) -> None:
    found = blocks.plain_rows(block, ",", 3, 100)
    assert (found is not None) == is_plain


def test_blank_rows_of_a_plain_block_are_no_rows() -> None:
    found = blocks.plain_rows("1,,\n,,\n \u00a0,,\t\n,é,\n,,3\n", ",", 3, 100)
    assert found is not None
    assert (found[0].num_rows, found[1]) == (3, 5)
