-- What the orders charge for, as the shops tell it.
with lines as (
    {%- for vendor in vendors_of('order_lines') %}
    select
        '{{ vendor }}' as source,
        account_id,
        order_id,
        order_line_id,
        product_id,
        product_name,
        line_kind,
        quantity,
        net_amount,
        net_amount_charged,
        is_tax_known,
        unit_cost,
        cost_currency
    from {{ staged(vendor, 'order_lines') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    source || ':' || account_id || ':' || order_id as order_key,
    source || ':' || account_id || ':' || order_line_id as order_line_key,
    product_id,
    product_name,
    line_kind,
    quantity,
    net_amount,
    net_amount_charged,
    is_tax_known,
    unit_cost,
    cost_currency
from lines
