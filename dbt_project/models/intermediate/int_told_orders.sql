-- Orders as the sources that own them tell them, one row per order.
with orders as (
    {%- for vendor in vendors_of('orders') %}
    select
        '{{ vendor }}' as source,
        account_id,
        order_id,
        transaction_id,
        ordered_at,
        paid_at,
        voided_at,
        customer_id,
        person_key,
        has_opted_in,
        is_test,
        country,
        currency,
        currency_charged,
        has_lines,
        given_amount,
        given_units,
        is_tax_known
    from {{ staged(vendor, 'orders') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

owners as (
    select distinct source
    from {{ ref('stg_parcours__feeds') }}
    where entity = 'orders'
)

select
    orders.source,
    orders.account_id,
    orders.source || ':' || orders.account_id || ':' || orders.order_id as order_key,
    orders.transaction_id,
    orders.ordered_at,
    orders.paid_at,
    {{ business_day('orders.paid_at', 'business.time_zone') }} as paid_on,
    orders.voided_at,
    orders.customer_id,
    orders.person_key,
    orders.has_opted_in,
    orders.is_test,
    orders.country,
    orders.currency,
    orders.currency_charged,
    orders.has_lines,
    orders.given_amount,
    orders.given_units,
    orders.is_tax_known
from orders
-- of an order that is told by a shop and by whom it pays through, one counts
inner join owners on orders.source = owners.source
cross join {{ ref('int_business') }} as business
-- a shop may hold orders of the one before it; an order counts in the shop that it was placed in
{{ in_window('orders.source', business_day('coalesce(orders.ordered_at, orders.paid_at)', 'business.time_zone')) }}
