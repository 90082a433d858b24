-- Lines of finalised invoices. `amount` is before discounts, and holds the inclusive tax where there is one.
with source as (
    select * from {{ source('stripe', 'invoice_lines') }}
),

currencies as (
    select * from {{ ref('stg_stripe__currencies') }}
),

discounts as (
    select
        source.id,
        sum(cast({{ json_text('discounts.discount', 'amount') }} as bigint)) as amount
    from source, unnest(cast(json_extract(source.discount_amounts, '$[*]') as json[])) as discounts (discount)
    group by source.id
),

inclusive_taxes as (
    select
        source.id,
        sum(
            case
                when {{ json_text('taxes.tax', 'tax_behavior') }} = 'inclusive'
                    then cast({{ json_text('taxes.tax', 'amount') }} as bigint)
                else 0
            end
        ) as amount,
        -- of a behavior that nobody knows, it is not known whether the amount holds the tax
        min(
            case
                when {{ json_text('taxes.tax', 'tax_behavior') }} in ('exclusive', 'inclusive', 'unspecified') then 1
                else 0
            end
        ) = 1 as is_known
    from source, unnest(cast(json_extract(source.taxes, '$[*]') as json[])) as taxes (tax)
    group by source.id
)

select
    -- keys
    source.invoice as invoice_id,
    source.id as invoice_line_id,
    source.pricing__price_details__product as product_id,

    -- amounts
    upper(source.currency) as currency,
    cast(coalesce(cast(source.quantity_decimal as decimal(18, 6)), source.quantity, 1) as {{ money() }}) as quantity,
    cast(source.amount * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as amount,
    cast(coalesce(discounts.amount, 0) * coalesce(currencies.minor_unit, 0.01) as {{ money() }}) as discount_amount,
    cast(
        coalesce(inclusive_taxes.amount, 0) * coalesce(currencies.minor_unit, 0.01) as {{ money() }}
    ) as inclusive_tax_amount,
    coalesce(inclusive_taxes.is_known, true) as is_tax_known
from source
left join currencies on upper(source.currency) = currencies.currency
left join discounts on source.id = discounts.id
left join inclusive_taxes on source.id = inclusive_taxes.id
