with source as (
    select * from {{ source('woocommerce', 'customers') }}
)

select
    site as account_id,
    cast(id as varchar) as customer_id,
    nullif(email_key, '') as person_key,
    {{ to_utc("date_created_gmt || 'Z'") }} as created_at
from source
