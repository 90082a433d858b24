"""A published file made by hand: the tables that commands read, with the few rows that a test needs."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

AS_OF = datetime(2026, 3, 20, 19, 0, tzinfo=UTC)
VALUES = """
create table kpi_values (
    kpi_id varchar, stage varchar, grain varchar, period_start date, period_end date, last_day date, numerator double,
    denominator double, value double, unit varchar, is_connected boolean, is_complete boolean, is_provisional boolean,
    sources varchar, missing_sources varchar, caveats varchar, as_of timestamptz
)
"""
CATALOG = """
create table kpi_catalog (
    kpi_id varchar, stage varchar, position integer, label_fr varchar, label_en varchar, definition varchar,
    definition_fr varchar, aggregation_class varchar, days_of varchar, numerator varchar, denominator varchar,
    unit varchar, good varchar, cadence varchar, effort varchar, owner varchar, is_lever boolean,
    focus_position integer
)
"""


def kpi(
    kpi_id: str,
    stage: str,
    unit: str = "count",
    label: str = "",
    is_lever: bool = False,
    cadence: str = "weekly",
    focus: int | None = None,
) -> list[Any]:
    """A row of the catalogue; its position is given when it is written."""
    named = label or kpi_id.replace("_", " ").capitalize()
    said = ["additive", "business", kpi_id, "", unit, "up", cadence, "low", "marketing", is_lever, focus]
    return [kpi_id, stage, 0, f"{named} (é)", named, "A definition.", "Une définition.", *said]


def value(
    of: list[Any],
    month: int,
    value: float | None,
    state: str = "complete",
    grain: str = "month",
    caveats: str = "",
) -> list[Any]:
    """A row of the values, 2026; `state`: complete, provisional (complete, may move), open, or absent."""
    first, after = date(2026, month, 1), date(2026, month + 1, 1)
    unit = "EUR" if of[11] == "money" else of[11]
    is_connected, is_complete = state != "absent", state in ("complete", "provisional")
    flags = [is_connected, is_complete, state in ("provisional", "open")]
    return [of[0], of[1], grain, first, after, first, value, None, value, unit, *flags, "mailchimp", "", caveats, AS_OF]


PROSPECTS = kpi("new_prospects", "capture", is_lever=True)
COST = kpi("cost_per_prospect", "capture", "money", "Cost [per] prospect", focus=1)
FREQUENCY = kpi("purchase_frequency", "ascension", "per customer", is_lever=True, cadence="monthly")
NPS = kpi("nps", "fan", "points", "Net Promoter Score")
RATE = kpi("prospect_to_customer_rate", "levers", "rate", is_lever=True)
MARGIN = kpi("gross_margin_rate", "levers", "rate", is_lever=True)

KPIS = [PROSPECTS, COST, FREQUENCY, NPS, RATE, MARGIN]
ROWS = [
    value(PROSPECTS, 1, 1200), value(PROSPECTS, 2, 1350), value(PROSPECTS, 3, 81, "open"),
    value(COST, 1, 10), value(COST, 2, 57.743, "provisional"), value(COST, 3, None, "open"),
    value(FREQUENCY, 2, 1.28), value(FREQUENCY, 3, 1.3, "open"),
    value(NPS, 2, None, "absent"), value(NPS, 3, None, "absent"),
    value(RATE, 2, 0.1), value(RATE, 3, 0.0882, "open"),
    value(MARGIN, 2, None, "absent"), value(MARGIN, 3, None, "absent"),
    value(PROSPECTS, 2, 300, grain="week"),
]  # fmt: skip


def publish(path: Path, rows: list[list[Any]] | None = None) -> None:
    """Write the file."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(VALUES)
        connection.execute(CATALOG)
        for position, row in enumerate(KPIS):
            marks = ", ".join("?" * len(row))
            connection.execute(f"insert into kpi_catalog values ({marks})", [*row[:2], position, *row[3:]])
        for row in ROWS if rows is None else rows:
            connection.execute(f"insert into kpi_values values ({', '.join('?' * len(row))})", row)


STAGES = """
create table dim_business as
select
    'Europe/Paris' as time_zone, 'EUR' as reporting_currency, 'monday' as week_start,
    date '2026-01-01' as history_start, date '2026-03-19' as through, timestamptz '2026-03-20 19:00:00+00' as as_of;

create table dim_sources as select 'mailchimp' as source, 'Mailchimp' as title;

create table kpi_capture (
    grain varchar, period_start date, is_complete boolean, new_prospects bigint, list_size bigint,
    spend decimal(18, 6), cost_per_prospect double, not_landed_share double
);
insert into kpi_capture values
    ('month', '2026-01-01', true, 1200, null, 12000.5, 10, 0.25),
    ('month', '2026-02-01', true, 1350, 4000, 77953.05, 57.743, 0),
    ('month', '2026-03-01', false, 81, 4081, 0, null, null),
    ('week', '2026-02-01', true, 300, null, 0, null, null);
comment on column kpi_capture.spend is 'Marketing spend.';

create table kpi_ascension (grain varchar, period_start date, is_complete boolean, purchase_frequency double);
insert into kpi_ascension values ('month', '2026-02-01', true, 1.28), ('month', '2026-03-01', false, 1.3);

create table kpi_fan (grain varchar, period_start date, is_complete boolean, nps double);
insert into kpi_fan values ('month', '2026-02-01', true, 0), ('month', '2026-03-01', false, 0);

create table kpi_levers (grain varchar, period_start date, is_complete boolean, prospect_to_customer_rate double);
insert into kpi_levers values ('month', '2026-02-01', true, 0.1), ('month', '2026-03-01', false, 0.0882);
"""


def publish_stages(path: Path) -> None:
    """The stage tables of the values above; of a source that is not connected the table holds a zero all the same."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(STAGES)


HEALTH = """
create table source_health as
select
    'facebook_page' as source, true as is_connected, 'failed' as status,
    timestamptz '2026-03-19 19:00:00+00' as last_success_at,
    'token expired' as error, '["no rates for CYP"]' as warnings, date '2026-03-18' as newest_day,
    date '2026-03-18' as loaded_through, date '2026-03-20' as expected_through, 2 as days_behind, 0 as rows_loaded,
    1234 as rows_held, '{"calls per hour": "12 of 200 used"}' as quota, 'posts.mood' as new_fields,
    'insights_by_country.spend' as widest_gap_in, -0.034 as widest_gap_share, 'v26.0' as api_version,
    date '2026-05-01' as api_ends_on, 42 as api_days_left,
    date '2026-03-29' as credential_expires_on, 9 as credential_days_left, 'ask for another' as credential_renewal
union all
select
    'ecb', true, 'loaded', timestamptz '2026-03-20 19:00:00+00', '', '[]', date '2026-03-20', date '2026-03-20',
    date '2026-03-20', 0, 7, 99, '{}', '', null, null, '', null, null, null, null, null
"""


def publish_health(path: Path) -> None:
    """One source that needs attention in every way, and one that needs none."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(HEALTH)
