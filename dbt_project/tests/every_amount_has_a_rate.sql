-- What has no rate counts in no sum of money: a row for each currency that lacks one, and what is left out by it.
{{ config(severity='warn') }}

with business as (
    select * from {{ ref('int_business') }}
),

purchases as (
    select * from {{ ref('fct_orders') }}
),

unconverted as (
    select
        'purchases' as left_out,
        currency_charged as currency,
        date_day
    from purchases
    where not is_converted
    union all
    select
        'marketing spend' as left_out,
        currency_charged as currency,
        date_day
    from {{ ref('fct_ad_spend') }}
    where amount is null
    union all
    select
        'refunds' as left_out,
        refunds.currency,
        refunds.refunded_on as date_day
    from {{ ref('int_refunds') }} as refunds
    inner join purchases on refunds.order_key = purchases.order_key
    where
        refunds.net_amount is not null
        and refunds.net_amount_reporting is null
    union all
    select
        'costs' as left_out,
        lines.cost_currency as currency,
        purchases.date_day
    from {{ ref('int_order_lines') }} as lines
    inner join purchases on lines.order_key = purchases.order_key
    where
        lines.unit_cost is not null
        and lines.cost_reporting is null
)

select
    unconverted.left_out,
    unconverted.currency,
    count(*) as amounts,
    min(unconverted.date_day) as first_day,
    max(unconverted.date_day) as last_day
from unconverted
cross join business
-- what is older than the history counts in no period
where unconverted.date_day between business.history_start and business.through
group by unconverted.left_out, unconverted.currency
