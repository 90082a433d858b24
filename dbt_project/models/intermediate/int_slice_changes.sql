-- Which days of which raw table a load found changed; a day that is loaded for the first time is a change.
{{ config(materialized='view') }}

select
    source,
    table_name,
    account_id,
    date_day,
    changed_at,
    rows_before,
    rows_after
from {{ ref('stg_parcours__slice_changes') }}
