-- On which days of the week people buy: 1 is Monday.
select
    cast(extract(isodow from date_day) as integer) as weekday,
    count(*) as purchases
from {{ ref('fct_orders') }}
group by 1
