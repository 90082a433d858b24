-- One row per prospect: a person with a confirmed opt-in, by the day of the earliest one.
with first_purchases as (
    select
        person_key,
        min(paid_at) as paid_at
    from {{ ref('fct_orders') }}
    where person_key is not null
    group by person_key
),

business as (
    select * from {{ ref('int_business') }}
)

select
    prospects.person_key,
    prospects.source,
    prospects.opted_in_at,
    prospects.is_approximate,
    prospects.opted_in_on as date_day,
    first_purchases.paid_at as first_purchased_at,
    coalesce(first_purchases.paid_at < prospects.opted_in_at, false) as has_purchased_before,
    coalesce(
        first_purchases.paid_at >= prospects.opted_in_at
        and first_purchases.paid_at
        <= {{ dbt.dateadd('second', '86400 * business.prospect_window_days', 'prospects.opted_in_at') }},
        false
    ) as has_converted,
    -- an account of before our history may have bought before
    earlier.buyer_key is not null as is_first_purchase_unknown,
    {{ dbt.dateadd('second', '86400 * business.prospect_window_days', 'prospects.opted_in_at') }} > business.as_of
        as is_window_open
from {{ ref('int_prospects') }} as prospects
cross join business
left join first_purchases on prospects.person_key = first_purchases.person_key
left join {{ ref('int_earlier_customers') }} as earlier on prospects.person_key = earlier.buyer_key
where prospects.opted_in_on <= business.through
