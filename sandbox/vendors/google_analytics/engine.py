"""A small query engine over the world's hits, answered as of an instant, as well or as badly as it is told to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from typing import Any

import duckdb
import pyarrow as pa

from sandbox.events import World
from sandbox.vendors.google_analytics.quality import OTHER, Sample, estimated, scaled
from sandbox.vendors.google_analytics.query import DIMENSIONS, METRICS, NOT_SET, Query

HASHES = float(2**64)  # of a cookie: who is in a sample is decided by it
MOMENT = pa.timestamp("us", "UTC")
TEXT, WHOLE = pa.string(), pa.int64()
ZONES = pa.schema([pa.field(name, TEXT) for name in ("property_id", "time_zone")])
VISITS = pa.schema(
    [pa.field("visit_id", WHOLE)]
    + [pa.field("is_engaged", pa.bool_())]
    + [pa.field(name, TEXT) for name in ("reported_source", "reported_medium", "reported_campaign")]
    + [pa.field("google_ads_campaign_id", TEXT)]
    + [pa.field(name, TEXT) for name in ("landing_page", "device", "country")]
)
HITS = pa.schema(
    [pa.field(name, WHOLE) for name in ("hit_id", "visit_id", "engagement_seconds", "quantity", "value")]
    + [pa.field(name, TEXT) for name in ("property_id", "cookie_id", "name", "page", "item_id", "item_name")]
    + [pa.field("transaction_id", TEXT), pa.field("happened_at", MOMENT), pa.field("shown_at", MOMENT)]
)
COSTS = pa.schema(
    [pa.field(name, TEXT) for name in ("property_id", "campaign_name", "google_ads_campaign_id", "source", "medium")]
    + [pa.field("date_day", pa.date32()), pa.field("cost", WHOLE), pa.field("shown_at", MOMENT)]
)


@dataclass(frozen=True)
class Found:
    """A report's rows, each with its range's number, and what has to be said of their quality."""

    rows: list[tuple[int, tuple[Any, ...], list[Any]]]  # number, dimension values (text), metric values
    samples: tuple[Sample, ...] = ()  # one per range, where any was sampled
    has_other_row: bool = False


class Engine:
    """The hits of one world in memory; every answer counts only what Google Analytics shows at that instant."""

    def __init__(self, world: World) -> None:
        self._lock = Lock()
        self._connection = duckdb.connect()
        self._connection.execute("set timezone = 'UTC'")
        for name, records, columns in (
            ("visits", world.visits, VISITS),
            ("hits", world.hits, HITS),
            ("zones", world.properties, ZONES),
            ("costs", world.linked_ad_costs, COSTS),
        ):
            self._connection.register(name, _table(records, columns))
        self._connection.execute(EVENTS)
        self._connection.execute(AD_COSTS)

    def answer(self, query: Query, now: datetime) -> Found:
        """A row per range and dimension values; none where nothing happened."""
        with self._lock:
            samples = self._samples(query, now)
            lumped = self._has_other_row(query, now)
            rates = [min(1.0, one.read / one.space) if one.space else 1.0 for one in samples]
            found = self._rows(query, rates or [1.0] * len(query.ranges), now)
            # who is in the sample decides how many of the events are
            samples = self._read(query, rates, samples, now) if any(rate < 1 for rate in rates) else ()
        rows = []
        width = len(query.dimensions)
        for number, *row in found:
            labels, values = tuple(row[:width]), row[width:]
            values = scaled(query.metrics, values, samples[number] if samples else None)
            if query.quality.noise:
                values = estimated(query.metrics, values, _question(query, number, labels))
            rows.append((number, labels, values))
        return Found(rows, samples, lumped)

    def _rows(self, query: Query, rates: Sequence[float], now: datetime) -> list[tuple[Any, ...]]:
        table, values = self._from(query, rates, now)
        dimensions = [f"coalesce({DIMENSIONS[name]}, '{NOT_SET}')" for name in query.dimensions]
        metrics = [METRICS[name][1] for name in query.metrics]
        sql = (
            f"select {', '.join(['number', *dimensions, *metrics])} from {table} where ({query.where}) "
            f"group by {', '.join(str(n + 1) for n in range(len(dimensions) + 1))}"
        )
        if query.is_thresholded:
            sql += f" having count(distinct cookie_id) >= {query.quality.threshold_users}"
        return self._connection.execute(sql, [*values, *query.parameters]).fetchall()

    def _from(self, query: Query, rates: Sequence[float], now: datetime) -> tuple[str, list[Any]]:
        """The rows that a query may count, each with its range's number; rare values of theirs are (other)."""
        ranges = ", ".join("(?, ?::date, ?::date, ?)" for _ in query.ranges)
        kept = "" if query.is_ad_cost else f" and cookie_id / {HASHES} <= ranges.rate"
        table = (
            f"(select * from {'ad_costs' if query.is_ad_cost else 'events'} "
            f"join (values {ranges}) as ranges (number, first_day, last_day, rate) "
            "on local_day between ranges.first_day and ranges.last_day "
            f"where property_id = ? and shown_at <= ? and local_day >= ?{kept}) as shown"
        )
        days = [
            value
            for number, ((first, last), rate) in enumerate(zip(query.ranges, rates, strict=True))
            for value in (number, first, last, rate)
        ]
        if query.lumped:
            table = _with_other(table, query.lumped, query.quality.other_row_after or 0)
        return table, [*days, query.property_id, now, query.quality.retained_from or date.min]

    def _samples(self, query: Query, now: datetime) -> tuple[Sample, ...]:
        """How many events each range has and how many are to be read, where one has more than are read."""
        most = query.quality.sampled_events
        if most is None or query.is_ad_cost:
            return ()
        spaces = self._events(query, [1.0] * len(query.ranges), now)
        found = tuple(Sample(min(most, space), space) for space in spaces)
        return found if any(one.read < one.space for one in found) else ()

    def _read(
        self, query: Query, rates: Sequence[float], samples: Sequence[Sample], now: datetime
    ) -> tuple[Sample, ...]:
        read = self._events(query, rates, now)
        return tuple(Sample(events, one.space) for events, one in zip(read, samples, strict=True))

    def _events(self, query: Query, rates: Sequence[float], now: datetime) -> list[int]:
        """Events per range, whatever the filters."""
        table, values = self._from(replace(query, dimensions=(), filtered=()), rates, now)
        counted = dict(self._connection.execute(f"select number, count(*) from {table} group by 1", values).fetchall())
        return [counted.get(number, 0) for number in range(len(query.ranges))]

    def _has_other_row(self, query: Query, now: datetime) -> bool:
        """Whether anything was lumped before the filters took their part."""
        if not query.lumped:
            return False
        table, values = self._from(query, [1.0] * len(query.ranges), now)
        sql = f"select count(*) from {table} where {query.lumped[0]} = '{OTHER}'"
        found = self._connection.execute(sql, values).fetchone()
        return bool(found and found[0])


