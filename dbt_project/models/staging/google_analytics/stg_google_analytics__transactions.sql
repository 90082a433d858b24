with source as (
    select * from {{ source('google_analytics', 'transactions_by_day') }}
)

select
    property_id,
    date_day,
    nullif(nullif(transaction_id, '(not set)'), '') as transaction_id,
    session_source,
    session_medium,
    session_campaign_name,
    cast(purchases as bigint) as purchases
from source
