-- Accounts of customers of the shops that own the orders, some with a person behind them.
with customers as (
    {%- for vendor in vendors_of('customers') %}
    select
        '{{ vendor }}' as source,
        account_id,
        customer_id,
        person_key,
        created_at
    from {{ staged(vendor, 'customers') }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

owners as (
    select distinct source
    from {{ ref('stg_parcours__feeds') }}
    where entity = 'customers'
)

select
    customers.source,
    customers.source || ':' || customers.account_id || ':' || customers.customer_id as customer_key,
    coalesce(persons.person_key, customers.person_key) as person_key,
    customers.created_at
from customers
inner join owners on customers.source = owners.source
left join {{ ref('int_persons') }} as persons on customers.person_key = persons.address_key
where customers.created_at is not null
