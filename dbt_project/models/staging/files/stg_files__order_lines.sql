-- Exports overlap: an order that stands in several files of a feed counts once, as the last file by name has it.
with rows_of_files as (
    select
        *,
        max(file_position) over (partition by feed, order_id) as last_position,
        bool_or(is_partial) over (partition by feed, order_id, file_id) as is_order_partial
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
        coalesce(line_total, cast(quantity as decimal(38, 6)) * unit_price) - discount_amount
        - case when is_tax_included then coalesce(tax_amount, 0) else 0 end as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    tax_amount is not null or not is_tax_included or line_kind != 'product' as is_tax_known,
    unit_cost,
    currency as cost_currency
from rows_of_files
where
    file_position = last_position
    -- an order of which a line was refused has no value: neither have its other lines
    and not is_order_partial
