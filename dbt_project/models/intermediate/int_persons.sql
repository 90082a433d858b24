-- Whose an address is, where a contact has had several: all that are tied by contacts, of whatever tool, are one
-- person's, who goes by the first of these keys. An address that is not here is a person of its own.
with recursive held as (
    select distinct
        contact_key,
        address_key
    from {{ ref('int_told_opt_ins') }}
    where contact_key is not null
),

changed as (
    select contact_key
    from held
    group by contact_key
    having count(*) > 1
),

changed_addresses as (
    select
        held.contact_key,
        held.address_key
    from held
    inner join changed on held.contact_key = changed.contact_key
),

ties as (
    select distinct
        one.address_key,
        other.address_key as tied_key
    from changed_addresses as one
    inner join changed_addresses as other on one.contact_key = other.contact_key
),

-- what one contact ties to a second address, another may tie to a third
reached as (
    select
        address_key,
        tied_key
    from ties
    union distinct
    select
        reached.address_key,
        ties.tied_key
    from reached
    inner join ties on reached.tied_key = ties.address_key
)

select
    address_key,
    min(tied_key) as person_key
from reached
group by address_key
