"""A dlt resource read outside of a pipeline."""

from collections.abc import Iterator
from typing import Any

from dlt.extract.pipe_iterator import ManagedPipeIterator
from dlt.extract.resource import DltResource


def pages(resource: DltResource) -> Iterator[Any]:
    """What a resource yields, as it yields it.

    A resource that is iterated itself gives row by row, and first makes a schema of its own, which takes longer than to
    ask a vendor who has nothing new.
    """
    for given in ManagedPipeIterator.from_pipes([resource._pipe]):
        yield given.item
