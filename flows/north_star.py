"""The business's own north star: its query over the facts, answered between the facts and the KPIs."""

from math import isfinite

import duckdb
import pyarrow as pa

from flows.catalog import kpis
from flows.places import Places
from pipelines.connector import ConnectorError
from pipelines.settings import Settings

GRAINS = ("day", "week", "month", "quarter", "year")
# What open periods are compared with is there for a query over periods, too.
EARLIER_PARTS = tuple(f"{before}_{grain}_to_date" for before in ("previous", "last_year") for grain in GRAINS[1:])
TYPES: dict[str, pa.DataType] = {"grain": pa.string(), "period_start": pa.date32(), "value": pa.float64()}
COLUMNS = pa.schema(TYPES)


class BadNorthStar(ConnectorError):
    """The settings choose a KPI that is none, or a query that does not answer what a KPI needs."""


def fault(settings: Settings) -> str:
    """What is wrong with a north star that is neither the default nor a KPI of another stage than its own."""
    known = ["weekly_active_customers", *(kpi.kpi_id for kpi in kpis(settings.models) if kpi.stage != "experience")]
    chosen = settings.business.north_star
    if chosen in known:
        return ""
    return f"business.north_star: {chosen!r} cannot be chosen; known are: {', '.join(known)}."


def check(settings: Settings) -> None:
    """Refuse a north star that cannot be chosen."""
    if wrong := fault(settings):
        raise BadNorthStar(wrong)


def write(places: Places, settings: Settings) -> None:
    """Keep what the query answers for the models; no rows where the settings have no query."""
    query = settings.business.north_star_sql
    answer = _answer(places, query) if query else COLUMNS.empty_table()
    with duckdb.connect(str(places.warehouse)) as connection:
        connection.register("answer", answer)
        connection.execute("create or replace table raw_parcours.north_star as select * from answer")


def _answer(places: Places, query: str) -> pa.Table:
    """Read-only and without files or network, so that a query can change nothing and reach nothing else."""
    try:
        with duckdb.connect(
            str(places.warehouse), read_only=True, config={"enable_external_access": False}
        ) as connection:
            connection.execute("set schema = 'marts'; set timezone = 'UTC'; set lock_configuration = true")
            return _valid(connection.execute(query).to_arrow_table().select(COLUMNS.names).cast(COLUMNS))
    except (duckdb.Error, pa.ArrowException, KeyError) as error:
        said = str(error).splitlines()[0]
        raise BadNorthStar(
            f"business.north_star_sql: {said}. It should be a query over the tables fct_* and dim_* that gives grain "
            "(day, week, month, quarter, year), period_start (a date) and value, such as: "
            "select grain, period_start, weekly_active_customers as value from fct_weekly_customers_by_period"
        ) from None


def _valid(answer: pa.Table) -> pa.Table:
    """The answer, of periods that exist and values that are numbers."""
    for row in answer.to_pylist():
        value = row["value"]
        if (
            row["grain"] not in GRAINS + EARLIER_PARTS
            or row["period_start"] is None
            or (value is not None and not isfinite(value))
        ):
            raise BadNorthStar(
                f"business.north_star_sql gives grain {row['grain']!r}, period_start {row['period_start']}, value "
                f"{value}: the grain should be one of {', '.join(GRAINS)}, period_start a date, the value a number."
            )
    return answer
