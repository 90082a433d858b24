with source as (
    select * from {{ source('files', 'order_lines') }}
),

files as (
    select
        file_id,
        rank() over (order by {{ natural('file_id') }}, file_id) as file_position
    from source
    group by file_id
),

placed as (
    select
        source.*,
        files.file_position
    from source
    inner join files on source.file_id = files.file_id
)

select
    -- keys
    file_id,
    file_position,
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
    product_id,
    product_name,
    coalesce(nullif(kind, ''), 'product') as line_kind,
    quantity,
    unit_price,
    line_total,
    unit_cost,
    coalesce(is_partial, false) as is_partial
from placed
where filtered_by = ''
