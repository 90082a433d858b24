-- What the payment of an order has gone through, one row per transaction.
-- Kinds: authorization, sale, capture (money taken), void, refund; only a successful one happened.
with source as (
    select
        shop,
        id as order_id,
        {{ to_utc('created_at') }} as created_at,
        {{ to_utc('processed_at') }} as processed_at,
        unnest(cast(cast(transactions as json) as json[])) as item
    from {{ source('shopify', 'orders') }}
),

transactions as (
    select
        *,
        coalesce(
            {{ to_utc(json_text('item', 'processedAt')) }}, {{ to_utc(json_text('item', 'createdAt')) }}
        ) as happened_at,
        -- an order that was imported: it was made here long after it had been processed elsewhere
        processed_at < created_at - interval '1 hour' as is_imported
    from source
)

select
    shop as account_id,
    replace(order_id, 'gid://shopify/Order/', '') as order_id,
    {{ json_text('item', 'id') }} as transaction_id,
    lower({{ json_text('item', 'kind') }}) as transaction_kind,
    {{ json_text('item', 'status') }} = 'SUCCESS' as is_successful,
    case
        -- its payment is written down while it is imported, and was made before
        when is_imported and happened_at between created_at and created_at + interval '1 hour' then processed_at
        else happened_at
    end as happened_at,
    {{ shopify_money('item', 'amountSet', is_charged=true) }} as amount
from transactions
