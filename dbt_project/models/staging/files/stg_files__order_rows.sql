with source as (
    select * from {{ source('files', 'orders') }}
)

select
    -- keys
    file_id,
    {{ natural('file_id') }} as file_order,
    row_number as file_row,
    feed,
    order_id,

    -- times
    ordered_at,
    paid_at,
    cancelled_at,
    voided_at,

    -- people
    nullif(customer_id, '') as customer_id,
    coalesce(nullif(email_key, ''), person_id) as person_key,
    coalesce(opted_in, false) as has_opted_in,

    -- properties
    coalesce(is_test, false) as is_test,
    currency,
    country,
    coalesce(tax_included, false) as is_tax_included,
    tax_amount,
    coalesce(discount_amount, 0) as discount_amount,
    amount,
    units
from source
where filtered_by = ''
