"""Arrow rows that wait until all have come: many of them on disk, in a file without a name."""

from collections.abc import Iterable, Iterator
from tempfile import TemporaryFile
from typing import Any

import pyarrow as pa

MOST_HELD = 200_000  # rows that wait in memory


class Spool:
    """Tables of one schema, given back in the order in which they came, as often as they are asked for."""

    def __init__(self, most_held: int = MOST_HELD) -> None:
        self.most_held = most_held
        self.held: list[pa.Table] = []
        self.rows = 0
        self.file: Any = None
        self.writer: pa.RecordBatchStreamWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Keep a table."""
        self.rows += len(table)
        self.held.append(table)
        if self.rows <= self.most_held:
            return
        if self.writer is None:
            self.file = TemporaryFile()  # noqa: SIM115  closed when nobody has it any more
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self.writer = pa.ipc.new_stream(self.file, table.schema, options=options)
        for one in self.held:
            self.writer.write_table(one)
        self.held.clear()

    def __iter__(self) -> Iterator[pa.Table]:
        if self.writer is None:
            yield from self.held
            return
        self.writer.close()
        self.file.seek(0)
        for batch in pa.ipc.open_stream(self.file):
            yield pa.Table.from_batches([batch])


def all_of(tables: Iterable[pa.Table]) -> Spool:
    """Tables once the last one has come."""
    spool = Spool()
    for table in tables:
        spool.add(table)
    return spool
