-- What one unit of an amount is worth in its currency, where that is not a hundredth: one row per currency.
-- Stripe's own table (https://docs.stripe.com/currencies): ISK and UGX have no cents, yet are given in hundredths.
select
    listed.currency,
    cast(listed.minor_unit as decimal(4, 3)) as minor_unit
from (
    values
    ('BIF', 1),
    ('CLP', 1),
    ('DJF', 1),
    ('GNF', 1),
    ('JPY', 1),
    ('KMF', 1),
    ('KRW', 1),
    ('MGA', 1),
    ('PYG', 1),
    ('RWF', 1),
    ('VND', 1),
    ('VUV', 1),
    ('XAF', 1),
    ('XOF', 1),
    ('XPF', 1),
    ('BHD', 0.001),
    ('JOD', 0.001),
    ('KWD', 0.001),
    ('OMR', 0.001),
    ('TND', 0.001)
) as listed (currency, minor_unit)
