"""What models read of the settings and of the refresh, written as raw tables: dbt variables would cost a parse."""

from collections.abc import Iterator
from datetime import datetime

import duckdb

from flows import objective_tables
from flows.places import Places
from pipelines import windows
from pipelines.connector import ConnectorError, Options
from pipelines.entities import ENTITIES
from pipelines.load_log import connect
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings


class BackInTime(ConnectorError):
    """`as_of` lies before the last refresh's: history would contradict itself."""


def write(places: Places, settings: Settings, asked: Asked, defined: str) -> None:
    """Record this refresh and replace the settings tables, in one transaction."""
    with connect(places.warehouse) as connection:
        _refuse_going_back(connection, asked.as_of)
        connection.execute("begin")
        connection.execute("delete from raw_parcours.refreshes where as_of = ?", [asked.as_of])
        connection.execute(
            "insert into raw_parcours.refreshes values (?, ?, ?, ?)",
            [asked.as_of, asked.through, asked.history_start, defined],
        )
        _settings(connection, settings)
        _items(connection, settings)
        _sources(connection, settings)
        _scopes(connection, settings)
        _feeds(connection, settings)
        _upsells(connection, settings)
        today = asked.as_of.astimezone(settings.business.zone).date()
        objective_tables.write(connection, settings, today)
        # Answered once the facts are there, but the models read it from the first refresh on.
        connection.execute(
            "create table if not exists raw_parcours.north_star (grain varchar, period_start date, value double)"
        )
        connection.execute("commit")


def _refuse_going_back(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    last = connection.execute("select max(as_of) from raw_parcours.refreshes").fetchone()
    if last and last[0] and last[0] > as_of:
        raise BackInTime(f"--as-of {as_of.isoformat()} lies before the last refresh, {last[0].isoformat()}.")


def _settings(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    business = settings.business
    analytics = settings.sources.get("google_analytics")
    connection.execute(
        "create or replace table raw_parcours.settings as select ? as business_name, ? as time_zone, ? as currency, "
        "? as week_start, ?::date as history_start, ?::integer as prospect_window_days, ? as primary_property, "
        "? as lead_event, ? as north_star, ? as language",
        [
            business.name,
            business.time_zone,
            business.currency,
            business.week_start,
            business.history_start,
            business.prospect_window_days,
            getattr(analytics, "primary", ""),
            getattr(analytics, "lead_event", ""),
            "" if business.north_star_sql else business.north_star,
            settings.dashboard.language,
        ],
    )


def _items(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute(
        "create or replace table raw_parcours.setting_items (source varchar, setting varchar, item varchar)"
    )
    for values in _lists(settings):
        connection.execute("insert into raw_parcours.setting_items values (?, ?, ?)", values)


def _lists(settings: Settings) -> Iterator[list[str]]:
    """Every list of the sources' options, and the names of what is a table there (source groups, feeds)."""
    for source, options in settings.sources.items():
        for setting in type(options).model_fields:
            value = getattr(options, setting)
            if isinstance(value, list | tuple | dict):
                yield from ([source, setting, str(item)] for item in value if isinstance(item, str | int))


def _sources(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute(
        "create or replace table raw_parcours.sources "
        "(source varchar, title varchar, is_connected boolean, api_version varchar, api_ends_on date, advice varchar, "
        "counts_from date, counts_until date, has_ended boolean)"
    )
    ended = windows.ended(connection, settings)
    for name, connector in CONNECTORS.items():
        options = settings.sources.get(name, Options())
        ends = [day for day in (connector.api_ends_on, *connector.other_versions.values()) if day]
        connection.execute(
            "insert into raw_parcours.sources values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                name,
                connector.title,
                name in settings.sources,
                connector.api_version,
                min(ends, default=None),
                connector.advice,
                options.from_day,
                options.until,
                name in ended,
            ],
        )


def _scopes(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """What is asked of each connected table now: an account that is asked no more holds nothing back."""
    connection.execute(
        "create or replace table raw_parcours.scopes "
        "(source varchar, table_name varchar, account_id varchar, definition varchar, kind varchar, "
        "reread_days integer)"
    )
    for source, options in settings.sources.items():
        connector = CONNECTORS[source]
        for name, table in connector.tables.items():
            for scope in connector.scopes(options, name):
                connection.execute(
                    "insert into raw_parcours.scopes values (?, ?, ?, ?, ?, ?)",
                    [source, name, scope.account_id, scope.definition, table.kind, table.reread_days],
                )


def _feeds(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Which raw tables of which connected source tell of which entity; of orders, only the sources that own them."""
    connection.execute(
        "create or replace table raw_parcours.feeds (source varchar, entity varchar, table_name varchar)"
    )
    for entity in ENTITIES:
        for source in settings.counted(entity):
            for table in CONNECTORS[source].feeds[entity]:
                connection.execute("insert into raw_parcours.feeds values (?, ?, ?)", [source, entity, table])


def _upsells(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Each product of each pair, as base or as upsell."""
    connection.execute(
        "create or replace table raw_parcours.upsell_products "
        "(pair varchar, role varchar, product_id varchar, window_days integer, same_order boolean)"
    )
    for upsell in settings.business.upsells:
        pair = f"{' or '.join(upsell.base)} > {' or '.join(upsell.upsell)}"
        for role, products in (("base", upsell.base), ("upsell", upsell.upsell)):
            for product in products:
                connection.execute(
                    "insert into raw_parcours.upsell_products values (?, ?, ?, ?, ?)",
                    [pair, role, product, upsell.window_days, upsell.same_order],
                )
