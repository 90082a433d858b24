"""A published file made by hand with the whole catalogue: what an assistant is asked about, and two months of it."""

from datetime import date
from pathlib import Path

import duckdb

from flows.catalog import kpis
from tests.app.small_marts import AS_OF, VALUES

# KPI → numerator, denominator and value of September and of October 2026; those that are left out are not connected.
MONTHS: dict[str, tuple[tuple[float | None, ...], tuple[float | None, ...]]] = {
    "unique_visitors": ((None, None, 11000), (None, None, 12345)),
    "visitors_from_google": ((None, None, 5000), (None, None, 5432)),
    "visitors_from_facebook": ((None, None, 2000), (None, None, 1999)),
    "retargeting_audience_size": ((None, None, 8000), (None, None, 8100)),
    "social_interactions": ((None, None, 40), (None, None, -7)),
    "avg_session_duration": ((900000, 10000, 90), (960000, 12000, 80)),
    "bounce_rate": ((4000, 10000, 0.4), (3000, 12000, 0.25)),
    "comments": ((None, None, 64), (None, None, 71)),
    "email_open_rate": ((2000, 8000, 0.25), (2400, 8000, 0.3)),
    "email_click_rate": ((160, 8000, 0.02), (240, 8000, 0.03)),
    "new_prospects": ((None, None, 120), (None, None, 150)),
    "capture_page_conversion_rate": ((60, 600, 0.1), (75, 500, 0.15)),
    "cost_per_prospect": ((1200, 120, 10), (1800, 150, 12)),
    "facebook_fans": ((None, None, 3300), (None, None, 3456)),
    "purchases": ((None, None, 126), (None, None, 129)),
    "product_conversion_rate": ((210, 4200, 0.05), (252, 4200, 0.06)),
    "average_basket": ((7245, 126, 57.5), (7740, 129, 60)),
    "products_sold": ((None, None, 402), (None, None, 417)),
    "cart_abandonment_rate": ((330, 500, 0.66), (384, 600, 0.64)),
    "avg_days_to_first_purchase": ((1000, 80, 12.5), (880, 80, 11)),
    "support_tickets": ((None, None, 44), (None, None, 38)),
    "customer_satisfaction": ((45, 50, 0.9), (57, 60, 0.95)),
    "upsell_conversion_rate": ((8, 40, 0.2), (9, 36, 0.25)),
    "followup_email_open_rate": ((300, 600, 0.5), (330, 600, 0.55)),
    "purchase_frequency": ((1280, 1000, 1.28), (1350, 1000, 1.35)),
    "brand_mentions": ((None, None, 14), (None, None, 17)),
    "nps": ((20, 50, 40), (27, 60, 45)),
    "customer_reviews": ((None, None, 21), (None, None, 23)),
    "affiliates": ((None, None, 44), (None, None, 47)),
    "prospect_to_customer_rate": ((12, 120, 0.1), (12, 150, 0.08)),
    "gross_margin_rate": ((4347, 7245, 0.6), (4257, 7740, 0.55)),
}
STARTS = ((date(2026, 9, 1), date(2026, 9, 30)), (date(2026, 10, 1), date(2026, 10, 31)))
CATALOG = (
    *("kpi_id", "stage", "position", "label_fr", "label_en", "definition", "definition_fr", "synonyms"),
    *("aggregation_class", "numerator", "denominator", "unit", "good", "cadence"),
)
OTHER_TABLES = """
create table dim_sources as from (values ('mailchimp', 'Mailchimp'), ('shopify', 'Shopify')) as _ (source, title);

create table kpi_comparisons as
select
    'purchases' as kpi_id, 'month' as grain, date '2026-10-01' as period_start, 'previous_period' as comparison,
    129.0 as value, date '2026-09-01' as other_from, date '2026-09-30' as other_through, 126.0::double as other_value,
    null::decimal(18, 6) as other_numerator, null::decimal(18, 6) as other_denominator, 3.0::double as change,
    3.0::double / 126 as change_share, 'better' as direction, true as is_provisional, '' as reason,
    'mailchimp: sampled' as other_caveats
union all
select
    'purchases', 'month', '2026-10-01', 'last_year', 129, null, null, null, null, null, null, null, null, true,
    'no earlier period', '';

create table kpi_revisions as
select
    'average_basket' as kpi_id, 'month' as grain, date '2026-09-01' as period_start, 58.0::double as value_before,
    57.5::double as value_after, 7250.000000::decimal(18, 6) as numerator_before,
    7245.000000::decimal(18, 6) as numerator_after, 125.000000::decimal(18, 6) as denominator_before,
    126.000000::decimal(18, 6) as denominator_after, 'EUR' as unit_before, 'EUR' as unit_after, true as was_complete,
    false as was_provisional, false as has_new_days, timestamptz '2026-10-01 05:00:00+00' as first_reported_at,
    timestamptz '2026-10-09 05:00:00+00' as changed_at, 'shopify' as cause;
"""


def publish(path: Path) -> None:
    """Write the file; October's purchases and new prospects may still move, new prospects have a caveat."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(VALUES)
        connection.execute(OTHER_TABLES)
        declared = [
            {"kpi_id": kpi.kpi_id, "stage": kpi.stage, "definition": kpi.definition, "numerator": "", "denominator": ""}
            | {name: value for name, value in kpi.declared.items() if name in CATALOG}
            | {"aggregation_class": kpi.declared["class"]}
            for kpi in kpis()
        ]
        columns = ", ".join(f"{name} {'integer' if name == 'position' else 'varchar'}" for name in CATALOG)
        connection.execute(f"create table kpi_catalog ({columns})")
        for row in declared:
            marks = ", ".join("?" * len(CATALOG))
            connection.execute(f"insert into kpi_catalog values ({marks})", [row[name] for name in CATALOG])
            for month in (0, 1):
                insert_value(connection, row, month)


def insert_value(connection: duckdb.DuckDBPyConnection, kpi: dict[str, str], month: int) -> None:
    kpi_id, (first, last) = kpi["kpi_id"], STARTS[month]
    is_connected = kpi_id in MONTHS
    parts = MONTHS[kpi_id][month] if is_connected else (None, None, None)
    unit = "EUR" if kpi["unit"] == "money" else kpi["unit"]
    may_move = is_connected and month == 1 and kpi_id in ("purchases", "new_prospects")
    caveats = "mailchimp: approximate_date" if kpi_id == "new_prospects" else ""
    sources = "mailchimp" if is_connected else ""
    row = [
        kpi_id,
        kpi["stage"],
        "month",
        first,
        last,
        last,
        *parts,
        unit,
        is_connected,
        is_connected,
        may_move,
        sources,
    ]
    row += ["", caveats, AS_OF]
    connection.execute(f"insert into kpi_values values ({', '.join('?' * len(row))})", row)
