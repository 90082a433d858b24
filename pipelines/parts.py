"""What cannot be read fails alone: an account of a table, or a table. What was stored of it stays, and the rest loads.

A load whose every part fails has failed; so has one whose vendor does not answer at all.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

import pyarrow as pa
from dlt.common.exceptions import DltException

from pipelines import spool
from pipelines.connector import BudgetSpent, ConnectorError, CredentialRefused, Plan, Pull, QuotaExhausted, Table
from pipelines.listing import ListingRefused
from pipelines.retry import VendorBusy
from pipelines.rows import SchemaDrift

ENDS_ALL = (BudgetSpent, CredentialRefused, QuotaExhausted)  # nothing else of the source would be answered

log = logging.getLogger(__name__)
One = TypeVar("One")


def each(plan: Plan, table: str, read: Callable[[Pull], Iterable[One]]) -> Iterator[One]:
    """What `read` gives of every account of a table; one that cannot be read ends there, and that is told.

    It gives pieces that can each stand alone: of slices all their rows, since some would replace all.
    """
    for pull in plan.of(table):
        yield from _of(plan, pull, read)


def _of(plan: Plan, pull: Pull, read: Callable[[Pull], Iterable[One]], is_last_look: bool = False) -> Iterator[One]:
    is_given = False
    try:
        for piece in read(pull):
            is_given = True
            yield piece
    except ENDS_ALL:
        raise
    except ListingRefused as error:
        if is_given or is_last_look:
            _fail(plan, (pull,), error)
            return
        log.warning("%s Reading it once more.", error)
    except Exception as error:
        named = cause(error, pull.account_id or "everything", pull.table)
        if not isinstance(named, ConnectorError):
            raise
        _fail(plan, (pull,), named)
        return
    else:
        plan.has_answered = True
        return
    yield from _of(plan, pull, read, is_last_look=True)


def whole(plan: Plan, source: str, name: str, table: Table, batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The rows of a table; where they cannot be read it fails alone, as long as nothing half of it was given.

    Rows that are merged on their key may stop midway; slices, of which some would replace all, come all together. What
    ends all ends the tables that are still to be read, too, while those that were read are loaded.
    """
    if not plan.of(name):
        return
    if plan.ended_by:
        left = _leave(plan, plan.of(name), plan.ended_by)
        plan.warn(f"{', '.join(left)}: not asked for any more and left to the next refresh")
        return
    is_given = False
    try:
        for batch in spool.all_of(batches) if table.kind == "slices" else batches:
            is_given = True
            yield batch
    except Exception as error:
        named = cause(error, source, name)
        is_first_look = isinstance(named, ListingRefused) and not plan.is_last_look
        if is_first_look or not isinstance(named, ConnectorError):
            raise
        if isinstance(named, ENDS_ALL):
            plan.ended_by = named
        _fail(plan, plan.of(name), named)
    else:
        plan.has_answered = plan.has_answered or is_given


def _fail(plan: Plan, pulls: Collection[Pull], error: ConnectorError) -> None:
    """Note what failed; raise where the whole source does: in a deep load, which has a lesser one to fall back on."""
    is_down = isinstance(error, VendorBusy) and bool(plan.refused) and not plan.has_answered
    if plan.kind == "deep" or is_down:
        raise error
    for where in _leave(plan, pulls, error):
        tell(plan, where, error)
    plan.refused.append(error)


def _leave(plan: Plan, pulls: Collection[Pull], error: ConnectorError) -> list[str]:
    """Count them as not read; gives what they are called."""
    for pull in pulls:
        plan.fail(pull.table, pull.account_id, str(error), pull.definition)
    return list(dict.fromkeys(f"{one.table} of {one.account_id}" if one.account_id else one.table for one in pulls))


def tell(plan: Plan, where: str, error: ConnectorError) -> None:
    """Warn of what was left."""
    plan.warn(f"{where} could not be read and stays as it was, the rest was loaded: {error}")


def check(plan: Plan) -> None:
    """Raise the first error of a load of which nothing could be read."""
    if plan.refused and all(plan.has_failed(pull) for pull in plan.pulls):
        raise plan.refused[0]


def cause(error: BaseException, source: str, table: str = "") -> BaseException:
    """The connector's own error under what dlt wraps around it; another one of reading is told by its table."""
    found: BaseException | None = error
    first = None
    while found is not None:
        if isinstance(found, ConnectorError):
            return found
        table = getattr(found, "pipe_name", table)
        if not isinstance(found, DltException | StopIteration):
            first = found
        found = found.__cause__ or found.__context__
    if first is None or getattr(error, "step", "extract") != "extract":
        return error
    return SchemaDrift(
        f"{source}: {table}: the vendor's answer could not be read ({type(first).__name__}); nothing of this table "
        "was loaded. Upgrade Parcours, or report it."
    )
