"""What Google Analytics says of the quality of its answers, as caveats, and of its quota.

https://developers.google.com/analytics/devguides/reporting/data/v1/reporting-data-expectations
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from google.analytics.data_v1beta import types

from pipelines.caveats import CAVEATS
from pipelines.connector import Plan, Pull
from pipelines.sources.google_analytics.client import Report
from pipelines.sources.google_analytics.reports import Period

OTHER = "(other)"
# Distinct counts are HyperLogLog++ estimates of precision 14 and 12: standard errors of 1.04/√2¹⁴ and 1.04/√2¹².
# https://developers.google.com/analytics/blog/2022/hll
ESTIMATED = "users ±0.8 %, sessions ±1.6 %"
# Requests under way at one instant, the sixth quota, say nothing about a load.
QUOTAS = {
    "tokens_per_day": "tokens per day",
    "tokens_per_hour": "tokens per hour",
    "tokens_per_project_per_hour": "tokens per project and hour",
    "potentially_thresholded_requests_per_hour": "thresholded requests per hour",
    "server_errors_per_project_per_hour": "server errors per project and hour",
}


@dataclass
class Heard:
    """What the vendor has said in one load of its quotas, and of the periods of reports without dimensions."""

    plan: Plan
    used: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    reports: defaultdict[tuple[str, str, str, date, str], set[str]] = field(default_factory=lambda: defaultdict(set))

    def quota(self, property_id: str, answer: types.RunReportResponse) -> None:
        """Add up what the load uses, and keep what is left."""
        if "property_quota" not in answer:
            return
        for name, words in QUOTAS.items():
            if name not in answer.property_quota:
                continue
            status = getattr(answer.property_quota, name)
            self.used[property_id, name] += status.consumed
            self.left[property_id, name] = status.remaining
            used = self.used[property_id, name]
            text = f"{used:,} used by this load, {status.remaining:,} left" if used else f"{status.remaining:,} left"
            self.plan.quota[f"{words}, property {property_id}"] = text

    def is_short(self, property_id: str) -> bool:
        """Less is left of some quota than the load has used so far: what can wait leaves it to what cannot."""
        return any(left < self.used[key] for key, left in self.left.items() if key[0] == property_id)

    def leave_out(self, pull: Pull, period: Period) -> None:
        """A period is not asked for this time."""
        self.reports[pull.account_id, "left_out", "", period.first_day, period.grain].add("site")

    def period(self, pull: Pull, report: str, period: Period, said: dict[str, Any], number: int = 0) -> None:
        """Remember what was said of the `number`th range of an answer; `tell` makes caveats of it."""
        for name, detail in _caveats(said, number, period.first_day, period.last_day):
            self.reports[pull.account_id, name, detail, period.first_day, period.grain].add(report)

    def tell(self) -> None:
        """One caveat per period: of the whole site, or else naming the reports that alone are touched."""
        for (account_id, name, detail, day, grain), reports in self.reports.items():
            parts = [detail] if detail else []
            if "site" not in reports:
                parts.append(f"in {', '.join(sorted(reports))}")
            self.plan.caveat("period_metrics", account_id, name, "; ".join(parts), day, grain)
            _warn(self.plan, "period_metrics", account_id, name)


def tell_of_days(plan: Plan, pull: Pull, report: Report, counted: str) -> None:
    """One caveat for each day of a dated report that is touched; `counted` is its first metric."""
    lumped = _shares_of_other(report) if "dataLossFromOtherRow" in report.metadata else {}
    for day in pull.days():
        for name, detail in _caveats(report.metadata, 0, day, day):
            if name == "other_row" and lumped:
                if day not in lumped:
                    continue
                detail = f"{100 * lumped[day]:.1f} % of {counted}"
            plan.caveat(pull.table, pull.account_id, name, detail, day)
            _warn(plan, pull.table, pull.account_id, name)


def tell_of_property(
    plan: Plan, pull: Pull, said: dict[str, Any], is_estimated: bool = False, is_cost: bool = False
) -> None:
    """What holds for all days of a property: its zone where it is not the business's, its currency, its estimates."""
    plan.account_zone(pull.table, pull.account_id, said["timeZone"])
    if is_cost:
        plan.account_currency(pull.table, pull.account_id, said["currencyCode"])
    if is_estimated:
        plan.caveat(pull.table, pull.account_id, "estimated", ESTIMATED)


def _caveats(said: dict[str, Any], number: int, first_day: date, last_day: date) -> Iterator[tuple[str, str]]:
    """Name and detail of whatever touches these days, the `number`th range of an answer."""
    samples = said.get("samplingMetadatas", [])
    for one in samples[number : number + 1] or samples[-1:]:
        if one["samplesReadCount"] < one["samplingSpaceSize"]:
            yield "sampled", f"{100 * one['samplesReadCount'] / one['samplingSpaceSize']:.1f} % of events"
    if "subjectToThresholding" in said:
        yield "thresholded", ""
    if "dataLossFromOtherRow" in said:
        yield "other_row", ""
    for reason in said.get("dataTruncationReasons", []):
        if _touches(reason, first_day, last_day):
            yield "truncated", reason["dataTruncationMessage"] or reason["dataTruncationType"]


def _touches(reason: dict[str, Any], first_day: date, last_day: date) -> bool:
    """Whether days are among those left out; where the vendor does not say which, all of them are."""
    ranges = reason["dataTruncationDateRanges"]
    if ranges:
        return any(one["startDate"] <= str(last_day) and str(first_day) <= one["endDate"] for one in ranges)
    return not reason["dataTruncationDate"] or str(first_day) < reason["dataTruncationDate"]


def _shares_of_other(report: Report) -> dict[date, float]:
    """Day → how much of the first metric stands under (other), for days that show it."""
    lost: defaultdict[date, float] = defaultdict(float)
    whole: defaultdict[date, float] = defaultdict(float)
    for (text, *labels), values in report.rows:
        day, amount = date.fromisoformat(text), float(values[0])
        whole[day] += amount
        if OTHER in labels:
            lost[day] += amount
    return {day: amount / whole[day] if whole[day] else 0.0 for day, amount in lost.items()}


def _warn(plan: Plan, table: str, account_id: str, name: str) -> None:
    text = f"google_analytics {table} of property {account_id}: {CAVEATS[name]}."
    if text not in plan.warnings:
        plan.warn(text)
