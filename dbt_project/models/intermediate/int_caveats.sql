-- What the vendors say about the quality of the rows that KPIs are made of: of a period, of a day, or of all days.
select
    caveats.source,
    caveats.table_name,
    caveats.account_id,
    caveats.grain,
    caveats.date_day,
    caveats.caveat,
    caveats.detail
from {{ ref('stg_parcours__caveats') }} as caveats
cross join {{ ref('int_business') }} as business
-- other properties feed no KPI
where caveats.source != 'google_analytics' or caveats.account_id = business.primary_property_id
