-- What an order charged for when it was first paid in full: its lines, shipping, fees and tips.
-- What is added, exchanged or taken off later changes nothing here; what was taken off before was never bought.
with orders as (
    select * from {{ ref('stg_shopify__orders') }}
),

payments as (
    select * from {{ ref('stg_shopify__payments') }}
),

line_items as (
    select * from {{ ref('stg_shopify__line_items') }}
),

sales as (
    select
        sales.*,
        orders.paid_at,
        -- a line added at an unknown time was paid for if what was first paid was enough for it as well
        sum(case when sales.changed_at is null then sales.gross_charged else 0 end) over (
            partition by sales.account_id, sales.order_id order by line_items.position
        ) <= payments.paid_first - payments.due_first + 0.05 as is_paid_for
    from {{ ref('stg_shopify__sales') }} as sales
    inner join line_items on sales.account_id = line_items.account_id and sales.order_line_id = line_items.order_line_id
    inner join orders on sales.account_id = orders.account_id and sales.order_id = orders.order_id
    inner join payments on sales.account_id = payments.account_id and sales.order_id = payments.order_id
),

as_paid as (
    select
        account_id,
        order_line_id,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(net_amount_charged) as net_amount_charged
    from sales
    where case when changed_at is null then is_paid_for else changed_at <= coalesce(paid_at, changed_at) end
    group by account_id, order_line_id
)

select
    line_items.account_id,
    line_items.order_id,
    line_items.order_line_id,
    line_items.product_id,
    line_items.product_name,
    line_items.line_kind,
    cast(as_paid.quantity as {{ money() }}) as quantity,
    cast(as_paid.net_amount as {{ money() }}) as net_amount,
    cast(as_paid.net_amount_charged as {{ money() }}) as net_amount_charged,
    line_items.is_tax_known,
    line_items.unit_cost,
    line_items.cost_currency
from line_items
inner join as_paid
    on line_items.account_id = as_paid.account_id and line_items.order_line_id = as_paid.order_line_id
where as_paid.quantity > 0
union all
select
    account_id,
    order_id,
    order_line_id,
    cast(null as varchar) as product_id,
    cast(null as varchar) as product_name,
    line_kind,
    cast(1 as {{ money() }}) as quantity,
    net_amount,
    net_amount_charged,
    is_tax_known,
    cast(null as {{ money() }}) as unit_cost,
    cast(null as varchar) as cost_currency
from {{ ref('stg_shopify__charges') }}
