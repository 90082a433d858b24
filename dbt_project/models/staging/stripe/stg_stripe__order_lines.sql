-- Lines of invoices, and their shipping cost as a line of its own.
with invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

lines as (
    select * from {{ ref('stg_stripe__invoice_lines') }}
),

products as (
    select * from {{ ref('stg_stripe__products') }}
),

sold as (
    select
        lines.invoice_id,
        sum(lines.amount - lines.discount_amount - lines.inclusive_tax_amount) as amount
    from lines
    left join products on lines.product_id = products.product_id
    where coalesce(products.line_kind, 'product') = 'product'
    group by lines.invoice_id
)

select
    '' as account_id,
    lines.invoice_id as order_id,
    lines.invoice_line_id as order_line_id,
    lines.product_id,
    products.product_name,
    coalesce(products.line_kind, 'product') as line_kind,
    -- a credit, as for the rest of a subscription's period, sells nothing
    case when lines.amount < 0 then cast(0 as {{ money() }}) else lines.quantity end as quantity,
    cast(lines.amount - lines.discount_amount - lines.inclusive_tax_amount as {{ money() }}) as net_amount,
    net_amount as net_amount_charged,
    invoices.is_tax_known and lines.is_tax_known as is_tax_known,
    cast(null as {{ money() }}) as unit_cost,
    cast(null as varchar) as cost_currency
from lines
inner join invoices on lines.invoice_id = invoices.invoice_id
left join products on lines.product_id = products.product_id

union all

-- what a credit note took off before payment is a discount, of which the products have their share
select
    '' as account_id,
    invoices.invoice_id as order_id,
    invoices.invoice_id || ':credited' as order_line_id,
    cast(null as varchar) as product_id,
    cast(null as varchar) as product_name,
    'product' as line_kind,
    cast(0 as {{ money() }}) as quantity,
    cast(
        -round(
            cast(invoices.credited_before_payment as double) * cast(sold.amount as double)
            / cast(invoices.total as double),
            3
        ) as {{ money() }}
    ) as net_amount,
    net_amount as net_amount_charged,
    invoices.is_tax_known,
    cast(null as {{ money() }}) as unit_cost,
    cast(null as varchar) as cost_currency
from invoices
inner join sold on invoices.invoice_id = sold.invoice_id
where
    invoices.credited_before_payment > 0
    and invoices.total > 0

union all

select
    '' as account_id,
    invoice_id as order_id,
    invoice_id || ':shipping' as order_line_id,
    cast(null as varchar) as product_id,
    cast(null as varchar) as product_name,
    'shipping' as line_kind,
    cast(1 as {{ money() }}) as quantity,
    shipping_excluding_tax as net_amount,
    shipping_excluding_tax as net_amount_charged,
    is_tax_known,
    cast(null as {{ money() }}) as unit_cost,
    cast(null as varchar) as cost_currency
from invoices
where
    shipping_excluding_tax is not null
    and status != 'draft'
