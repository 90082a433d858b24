-- One row per person with an address: the first purchase, and how long after the first opt-in it came. Of who had an
-- account before our history, it may not be the first one, and no time is known.
with ranked as (
    select
        *,
        row_number() over (partition by person_key order by paid_at, order_key) as purchase_number
    from {{ ref('fct_orders') }}
    where person_key is not null
),

accounts as (
    select
        person_key,
        min(created_at) as created_at
    from {{ ref('int_customers') }}
    where person_key is not null
    group by person_key
),

started as (
    select
        ranked.order_key,
        ranked.person_key,
        ranked.paid_at,
        ranked.date_day,
        case
            -- who opts in while ordering has waited no time at all
            when
                ranked.has_opted_in
                and coalesce(prospects.opted_in_at >= coalesce(ranked.ordered_at, ranked.paid_at), true)
                then ranked.paid_at
            -- who never opted in began with an account
            else coalesce(prospects.opted_in_at, accounts.created_at)
        end as started_at,
        earlier.buyer_key is not null as is_unknown
    from ranked
    left join {{ ref('int_prospects') }} as prospects on ranked.person_key = prospects.person_key
    left join accounts on ranked.person_key = accounts.person_key
    left join {{ ref('int_earlier_customers') }} as earlier on ranked.person_key = earlier.buyer_key
    where ranked.purchase_number = 1
)

select
    order_key,
    person_key,
    date_day,
    paid_at,
    started_at,
    is_unknown,
    case
        when started_at <= paid_at and not is_unknown then {{ dbt.datediff('started_at', 'paid_at', 'second') }}
    end as seconds_to_purchase,
    not is_unknown and coalesce(started_at > paid_at, false) as is_before_opt_in
from started
