"""A published file made by hand: what the digest reads, of a business with two objectives and few KPIs."""

from pathlib import Path

import duckdb

from tests.app import small_marts
from tests.app.small_marts import MARGIN, ROWS, value

TABLES = """
create table dim_business as
select 'Ada' as business_name, 'fr' as language, 'new_prospects' as north_star, date '2026-03-19' as through,
    timestamptz '2026-03-20 19:00:00+00' as as_of;
create table dim_stages as select 'capture' as stage, 3 as position, 'Capture (é)' as label_fr, 'Capture' as label_en;
create table kpi_comparisons (kpi_id varchar, grain varchar, period_start date, comparison varchar, value double,
    other_from date, change double, change_share double, direction varchar);
insert into kpi_comparisons values
    ('new_prospects', 'month', '2026-02-01', 'previous_period', 1350, '2026-01-01', 150, 0.125, 'better'),
    ('new_prospects', 'week', '2026-02-01', 'previous_period', 300, '2026-01-25', -9, -0.029126, 'worse'),
    ('cost_per_prospect', 'month', '2026-02-01', 'previous_period', 57.743, '2026-01-01', 47.743, 4.7743, 'worse'),
    ('purchase_frequency', 'month', '2026-02-01', 'previous_period', 1.28, '2026-01-01', 0.03, 0.0240, 'better'),
    ('purchase_frequency', 'month', '2026-02-01', 'last_year', 1.28, '2025-02-01', -0.02, -0.01538, 'worse'),
    ('gross_margin_rate', 'month', '2026-02-01', 'previous_period', 0.4565, '2026-01-01', -0.0337, -0.06875, 'worse'),
    ('prospect_to_customer_rate', 'month', '2026-02-01', 'previous_period', 0.1, '2026-01-01', -0.0002, -0.002,
        'worse');
create table kpi_scorecard (objective_id varchar, stage varchar, kpi_id varchar, position integer, grain varchar,
    start_value double, start_day date, target_value double, target_day date, cumulated_over varchar,
    latest_period_start date, latest_value double, expected_value double, status varchar, last_reviewed_on date,
    review_due_on date, is_review_overdue boolean, is_provisional boolean);
insert into kpi_scorecard values
    ('grow', 'capture', 'new_prospects', 1, 'month', null, '2026-01-01', 18000, '2026-12-31', 'year',
        '2026-02-01', 2550, 3000, 'off track', null, '2026-04-01', false, false),
    ('grow', 'capture', 'cost_per_prospect', 2, 'month', 70.5, '2026-01-01', 40, '2026-12-31', '',
        '2026-02-01', 57.743, 65.4167, 'on track', null, '2026-04-01', false, true),
    ('keep', 'capture', 'nps', 1, 'month', 10, '2026-01-01', 20, '2026-12-31', '',
        null, null, null, 'not connected', null, '2026-04-01', false, false);
create table objectives as
select unnest(['grow', 'keep']) as objective_id, 'capture' as stage, true as is_current, 'Grow.' as sentence,
    'gross_margin_rate' as serves, '' as owner, '' as contributors;
create table source_health (source varchar, title varchar, is_connected boolean, status varchar, days_behind integer,
    loaded_through date, error varchar, credential_days_left integer, credential_expires_on date, api_days_left integer,
    api_ends_on date);
insert into source_health values
    ('mailchimp', 'Mailchimp', true, 'failed', 2, '2026-03-17', 'busy', null, null, null, null),
    ('ecb', 'ECB', true, 'loaded', 0, '2026-03-19', '', null, null, null, null);
create table kpi_targets (objective_id varchar, kpi_id varchar, grain varchar, period_start date);
create table annotations (date_day date, kind varchar, text varchar);
create table kpi_by_segment (kpi_id varchar, grain varchar, period_start date, dimension varchar, segment varchar,
    denominator double, value double);
create table kpi_revisions (kpi_id varchar, grain varchar, period_start date, changed_at timestamptz,
    has_new_days boolean);
"""


def publish(path: Path, also: str = "") -> None:
    """Write the file, and alter it."""
    small_marts.publish(path, [*(row for row in ROWS if row[0] != MARGIN[0]), value(MARGIN, 2, 0.4565)])
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES + also)
