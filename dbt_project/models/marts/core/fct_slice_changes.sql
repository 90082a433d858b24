-- One row per raw table, account, day and load that found the day changed.
{{ config(materialized='incremental', unique_key='changed_at') }}

select
    source,
    table_name,
    account_id,
    date_day,
    changed_at,
    rows_before,
    rows_after
from {{ ref('int_slice_changes') }}
{%- if is_incremental() %}
where changed_at >= (select coalesce(max(changed_at), cast('1970-01-01' as timestamp)) from {{ this }})
{%- endif %}
