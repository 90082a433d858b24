-- Items viewed and purchased on the primary property, one row per day.
-- depends_on: {{ ref('int_changed_slices') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ delete_changed_slices('google_analytics', 'items_by_day', ['date_day']) }}"
) }}

select
    items.date_day,
    items.items_viewed,
    items.items_purchased
from {{ ref('int_items') }} as items
cross join {{ ref('int_business') }} as business
where items.date_day <= business.through
{%- if is_incremental() %}
    and (items.date_day) in {{ changed_slices('google_analytics', 'items_by_day', ['date_day']) }}
{%- endif %}
