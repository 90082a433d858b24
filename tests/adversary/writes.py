"""What is read tells what is written: the same rows of a table are written once, and that table is taken again.

Most loads of the adversary read the same rows, or none. All else of a load is done every time: asking, checking,
judging deletions, the load log.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
from dlt.common.exceptions import DltException
from dlt.extract.pipe_iterator import PipeIterator
from dlt.extract.resource import DltResource

from pipelines import load, parts
from pipelines.connector import Connector

extract, write = load._extracted, load._write


@dataclass(frozen=True)
class Read:
    """All that a load read, before it is written."""

    connector: Connector
    resources: list[DltResource]
    tables: dict[str, list[Any]]
    warehouse: Path
    state: Path

    def of(self, table: str) -> str:
        """The same for the same rows of a table in the same order."""
        said = repr((table, [one.to_pylist() for one in self.tables[table]]))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


class Writes:
    """What each raw table was after each different write; no table depends on what is written to another."""

    def __init__(self) -> None:
        self.known: dict[str, pa.Table] = {}
        self.is_first = True

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """Loads of the block write what is new; each begins with the same warehouse."""
        self.is_first = True
        with patch.object(load, "_extracted", _read), patch.object(load, "_write", self._write):
            yield

    def _write(self, read: Read) -> None:
        names = {name: read.of(name) for name in read.tables}
        new = [name for name in names if not (self.is_first and names[name] in self.known)]
        if new:
            _really_written(read, new)
        with duckdb.connect(str(read.warehouse)) as connection:
            for name, known in names.items():
                table = f"raw_{read.connector.name}.{name}"
                if name not in new:
                    connection.register("written", self.known[known])
                    connection.execute(f"create or replace table {table} as from written")
                    connection.unregister("written")
                elif self.is_first:
                    self.known[known] = connection.execute(f"from {table}").to_arrow_table()
        self.is_first = False


def _read(connector: Connector, resources: list[DltResource], warehouse: Path, state: Path) -> Read:
    """Everything that the resources give, in dlt's own order."""
    tables: dict[str, list[Any]] = {resource.name: [] for resource in resources}
    try:
        for item in PipeIterator.from_pipes([resource._pipe for resource in resources]):
            found = item.item if isinstance(item.item, list) else [item.item]
            tables[item.pipe.name] += found
    except DltException as error:
        raise parts.cause(error, connector.name) from None
    return Read(connector, resources, tables, warehouse, state)


def _really_written(read: Read, names: list[str]) -> None:
    """With dlt."""
    resources = [resource for resource in read.resources if resource.name in names]
    for resource in resources:
        resource._pipe.replace_gen(iter(read.tables[resource.name]))
    write(extract(read.connector, resources, read.warehouse, read.state))
