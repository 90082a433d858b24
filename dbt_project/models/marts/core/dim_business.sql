-- One row: name, zone, currency and windows of the business, and the instant that everything counts as of.
select
    business_name,
    language,
    time_zone,
    reporting_currency,
    week_start,
    history_start,
    prospect_window_days,
    upsell_window_days,
    north_star,
    through,
    as_of,
    as_of_day
from {{ ref('int_business') }}
