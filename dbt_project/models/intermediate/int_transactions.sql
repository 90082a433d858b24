-- The channel of each purchase that the site told web analytics: the session that it happened in, one per transaction.
with ranked as (
    select
        transactions.*,
        row_number() over (
            partition by transactions.transaction_id
            order by transactions.date_day, transactions.session_source, transactions.session_medium
        ) as first_seen
    from {{ ref('stg_google_analytics__transactions') }} as transactions
    inner join {{ ref('int_business') }} as business on transactions.property_id = business.primary_property_id
    {{ in_window("'google_analytics'", 'transactions.date_day') }}
    where transactions.transaction_id is not null
)

select
    transaction_id,
    session_source || ' / ' || session_medium as channel,
    session_campaign_name as campaign
from ranked
where first_seen = 1
