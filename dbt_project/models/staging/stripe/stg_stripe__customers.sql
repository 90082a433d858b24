with source as (
    select * from {{ source('stripe', 'customers') }}
)

select
    '' as account_id,
    id as customer_id,
    nullif(email_key, '') as person_key,
    {{ from_unix('created') }} as created_at
from source
