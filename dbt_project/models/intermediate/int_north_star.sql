-- The values of the business's own north star, where it is a query. A view: it is answered when the facts are there.
{{ config(materialized='view') }}

select
    grain,
    period_start,
    value
from {{ ref('stg_parcours__north_star') }}