def _with_other(table: str, columns: Sequence[str], most: int) -> str:
    """The table with only the most frequent combinations of each day's values; rarer ones are (other)."""
    values = ", ".join(columns)
    lumped = ", ".join(f"case when place > {most} then '{OTHER}' else {column} end as {column}" for column in columns)
    return (
        f"(select * replace ({lumped}) from (select *, dense_rank() over "
        f"(partition by local_day order by events_alike desc, {values}) as place from (select *, count(*) over "
        f"(partition by local_day, {values}) as events_alike from {table})))"
    )


def _question(query: Query, number: int, labels: tuple[str, ...]) -> tuple[Any, ...]:
    """What an estimate depends on: who was counted, not what else was asked for. A day is the same day in any range."""
    first, last = query.ranges[number]
    for name, label in zip(query.dimensions, labels, strict=True):
        if name == "date":
            first = last = datetime.strptime(label, "%Y%m%d").date()  # noqa: DTZ007
    told = [pair for pair in zip(query.dimensions, labels, strict=True) if pair[0] != "date"]
    return (query.quality.noise_seed, query.property_id, first, last, told, query.where, query.parameters)


def _table(records: Sequence[Any], columns: pa.Schema) -> pa.Table:
    arrays = [pa.array([getattr(one, field.name) for one in records], field.type) for field in columns]
    return pa.Table.from_arrays(arrays, schema=columns)


EVENTS = """
create table events as
select
    hits.* replace (hash(hits.cookie_id) as cookie_id), hits.transaction_id as purchase_id,
    visits.is_engaged, visits.reported_source as source, visits.reported_medium as medium,
    visits.reported_campaign as campaign,
    coalesce(nullif(visits.google_ads_campaign_id, ''), '(not set)') as google_ads_campaign_id,
    visits.landing_page, visits.device, visits.country,
    cast(timezone(zones.time_zone, hits.happened_at) as date) as local_day,
    case when hits.visit_id is not null then date_diff('second', lag(hits.happened_at) over (
        partition by hits.visit_id order by hits.happened_at, hits.hit_id
    ), hits.happened_at) end as seconds_since_last,
    row_number() over (partition by hits.cookie_id order by hits.happened_at, hits.hit_id) = 1 as is_first_of_user
from hits
left join visits on hits.visit_id = visits.visit_id
join zones on hits.property_id = zones.property_id
where hits.cookie_id is not null  -- without consent nothing is reported
order by hits.property_id, local_day
"""
AD_COSTS = """
create table ad_costs as
select
    property_id, date_day as local_day, campaign_name as campaign, source, medium, cost, shown_at,
    coalesce(nullif(google_ads_campaign_id, ''), '(not set)') as google_ads_campaign_id
from costs
"""
