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
    -- the vendor gives an archived campaign's sending no more, only when it was scheduled; some never went out
    case
        when sent_date is not null then {{ to_utc('sent_date') }}
        when status = 'archive' and statistics__global_stats__sent > 0 then {{ to_utc('scheduled_at') }}
    end as sent_at,

    -- counts of recipients; trackable views are those without a privacy proxy
    statistics__global_stats__sent as emails_sent,
    statistics__global_stats__delivered as emails_delivered,
    coalesce(statistics__global_stats__trackable_views, statistics__global_stats__unique_views) as emails_opened,
    statistics__global_stats__unique_views as emails_opened_with_proxies,
    statistics__global_stats__trackable_views is null as has_proxies_in_opens,
    statistics__global_stats__unique_clicks as emails_clicked
from source
