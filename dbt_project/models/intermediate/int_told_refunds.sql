-- Money given back, one row per refunded line, as the shops tell it.
with refunds as (
    {%- for vendor in vendors_of('refunds') %}
    select
        '{{ vendor }}' as source,
        account_id,
        refund_id,
        order_id,
        order_line_id,
        refunded_at,
        quantity,
        net_amount,
        net_amount_charged,
        currency,
        currency_charged
    from {{ staged(vendor, 'refunds') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    refunds.source || ':' || refunds.account_id || ':' || refunds.refund_id as refund_key,
    refunds.source || ':' || refunds.account_id || ':' || refunds.order_id as order_key,
    refunds.source || ':' || refunds.account_id || ':' || refunds.order_line_id as order_line_key,
    refunds.refunded_at,
    {{ business_day('refunds.refunded_at', 'business.time_zone') }} as refunded_on,
    refunds.quantity,
    refunds.net_amount,
    refunds.net_amount_charged,
    refunds.currency,
    refunds.currency_charged
from refunds
cross join {{ ref('int_business') }} as business
