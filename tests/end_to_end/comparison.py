"""Published values against truth: every fed KPI, grain and period; counts exactly, ratios to 1e-9."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from sandbox.truth import Key, Value

GRAINS = ("day", "week", "month", "quarter", "year")
FED = (
    "unique_visitors", "visitors_from_google", "visitors_from_facebook", "retargeting_audience_size",
    "social_interactions", "avg_session_duration", "bounce_rate", "comments", "email_open_rate", "email_click_rate",
    "new_prospects", "capture_page_conversion_rate", "cost_per_prospect", "facebook_fans",
    "purchases", "product_conversion_rate", "average_basket", "products_sold", "cart_abandonment_rate",
    "avg_days_to_first_purchase", "followup_email_open_rate", "purchase_frequency", "brand_mentions",
    "prospect_to_customer_rate", "north_star", "support_tickets", "customer_satisfaction", "upsell_conversion_rate",
    "nps", "customer_reviews", "affiliates", "partners", "gross_margin_rate",
)  # fmt: skip
CLOSE = 1e-9


@dataclass(frozen=True)
class Difference:
    """One value that is not what the events say."""

    kpi_id: str
    grain: str
    period_start: date
    published: Any
    true: Any


def published_values(database: Path, schema: str = "main") -> dict[tuple[str, str, date], Any]:
    """(kpi, grain, period) → value."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as published (read_only)")
        rows = connection.execute(
            f"select kpi_id, grain, period_start, value from published.{schema}.kpi_values"
        ).fetchall()
    return {(kpi_id, grain, period_start): value for kpi_id, grain, period_start, value in rows}


def compare(
    published: Mapping[tuple[str, str, date], Any], true: Mapping[Key, Value], kpis: Iterable[str] = FED
) -> tuple[list[Difference], Counter[tuple[str, str]]]:
    """What differs, and how many non-null pairs were compared per KPI and grain."""
    wanted = set(kpis)
    differences: list[Difference] = []
    compared: Counter[tuple[str, str]] = Counter()
    for kpi_id, grain, period_start in sorted(set(published) | set(true)):
        if kpi_id not in wanted:
            continue
        one = published.get((kpi_id, grain, period_start))
        other = true.get(Key(kpi_id, grain, period_start))
        other_value = other.value if other else None
        if one is None and other_value is None:
            continue
        if not _same(one, other_value):
            differences.append(Difference(kpi_id, grain, period_start, one, other_value))
        compared[kpi_id, grain] += 1
    return differences, compared


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    return abs(float(one) - float(other)) <= CLOSE * max(abs(float(one)), abs(float(other)))


def summary(differences: list[Difference]) -> str:
    """Per KPI and grain, how many values differ, with an example of each."""
    counted = Counter((difference.kpi_id, difference.grain) for difference in differences)
    examples = {(difference.kpi_id, difference.grain): difference for difference in reversed(differences)}
    return "\n".join(
        f"{kpi} by {grain}: {n} differ, e.g. {examples[kpi, grain]}" for (kpi, grain), n in counted.items()
    )
