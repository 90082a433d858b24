-- How far reports with dimensions are from the totals asked without: what the vendor withheld, lumped or counted twice.
-- Over the last five weeks that both have loaded: longer than vendors restate, and not diluted by years.
-- The rows of a report: model, account, day, and which rows count.
{% set site = (
    'stg_google_analytics__period_metrics',
    'property_id',
    'period_start',
    "report = 'site' and grain = 'day' and definition in (select definition from current_reports)",
) %}
{% set traffic = ('stg_google_analytics__traffic', 'property_id', 'date_day', 'true') %}
{% set transactions = ('stg_google_analytics__transactions', 'property_id', 'date_day', 'true') %}
{% set items = ('stg_google_analytics__items_by_day', 'property_id', 'date_day', 'true') %}
{% set products = ('stg_google_analytics__items_by_product', 'property_id', 'date_day', 'true') %}
{% set ads = ('stg_facebook_ads__insights', 'account_id', 'date_day', 'true') %}
{% set countries = ('stg_facebook_ads__insights_by_country', 'account_id', 'date_day', 'true') %}
{% set platforms = ('stg_facebook_ads__insights_by_platform', 'account_id', 'date_day', 'true') %}
-- Each comparison: source, raw table with dimensions and that of the totals, metric, rows of the one and of the other.
{% set comparisons = [
    ('google_analytics', 'traffic_by_day', 'period_metrics', 'sessions', traffic, site),
    ('google_analytics', 'transactions_by_day', 'period_metrics', 'purchases', transactions, site),
    ('google_analytics', 'items_by_product', 'items_by_day', 'items_viewed', products, items),
    ('google_analytics', 'items_by_product', 'items_by_day', 'items_purchased', products, items),
    ('facebook_ads', 'ads_insights_by_country', 'ads_insights', 'spend', countries, ads),
    ('facebook_ads', 'ads_insights_by_country', 'ads_insights', 'impressions', countries, ads),
    ('facebook_ads', 'ads_insights_by_platform', 'ads_insights', 'spend', platforms, ads),
    ('facebook_ads', 'ads_insights_by_platform', 'ads_insights', 'impressions', platforms, ads),
] %}

with current_reports as (
    -- rows that an earlier setting asked for stay in raw
    select definition
    from {{ ref('stg_parcours__scopes') }}
    where
        source = 'google_analytics'
        and table_name = 'period_metrics'
),

amounts as (
    {%- for source, table_name, total_table, metric, dimensional, totals in comparisons %}
    {%- for model, account, day, condition in (totals, dimensional) %}
    select
        '{{ source }}' as source,
        {{ account }} as account_id,
        '{{ table_name }}' as table_name,
        '{{ total_table }}' as total_table,
        '{{ metric }}' as metric,
        {{ day }} as date_day,
        {{ metric if loop.first else 0 }} as total,
        {{ 0 if loop.first else metric }} as dimensional
    from {{ ref(model) }}
    where {{ condition }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

windows as (
    select
        dimensional.source,
        dimensional.table_name,
        totals.table_name as total_table,
        greatest(
            dimensional.loaded_from,
            totals.loaded_from,
            cast({{ dbt.dateadd('day', -34, 'least(dimensional.loaded_through, totals.loaded_through)') }} as date)
        ) as first_day,
        least(dimensional.loaded_through, totals.loaded_through) as last_day
    from {{ ref('int_source_tables') }} as dimensional
    inner join {{ ref('int_source_tables') }} as totals on dimensional.source = totals.source
    where
        dimensional.loaded_through is not null
        and totals.loaded_through is not null
),

summed as (
    select
        amounts.source,
        amounts.account_id,
        amounts.table_name,
        amounts.metric,
        windows.first_day,
        windows.last_day,
        cast(sum(amounts.total) as {{ money() }}) as total,
        cast(sum(amounts.dimensional) as {{ money() }}) as dimensional_sum
    from amounts
    inner join windows
        on
            amounts.source = windows.source
            and amounts.table_name = windows.table_name
            and amounts.total_table = windows.total_table
            and amounts.date_day between windows.first_day and windows.last_day
    group by
        amounts.source, amounts.account_id, amounts.table_name, amounts.metric, windows.first_day, windows.last_day
)

select
    source,
    account_id,
    table_name,
    metric,
    first_day,
    last_day,
    total,
    dimensional_sum,
    cast(dimensional_sum - total as {{ money() }}) as gap,
    {{ safe_divide('dimensional_sum - total', 'total') }} as gap_share
from summed
