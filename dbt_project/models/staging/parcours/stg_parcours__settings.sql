with source as (
    select * from {{ source('parcours', 'settings') }}
)

select
    business_name,
    time_zone,
    currency as reporting_currency,
    week_start,
    history_start,
    prospect_window_days,
    primary_property as primary_property_id,
    lead_event,
    north_star,
    language
from source
