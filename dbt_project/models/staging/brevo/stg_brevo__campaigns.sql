with source as (
    select * from {{ source('brevo', 'campaigns') }}
)

select
    -- keys
    cast(id as varchar) as campaign_id,
    -- a campaign to several lists is of none of them
    case
        when {{ json_text('recipients', 'lists[1]') }} is null then {{ json_text('recipients', 'lists[0]') }}
    end as list_id,

    -- properties
    type as campaign_type,
    status,
    coalesce(ab_testing, false) as is_ab_test,

    -- times
    {{ to_utc('created_at') }} as created_at,
    {{ to_utc('sent_date') }} as sent_at,

    -- counts of recipients; trackable views are those without a privacy proxy
    statistics__global_stats__sent as emails_sent,
    statistics__global_stats__delivered as emails_delivered,
    coalesce(statistics__global_stats__trackable_views, statistics__global_stats__unique_views) as emails_opened,
    statistics__global_stats__unique_views as emails_opened_with_proxies,
    statistics__global_stats__trackable_views is null as has_proxies_in_opens,
    statistics__global_stats__unique_clicks as emails_clicked
from source
