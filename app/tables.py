"""`parcours export parquet` and `csv`: every published table as a file, in a folder that comes whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb

from dashboard.published import Ask, opened
from pipelines.connector import ConnectorError
from pipelines.sql import literal

OPTIONS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}


class FolderRefused(ConnectorError):
    """The folder cannot be written, or holds something already; the message says what to do."""


def write_tables(marts: Path, folder: Path, kind: Literal["parquet", "csv"]) -> int:
    """Write a file per table, and a README that says what each holds; gives the number of tables."""
    with opened(marts) as ask, _whole(folder) as fresh:
        tables = ask(
            "select table_name, estimated_size as rows, coalesce(comment, '') as comment from duckdb_tables() "
            "where database_name = 'marts' order by table_name"
        )
        for table in tables:
            name = table["table_name"]
            copy(ask, f'marts."{name}"', fresh / f"{name}.{kind}", kind)
        [published] = ask("select max(as_of) as as_of from marts.kpi_values")
        lines = [f"| `{table['table_name']}` | {table['rows']} | {table['comment']} |\n" for table in tables]
        (fresh / "README.md").write_text(
            f"# Published tables\n\nAs of {published['as_of']}; times are in UTC, an empty cell is not known.\n\n"
            f"| table | rows | what |\n|---|---|---|\n{''.join(lines)}",
            encoding="utf-8",
        )
    return len(tables)


def copy(ask: Ask, source: str, path: Path, kind: Literal["parquet", "csv"]) -> int:
    """Write a table, or a query in parentheses, as a file; gives the number of its rows."""
    [copied] = ask(f"copy {source} to {literal(path)} ({OPTIONS[kind]})")
    return int(copied["Count"])


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside it to write to, which takes its place at the end. Nothing of anybody is overwritten."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderRefused(f"{folder} is there already: remove it, or choose another --out.")
    fresh = folder.with_name(folder.name + ".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)  # of an export that was killed
        fresh.mkdir()
        yield fresh
        fresh.replace(folder)
    except (OSError, duckdb.IOException) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FolderRefused(f"{folder} cannot be written ({reason}): choose another --out.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
