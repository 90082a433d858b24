-- One row: the settings, and the instant that everything counts as of.
with settings as (
    select * from {{ ref('stg_parcours__settings') }}
),

refreshes as (
    select
        max(through) as through,
        max(refreshed_at) as as_of
    from {{ ref('stg_parcours__refreshes') }}
),

upsells as (
    select coalesce(max(window_days), 0) as window_days
    from {{ ref('stg_parcours__upsell_products') }}
)

select
    settings.business_name,
    settings.language,
    settings.time_zone,
    settings.reporting_currency,
    settings.week_start,
    settings.history_start,
    settings.prospect_window_days,
    settings.primary_property_id,
    settings.north_star,
    upsells.window_days as upsell_window_days,
    -- an older --through only reads again: what is published never moves back
    refreshes.through,
    refreshes.as_of,
    {{ business_day('refreshes.as_of', 'settings.time_zone') }} as as_of_day
from settings
cross join refreshes
cross join upsells
