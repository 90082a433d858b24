"""Rows of one file that differ about the same order, refund, ticket or answer: the last counts, and it is told."""

import duckdb
import pyarrow as pa

from pipelines.sources.files.entities import ENTITIES
from pipelines.sources.files.settings import Feed

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


def overruled(rows: pa.Table, feed: Feed) -> int:
    """How many rows a later one of the same key contradicts; rows that are equal are one thing said twice."""
    keys = ", ".join(KEYS.get(feed.entity, ()))
    if not keys:
        return 0
    fields = ", ".join(ENTITIES[feed.entity].fields)
    said = f"select distinct {fields} from rows where filtered_by = ''"
    counted = duckdb.sql(f"select sum(n - 1) from (select count(*) as n from ({said}) group by {keys})")
    return int((counted.fetchone() or (0,))[0] or 0)
