-- One row per order of every shop: from its lines, or as an export by order gives it.
with from_lines as (
    select
        source,
        feed,
        order_key,
        min(ordered_at) as ordered_at,
        min(paid_at) as paid_at,
        min(paid_on) as paid_on,
        max(voided_at) as voided_at,
        max(customer_id) as customer_id,
        max(person_key) as person_key,
        max(case when has_opted_in then 1 else 0 end) = 1 as has_opted_in,
        max(case when is_test then 1 else 0 end) = 1 as is_test,
        max(country) as country,
        min(case when is_tax_known then 1 else 0 end) = 1 as is_tax_known,
        -- one product line without a rate leaves the whole order unconverted
        max(case when line_kind = 'product' and net_amount_reporting is null then 1 else 0 end) = 0 as is_converted,
        cast(sum(case when line_kind = 'product' then net_amount_reporting else 0 end) as {{ money() }}) as order_value,
        cast(sum(case when line_kind = 'product' then quantity else 0 end) as {{ money() }}) as product_units
    from {{ ref('int_order_lines') }}
    group by source, feed, order_key
),

filed as (
    select
        *,
        row_number() over (partition by feed, order_id order by file_id desc, file_row desc) as latest_first
    from {{ ref('stg_files__orders') }}
),

as_given as (
    select
        'files' as source,
        orders.feed,
        orders.feed || ':' || orders.order_id as order_key,
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
        orders.tax_amount is not null or not orders.is_tax_included as is_tax_known,
        orders.amount - orders.discount_amount
        - case when orders.is_tax_included then coalesce(orders.tax_amount, 0) else 0 end as net_amount,
        orders.units as product_units
    from filed as orders
    cross join {{ ref('int_business') }} as business
    -- exports overlap: the last file by name has the order as it is now
    where orders.latest_first = 1
)

select
    source,
    feed,
    order_key,
    ordered_at,
    paid_at,
    paid_on,
    voided_at,
    customer_id,
    person_key,
    has_opted_in,
    is_test,
    country,
    is_tax_known,
    is_converted,
    order_value,
    product_units
from from_lines

union all

select
    as_given.source,
    as_given.feed,
    as_given.order_key,
    as_given.ordered_at,
    as_given.paid_at,
    as_given.paid_on,
    as_given.voided_at,
    as_given.customer_id,
    as_given.person_key,
    as_given.has_opted_in,
    as_given.is_test,
    as_given.country,
    as_given.is_tax_known,
    rates.currency is not null as is_converted,
    {{ converted('as_given.net_amount', 'rates') }} as order_value,
    as_given.product_units
from as_given
left join {{ ref('int_conversion_rates') }} as rates
    on
        as_given.paid_on = rates.date_day
        and as_given.currency = rates.currency
