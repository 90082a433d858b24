-- For every day and currency, the rates that convert it: those of the last day on or before it that the ECB published.
-- A currency that is not among that day's has none: the ECB names it no more, and its last rate grows old.
with published_days as (
    select
        date_day as valid_from,
        lead(date_day) over (order by date_day) as valid_until
    from (select distinct date_day from {{ ref('stg_ecb__rates') }}) as days
),

published as (
    select
        rates.currency,
        rates.units_per_euro,
        published_days.valid_from,
        published_days.valid_until
    from {{ ref('stg_ecb__rates') }} as rates
    inner join published_days on rates.date_day = published_days.valid_from
    union all
    select
        'EUR' as currency,
        1 as units_per_euro,
        cast('1999-01-01' as date) as valid_from,
        cast(null as date) as valid_until
),

daily as (
    select
        days.date_day,
        published.currency,
        published.units_per_euro
    from {{ ref('int_days') }} as days
    inner join published
        on
            days.date_day >= published.valid_from
            and (days.date_day < published.valid_until or published.valid_until is null)
),

business as (
    select * from {{ ref('int_business') }}
)

select
    daily.date_day,
    daily.currency,
    daily.units_per_euro,
    business.reporting_currency,
    reporting.units_per_euro as reporting_units_per_euro
from daily
cross join business
inner join daily as reporting
    on
        daily.date_day = reporting.date_day
        and business.reporting_currency = reporting.currency
where daily.currency != business.reporting_currency

union all

-- an amount in the reporting currency needs no rate
select
    days.date_day,
    business.reporting_currency as currency,
    1 as units_per_euro,
    business.reporting_currency,
    1 as reporting_units_per_euro
from {{ ref('int_days') }} as days
cross join business
