"""A CSV a block of lines at a time: what is plain is split at once by Arrow, and only the rest cell by cell.

Plain is what `csv.reader` cannot read in another way: every quote opens or closes a whole cell or is doubled in one, no
cell has a line break, each line has as many cells as the header. `tests/pipelines/test_files_blocks.py` compares both.
"""

import re
from io import StringIO, TextIOWrapper
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

BLOCK_CHARACTERS = 1 << 20
PLAIN_DELIMITERS = (",", ";", "\t", "|")
# What begins with a character from the first to before the second is not blank.
FIRST_VISIBLE, AFTER_ASCII = pa.scalar("!"), pa.scalar("\u007f")


class Lines:
    """The lines of a text for `csv.reader`, of which whole blocks can be taken out; `number` counts both."""

    def __init__(self, text: TextIOWrapper) -> None:
        self.text = text
        self.block, self.block_ends = StringIO(newline=""), 0
        self.number = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.block.readline() or self.text.readline()
        if not line:
            raise StopIteration
        self.number += 1
        return line

    @property
    def is_between_blocks(self) -> bool:
        """Whether no line of the last block is left."""
        return self.block.tell() == self.block_ends

    def next_block(self) -> str:
        """The next lines of the text, which are also the next to be given one by one unless they are taken out."""
        said = self.text.read(BLOCK_CHARACTERS)
        said += self.text.readline() if said else ""
        self.block, self.block_ends = StringIO(said, newline=""), len(said)
        return said

    def take_out(self, lines: int) -> None:
        """The last block was read as a whole."""
        self.block.seek(self.block_ends)
        self.number += lines


def plain_rows(block: str, delimiter: str, width: int, longest_cell: int) -> tuple[pa.Table, int] | None:
    """The rows of a block that are not blank, and how many lines it has; None where a line is not plain."""
    if delimiter not in PLAIN_DELIMITERS or len(block) > longest_cell or not _is_plain(block, delimiter):
        return None
    names = [str(index) for index in range(width)]
    try:
        data = block.encode()
        source: Any = pa.BufferReader(data)
        table = pa.csv.read_csv(
            source,
            pa.csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=False),
            pa.csv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeEncodeError):  # a line of another width; half a character
        return None
    lines = block.count("\n") + (not block.endswith("\n"))
    if table.num_rows != lines:  # Arrow passes over empty lines
        return None
    return _not_blank(table), lines


def _is_plain(block: str, delimiter: str) -> bool:
    """Whether lines end as they should, and every quote stands at the edge of a cell or is doubled within one."""
    is_marked = block.startswith("\ufeff")  # to Arrow this is no part of the first cell
    if is_marked or block.count("\r") != block.count("\r\n"):
        return False
    if '"' not in block:
        return True
    mark = re.escape(delimiter)
    cell = rf'(?:[^"\r\n{mark}]*|"(?:[^"\r\n]|"")*")'
    lines = pa.array([line for line in block.split("\n") if '"' in line], pa.string())
    return bool(pc.all(pc.match_substring_regex(lines, f"^{cell}(?:{mark}{cell})*\r?$")).as_py())


def _not_blank(table: pa.Table) -> pa.Table:
    """The rows in which something stands."""
    is_said: Any = pa.array([False] * table.num_rows)
    for column in table.columns:
        if pc.all(is_said).as_py():
            return table
        cells: Any = column
        is_visible = pc.and_(pc.greater_equal(cells, FIRST_VISIBLE), pc.less(cells, AFTER_ASCII))
        is_said = pc.or_(is_said, is_visible)
    kept = is_said.to_pylist()
    for place in (place for place, said in enumerate(kept) if not said):
        kept[place] = bool("".join(table.slice(place, 1).to_pylist()[0].values()).strip())
    return table if all(kept) else table.filter(pa.array(kept))
