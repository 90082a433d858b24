"""What files cost: `python -m bench.files [lines]` prints ratios to what DuckDB alone takes for the same table.

A shop's order lines, as CSV and as Parquet, are loaded by the connector, each first and with nothing new. The baseline
is one `create table as` over the file with the same casts and the same keyed hash of the addresses; both tables are
compared. Each is done by a process of its own, whose CPU seconds and greatest memory are told.
"""

# ruff: noqa: T201 (this is a command that talks to a person)

import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines import load as loading
from pipelines import load_log
from pipelines.identity import KEY_VARIABLE
from pipelines.plan import Asked
from pipelines.sources import files
from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.settings import FilesOptions

KEY = "a key for benchmarks only"
ZONE = "Europe/Paris"
DAY = date(2026, 3, 1)
COLUMNS = {
    "order_id": "Order",
    "ordered_at": "Ordered at",
    "paid_at": "Paid at",
    "email_key": "E-mail",
    "country": "Country",
    "product_id": "SKU",
    "product_name": "Product",
    "quantity": "Quantity",
    "unit_price": "Price",
    "is_test": "Test",
}
LINES = """
    select
        'A' || (1000000 + line // 3) as "Order",
        timestamp '2023-01-01 08:00:00' + to_seconds(line // 3 * 17) as "Ordered at",
        "Ordered at" + interval 5 minute as "Paid at",
        'person.' || (hash(line // 3) % 200000) || '@example.com' as "E-mail",
        (['FR', 'DE', 'BE', 'ES'])[1 + line % 4] as "Country",
        'SKU-' || hash(line) % 4000 as "SKU",
        'Product of the bench, no. ' || hash(line) % 4000 as "Product",
        cast(1 + hash(line) % 5 as integer) as "Quantity",
        cast(hash(line) % 20000 / 100 as decimal(10, 2)) as "Price",
        line % 1000 = 0 as "Test",
    from range({lines}) as lines(line)
"""


@dataclass
class Cost:
    """What something took; `phases` are CPU seconds within it."""

    cpu: float
    wall: float
    peak: int  # MB
    phases: Mapping[str, float] = field(default_factory=dict)


def write(lines: int, path: Path) -> None:
    """The order lines as a file."""
    with duckdb.connect() as connection:
        connection.execute(f"copy ({LINES.format(lines=lines)}) to '{path}'")


def plain(path: Path, warehouse: Path) -> None:
    """The baseline: casts, a keyed hash (HMAC-SHA-256) of each address, and the row's place, in one statement."""
    texts = ", all_varchar = true" if path.suffix == ".csv" else ""
    pads = [bytes(byte ^ pad for byte in KEY.encode().ljust(64, b"\0")).hex() for pad in (0x36, 0x5C)]
    inner, outer = (f"unhex('{pad}')" for pad in pads)
    text = 'encode(lower(trim("E-mail")))'
    casts = {"amount": "decimal(18, 6)", "time": "timestamptz", "flag": "boolean"}
    selected = [
        "'lines/' || '{0}' as file_id",
        "'lines' as feed",
        "row_number() over () as row_number",
        "'' as filtered_by",
    ]
    for name, of in ENTITIES["order_lines"].fields.items():
        value = (
            f'"{COLUMNS[name]}"' if name in COLUMNS else {"currency": "'EUR'", "kind": "'product'"}.get(name, "null")
        )
        if of.holds == "address":
            value = f"sha256({outer} || unhex(sha256({inner} || {text})))"
        selected.append(f"cast({value} as {casts.get(of.holds, 'varchar')}) as {name}")
    selected.append("false as is_partial")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(f"set timezone = '{ZONE}'")
        reader = f"read_{path.suffix[1:]}('{path}'{texts})"
        connection.execute(
            f"create table order_lines as select {', '.join(selected)} from {reader}".replace("{0}", path.name)
        )


def ours(path: Path, warehouse: Path, hour: int) -> None:
    """The connector's load."""
    feed = {"entity": "order_lines", "location": str(path), "columns": COLUMNS, "constants": {"currency": "EUR"}}
    options = FilesOptions.model_validate({"feeds": {"lines": feed}, "time_zone": ZONE})
    asked = Asked(DAY, datetime(2026, 3, 2, hour, tzinfo=UTC), ZoneInfo(ZONE), DAY)
    result = loading.load(files.CONNECTOR, options, warehouse, warehouse.parent / "state", asked)
    if result.warnings:
        raise SystemExit("\n".join(result.warnings))


def measured(does: Callable[..., None], *given: Any) -> Cost:
    """What a call costs in this process, and how a load's cost splits."""
    os.environ[KEY_VARIABLE] = KEY
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # DuckDB's bars of progress
    phases: defaultdict[str, float] = defaultdict(float)
    timed(files, "mapped", "reading and casts", phases)
    for asks in ("_is_changed", "_extracted"):
        timed(loading, asks, "all that is read", phases)
    timed(loading, "_write", "writing", phases)
    timed(load_log, "record", "load log", phases)
    cpu, wall = time.process_time(), time.monotonic()
    does(*given)
    spent = time.process_time() - cpu, time.monotonic() - wall
    return Cost(*spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, dict(phases))


def timed(module: Any, name: str, phase: str, phases: defaultdict[str, float]) -> None:
    """A module's function, from now on with its CPU seconds added to a phase."""
    function = getattr(module, name)

    def with_clock(*given: Any, **named: Any) -> Any:
        started = time.process_time()
        try:
            return function(*given, **named)
        finally:
            phases[phase] += time.process_time() - started

    setattr(module, name, with_clock)


def alone(does: Callable[..., None], *given: Any) -> Cost:
    """The cost of a call in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, does, *given).result()


def differing(one: Path, other: Path) -> int:
    """Rows of the two warehouses that are not in both."""
    with closing(duckdb.connect()) as connection:
        connection.execute(f"attach '{one}' as plain (read_only); attach '{other}' as ours (read_only)")
        columns = ", ".join(name for name, *_ in connection.execute("describe plain.order_lines").fetchall())
        hashed = [
            f"(select hash({columns}) as row_hash from {table})"
            for table in ("plain.order_lines", "ours.raw_files.order_lines")
        ]
        counts = (
            f"(select count(*) from {here} anti join {there} using (row_hash))"
            for here, there in (hashed, hashed[::-1])
        )
        ((count,),) = connection.execute(f"select {' + '.join(counts)}").fetchall()
        return int(count)


def main(lines: int) -> None:
    """Measure, and print each ratio beside its baseline."""
    for form in ("csv", "parquet"):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            path = folder / f"lines.{form}"
            write(lines, path)
            base = alone(plain, path, folder / "plain.duckdb")
            said = f"{base.cpu:.1f} CPU s, {base.wall:.1f} s, {base.peak:,} MB"
            print(f"{form}: {lines:,} lines, {path.stat().st_size / 1e6:,.0f} MB; DuckDB alone {said}")
            for hour, label in enumerate(("first", "with nothing new")):
                cost = alone(ours, path, folder / "data.duckdb", hour)
                split = ", ".join(f"{phase} {took:.2f}" for phase, took in cost.phases.items())
                print(
                    f"{cost.cpu / base.cpu:6.2f} × {label}: {cost.cpu:.1f} CPU s ({split}), {cost.wall:.1f} s, "
                    f"{cost.peak:,} MB"
                )
            if count := differing(folder / "plain.duckdb", folder / "data.duckdb"):
                raise SystemExit(f"{count:,} rows differ")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 540_000)
