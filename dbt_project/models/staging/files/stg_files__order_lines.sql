-- Exports overlap: an order that stands in several files of a feed counts once, as the last file by name has it.
with rows_of_files as (
    select
        *,
        max(file_id) over (partition by feed, order_id) as last_file_id
    from {{ ref('stg_files__order_line_rows') }}
)

select
    -- keys
    feed as account_id,
    order_id,
    file_id || ':' || cast(file_row as varchar) as order_line_id,

    -- what is charged for
    product_id,
    product_name,
    line_kind,
    cast(quantity as {{ money() }}) as quantity,

    -- amounts
    cast(
        cast(quantity as decimal(38, 6)) * unit_price - discount_amount
        - case when is_tax_included then coalesce(tax_amount, 0) else 0 end as {{ money() }}
    ) as net_amount,
    tax_amount is not null or not is_tax_included or line_kind != 'product' as is_tax_known,
    unit_cost,
    currency as cost_currency
from rows_of_files
where file_id = last_file_id
