with source as (
    select * from {{ source('shopify', 'customers') }}
)

select
    shop as account_id,
    replace(id, 'gid://shopify/Customer/', '') as customer_id,
    nullif(email_key, '') as person_key,
    {{ to_utc('created_at') }} as created_at
from source
