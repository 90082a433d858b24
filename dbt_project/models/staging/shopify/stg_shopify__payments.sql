-- Of each order the first instant at which what was paid reached what was due by then, and what it came to.
-- An order is never paid while nothing is due: a deposit that is given back with its order pays for nothing.
with source as (
    select
        shop as account_id,
        replace(id, 'gid://shopify/Order/', '') as order_id,
        coalesce(display_financial_status in ('PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'), false) as is_settled
    from {{ source('shopify', 'orders') }}
),

transactions as (
    select
        *,
        case when transaction_kind in ('sale', 'capture') then amount else 0 end as taken
    from {{ ref('stg_shopify__transactions') }}
    where is_successful and transaction_kind in ('sale', 'capture', 'refund')
),

movements as (
    select
        account_id,
        order_id,
        changed_at as happened_at,
        gross_charged as due,
        cast(0 as {{ money() }}) as paid
    from {{ ref('stg_shopify__sales') }}
    where changed_at is not null
    union all
    select
        account_id,
        order_id,
        happened_at,
        cast(0 as {{ money() }}) as due,
        case when transaction_kind = 'refund' then -amount else amount end as paid
    from transactions
),

states as (
    select
        account_id,
        order_id,
        happened_at,
        sum(due) over (partition by account_id, order_id order by happened_at) as due,
        sum(paid) over (partition by account_id, order_id order by happened_at) as paid
    from movements
),

reached as (
    select
        states.account_id,
        states.order_id,
        min(states.happened_at) as reached_at
    from states
    inner join source on states.account_id = source.account_id and states.order_id = source.order_id
    where
        states.due > 0
        and states.paid > 0
        -- coins are rounded to: what is settled may lack half a unit
        and states.paid >= states.due - case when source.is_settled then least(0.5, states.due * 0.05) else 0 end
    group by states.account_id, states.order_id
),

taken as (
    select
        account_id,
        order_id,
        max(case when taken > 0 then happened_at end) as last_taken_at,
        sum(taken) as taken
    from transactions
    group by account_id, order_id
),

now_due as (
    select
        account_id,
        order_id,
        sum(due) as due
    from movements
    group by account_id, order_id
)

select
    source.account_id,
    source.order_id,
    source.is_settled,
    reached.reached_at,
    taken.last_taken_at,
    coalesce(now_due.due, 0) as due,
    coalesce(max(states.paid), taken.taken, 0) as paid_first,
    coalesce(max(states.due), 0) as due_first,
    coalesce(taken.taken, 0) as paid_ever
from source
left join reached on source.account_id = reached.account_id and source.order_id = reached.order_id
left join taken on source.account_id = taken.account_id and source.order_id = taken.order_id
left join now_due on source.account_id = now_due.account_id and source.order_id = now_due.order_id
left join states
    on
        reached.account_id = states.account_id
        and reached.order_id = states.order_id
        and reached.reached_at = states.happened_at
group by
    source.account_id, source.order_id, source.is_settled, reached.reached_at, taken.last_taken_at, taken.taken,
    now_due.due
