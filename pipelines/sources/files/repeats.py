"""Rows of one file that differ about the same order, refund, ticket or answer: the last counts, and it is told."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from pipelines.sources.files.entities import ENTITIES, columns
from pipelines.sources.files.settings import Feed
from pipelines.sql import seen_as

# Entity → what names the thing that a row is about. Lines, spend and leads are about nothing that has one row.
KEYS = {
    "orders": ("order_id",),
    "refunds": ("refund_id",),
    "mentions": ("mention_id",),
    "reviews": ("review_id",),
    "tickets": ("ticket_id",),
    "csat_answers": ("survey", "answer_id"),
    "nps_answers": ("survey", "answer_id"),
}


def overruled(connection: duckdb.DuckDBPyConnection, rows: Iterable[pa.Table], feed: Feed) -> int:
    """How many rows a later one of the same key contradicts; rows that are equal are one thing said twice."""
    keys = ", ".join(KEYS.get(feed.entity, ()))
    if not keys:
        return 0
    fields = ", ".join(ENTITIES[feed.entity].fields)
    batches = (batch for table in rows for batch in table.to_batches())
    reader = pa.RecordBatchReader.from_batches(columns(feed.entity), batches)
    said = f"select distinct {fields} from rows where filtered_by = ''"
    with seen_as(connection, rows=reader):
        counted = connection.execute(f"select sum(n - 1) from (select count(*) as n from ({said}) group by {keys})")
        return int((counted.fetchone() or (0,))[0] or 0)
