-- One row per declared pair and customer: the first purchase ever of a base product, and whether the upsell followed.
-- Of who had an account before our history, the first one is unknown: they are in no pair.
with products as (
    select * from {{ ref('int_upsell_products') }}
),

bought as (
    select
        products.pair,
        products.role,
        products.window_days,
        products.same_order,
        orders.buyer_key,
        orders.order_key,
        orders.paid_at,
        orders.date_day
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('fct_orders') }} as orders on lines.order_key = orders.order_key
    inner join products on lines.product_id = products.product_id
    left join {{ ref('int_earlier_customers') }} as earlier on orders.buyer_key = earlier.buyer_key
    where
        orders.buyer_key is not null
        and earlier.buyer_key is null
),

bases as (
    select
        *,
        row_number() over (partition by pair, buyer_key order by paid_at, order_key) as purchase_number
    from bought
    where role = 'base'
),

first_bases as (
    select * from bases
    where purchase_number = 1
)

select
    first_bases.pair,
    first_bases.buyer_key,
    first_bases.order_key,
    first_bases.date_day,
    count(upsells.order_key) > 0 as has_bought_upsell,
    {{ dbt.dateadd('second', '86400 * max(first_bases.window_days)', 'max(first_bases.paid_at)') }}
    > max(business.as_of) as is_window_open
from first_bases
cross join {{ ref('int_business') }} as business
left join bought as upsells
    on
        first_bases.pair = upsells.pair
        and first_bases.buyer_key = upsells.buyer_key
        and upsells.role = 'upsell'
        and (
            (first_bases.same_order and first_bases.order_key = upsells.order_key)
            or (
                first_bases.paid_at < upsells.paid_at
                and upsells.paid_at
                <= {{ dbt.dateadd('second', '86400 * first_bases.window_days', 'first_bases.paid_at') }}
            )
        )
group by first_bases.pair, first_bases.buyer_key, first_bases.order_key, first_bases.date_day
