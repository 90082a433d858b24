"""Everything, on all processors: each process takes a share of a connector's combinations."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.adversary.report import Tally

SHARES = 6  # of each connector, so that no processor waits long for the last one
JOBS_PER_PROCESSOR = 2  # one waits for deadlines while the other works
LONGEST_SECONDS = 3600  # of a share; an hour, because other tests may keep the processors meanwhile
One = TypeVar("One")


def share(all_of_them: list[One], part: str) -> list[One]:
    """The Kth of N shares, as "K/N"."""
    number, count = map(int, part.split("/"))
    return all_of_them[number - 1 :: count]


def tried(sources: Iterable[str], sample: int = 1, jobs: int = 0) -> Tally:
    """Every combination of these connectors, or one in so many."""
    parts = [(source, f"{number}/{SHARES}", sample) for source in sources for number in range(1, SHARES + 1)]
    tally = Tally()
    with ThreadPoolExecutor(jobs or JOBS_PER_PROCESSOR * (os.cpu_count() or 1)) as pool:
        for found in pool.map(lambda part: _tried(*part), parts):
            tally.join(found)
    return tally


def _tried(source: str, part: str, sample: int) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "tally.json"
        command = [sys.executable, "-m", "tests.adversary", source, "--share", part, "--sample", str(sample)]
        done = subprocess.run(
            [*command, "--record", str(record)], capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False
        )
        if not record.exists():
            raise RuntimeError(f"{source} {part}: the adversary itself failed: {done.stderr[-2000:]}")
        return Tally.from_json(record.read_text(encoding="utf-8"))
