-- The north star where the settings give a query for it. A view: it is answered when the facts are there.
{{ config(materialized='view') }}

select
    grain,
    period_start,
    value
from {{ ref('int_north_star') }}
