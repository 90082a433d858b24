-- What the payment of an order has gone through, one row per transaction.
-- Kinds: authorization, sale, capture (money taken), void, refund; only a successful one happened.
with source as (
    select
        shop,
        id as order_id,
        unnest(cast(cast(transactions as json) as json[])) as item
    from {{ source('shopify', 'orders') }}
)

select
    shop as account_id,
    replace(order_id, 'gid://shopify/Order/', '') as order_id,
    {{ json_text('item', 'id') }} as transaction_id,
    lower({{ json_text('item', 'kind') }}) as transaction_kind,
    {{ json_text('item', 'status') }} = 'SUCCESS' as is_successful,
    coalesce(
        {{ to_utc(json_text('item', 'processedAt')) }}, {{ to_utc(json_text('item', 'createdAt')) }}
    ) as happened_at,
    cast({{ json_text('item', 'amountSet.presentmentMoney.amount') }} as {{ money() }}) as amount
from source
