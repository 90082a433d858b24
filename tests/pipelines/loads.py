"""A load as most tests want it: deletions are meant (`test_deletions.py` is about those that are not), and a part that
could not be read raises, as a source that fails whole does."""

from dataclasses import replace
from pathlib import Path

from pipelines.connector import Connector, Options
from pipelines.load import LoadResult, load
from pipelines.plan import Asked


def load_whole(connector: Connector, options: Options, warehouse: Path, state: Path, asked: Asked) -> LoadResult:
    """What `pipelines.load.load` gives, or the first reason why a part was refused."""
    result = load(connector, options, warehouse, state, replace(asked, accepts_deletions=True))
    if result.refused:
        raise result.refused[0]
    return result
