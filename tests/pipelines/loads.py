"""A load as most tests want it: one of which a part could not be read raises, as one that fails whole does."""

from typing import Any

from pipelines.load import LoadResult, load


def load_whole(*asked: Any) -> LoadResult:
    """What `pipelines.load.load` gives, or the first reason why a part was refused."""
    result = load(*asked)
    if result.refused:
        raise result.refused[0]
    return result
