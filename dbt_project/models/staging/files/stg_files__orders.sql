-- One row per order: put together from its lines, or as an export by order gives it.
-- Exports overlap: of an order that stands in several files of a feed, the last file by name has it as it is now.
with line_rows as (
    select
        *,
        max(file_position) over (partition by feed, order_id) as last_position
    from {{ ref('stg_files__order_line_rows') }}
),

order_rows as (
    select
        *,
        row_number() over (
            partition by feed, order_id order by file_order desc, file_id desc, file_row desc
        ) as latest_first
    from {{ ref('stg_files__order_rows') }}
)

select
    feed as account_id,
    order_id,
    cast(null as varchar) as transaction_id,
    min(ordered_at) as ordered_at,
    min(paid_at) as paid_at,
    max(voided_at) as voided_at,
    max(customer_id) as customer_id,
    max(person_key) as person_key,
    bool_or(has_opted_in) as has_opted_in,
    bool_or(is_test) as is_test,
    max(country) as country,
    max(currency) as currency,
    max(currency) as currency_charged,
    -- an order of which a line was refused has no value
    not bool_or(is_partial) as has_lines,
    cast(null as {{ money() }}) as given_amount,
    cast(null as bigint) as given_units,
    true as is_tax_known
from line_rows
where file_position = last_position
group by feed, order_id

union all

select
    feed as account_id,
    order_id,
    cast(null as varchar) as transaction_id,
    ordered_at,
    paid_at,
    voided_at,
    customer_id,
    person_key,
    has_opted_in,
    is_test,
    country,
    currency,
    currency as currency_charged,
    false as has_lines,
    cast(
        amount - discount_amount - case when is_tax_included then coalesce(tax_amount, 0) else 0 end as {{ money() }}
    ) as given_amount,
    cast(units as bigint) as given_units,
    tax_amount is not null or not is_tax_included as is_tax_known
from order_rows
where latest_first = 1
