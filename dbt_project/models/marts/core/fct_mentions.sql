-- One row per public post or article that mentions the brand.
select
    mentions.mention_key,
    mentions.source,
    mentions.channel,
    mentions.date_day
from {{ ref('int_mentions') }} as mentions
cross join {{ ref('int_business') }} as business
where mentions.date_day <= business.through
