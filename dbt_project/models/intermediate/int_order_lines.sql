-- Order lines of every shop with their net amount: after discounts, without tax, in the reporting currency.
with filed as (
    select
        *,
        max(file_id) over (partition by feed, order_id) as last_file_id
    from {{ ref('stg_files__order_lines') }}
),

lines as (
    select
        'files' as source,
        feed || ':' || order_id as order_key,
        file_id || ':' || cast(file_row as varchar) as order_line_key,
        *,
        min(paid_at) over (partition by feed, order_id) as order_paid_at
    from filed
    -- exports overlap: an order that stands in several files counts once, as the last file by name has it
    where file_id = last_file_id
),

netted as (
    select
        lines.*,
        {{ business_day('lines.order_paid_at', 'business.time_zone') }} as paid_on,
        lines.tax_amount is not null or not lines.is_tax_included or lines.line_kind != 'product' as is_tax_known,
        cast(
            cast(lines.quantity as decimal(38, 6)) * lines.unit_price - lines.discount_amount
            - case when lines.is_tax_included then coalesce(lines.tax_amount, 0) else 0 end as {{ money() }}
        ) as net_amount
    from lines
    cross join {{ ref('int_business') }} as business
)

select
    netted.source,
    netted.feed,
    netted.order_key,
    netted.order_line_key,
    netted.order_id,
    netted.ordered_at,
    netted.order_paid_at as paid_at,
    netted.paid_on,
    netted.voided_at,
    netted.customer_id,
    netted.person_key,
    netted.has_opted_in,
    netted.is_test,
    netted.country,
    netted.product_id,
    netted.product_name,
    netted.line_kind,
    netted.quantity,
    netted.unit_cost,
    netted.currency,
    netted.is_tax_known,
    netted.net_amount,
    {{ converted('netted.net_amount', 'rates') }} as net_amount_reporting
from netted
left join {{ ref('int_conversion_rates') }} as rates
    on
        netted.paid_on = rates.date_day
        and netted.currency = rates.currency
