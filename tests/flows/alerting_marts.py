"""A published file made by hand: the tables in which incidents show, of a business where all is well."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

TABLES = """
create table dim_business as select 'EUR' as reporting_currency;
create table kpi_catalog (kpi_id varchar, label_fr varchar, label_en varchar, unit varchar, good varchar,
    cadence varchar, position integer);
insert into kpi_catalog values
    ('purchases', 'Achats', 'Purchases', 'count', 'up', 'daily', 1),
    ('bounce_rate', 'Taux de rebond', 'Bounce rate', 'rate', 'down', 'monthly', 2);
create table source_health (source varchar, title varchar, is_connected boolean, status varchar, error varchar,
    days_behind integer, api_ends_on date, api_days_left integer, credential_expires_on date,
    credential_days_left integer, credential_renewal varchar);
insert into source_health values
    ('shopify', 'Shopify', true, 'loaded', '', 0, '2027-01-01', 280, null, null, ''),
    ('facebook_ads', 'Facebook ads', true, 'loaded', '', 1, null, null, '2026-05-15', 49, 'make a new token'),
    ('ecb', 'ECB', false, 'not connected', '', 99, null, null, null, null, '');
create table kpi_scorecard (objective_id varchar, position integer, kpi_id varchar, grain varchar,
    latest_period_start date, latest_value double, expected_value double, status varchar);
insert into kpi_scorecard values ('orders', 1, 'purchases', 'month', '2026-02-01', 2800, 3000, 'at risk');
create table kpi_values (kpi_id varchar, grain varchar, period_start date, value double, numerator decimal(18, 6),
    denominator decimal(18, 6), unit varchar, is_connected boolean, is_complete boolean, is_provisional boolean,
    as_of timestamptz);
create table kpi_history (kpi_id varchar, grain varchar, period_start date, value double, numerator decimal(18, 6),
    denominator decimal(18, 6), unit varchar, is_connected boolean, is_complete boolean, is_provisional boolean,
    reported_from timestamptz);
create table kpi_revisions (kpi_id varchar, grain varchar, period_start date, value_before double, value_after double,
    numerator_before decimal(18, 6), denominator_before decimal(18, 6), unit_before varchar, unit_after varchar,
    was_complete boolean, was_provisional boolean, has_new_days boolean, changed_at timestamptz, cause varchar);
"""
FIRST = date(2026, 1, 26)  # a Monday


def publish(path: Path, purchases: Sequence[float], also: str = "") -> datetime:
    """Purchases by day from `FIRST` on, each reported the morning after; gives when this one was made."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
        rows = "insert into {} "
        rows += (
            "select 'purchases', 'day', $first + cast(day as integer), value, null, null, 'count', true, true, true, "
        )
        days = "from (select unnest(range(len($values))) as day, unnest($values) as value)"
        given = {"first": FIRST, "values": list(map(float, purchases))}
        reported = "timestamptz '2026-01-27 05:00:00+00' + day * interval 1 day "
        connection.execute(rows.format("kpi_history") + reported + days, given)
        latest = " order by day desc limit 1"
        connection.execute(rows.format("kpi_values") + reported + days + latest, given)
        connection.execute(also or "select 1")
    return datetime(2026, 1, 26, 5, tzinfo=UTC) + timedelta(days=len(purchases))
