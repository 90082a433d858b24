"""How Google Analytics' answers fall short of the events, as switches of a running sandbox; all are off by default.

https://developers.google.com/analytics/devguides/reporting/data/v1/reporting-data-expectations
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from google.analytics.data_v1beta import types
from pydantic import BaseModel, ConfigDict, Field

OTHER = "(other)"
# Standard errors of HyperLogLog++ with the vendor's precisions, 1.04/√2¹⁴ and 1.04/√2¹²:
# https://developers.google.com/analytics/blog/2022/hll
ERRORS = {"totalUsers": 0.008, "activeUsers": 0.008, "sessions": 0.016, "engagedSessions": 0.016}
RATIOS = {"averageSessionDuration", "bounceRate", "engagementRate"}  # a sample is not scaled up for these
TIMES = {"date", "isoYearIsoWeek", "yearMonth", "year"}
# The dimensions whose tables may outgrow their limit of rows, and the columns behind them.
MANY_VALUES = {
    "pagePath": "page",
    "landingPage": "landing_page",
    "sessionSource": "source",
    "sessionMedium": "medium",
    "sessionCampaignName": "campaign",
    "sessionGoogleAdsCampaignId": "google_ads_campaign_id",
    "itemId": "item_id",
    "itemName": "item_name",
    "transactionId": "transaction_id",
}
REASON = types.ResponseMetaData.DataTruncationReason
Ranges = Sequence[tuple[date, date]]


class Quality(BaseModel):
    """What goes wrong with every answer from now on; values may be given as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    noise: bool = Field(default=False, description="users and sessions are estimates, the same for the same question")
    noise_seed: int = Field(default=7, description="another seed, other errors")
    sampled_events: int | None = Field(
        default=None, ge=1, description="a range of more events is counted on about so many and scaled up"
    )
    threshold_users: int | None = Field(
        default=None,
        ge=1,
        description="Google signals are on: rows of fewer users are withheld",
    )
    other_row_after: int | None = Field(
        default=None, ge=1, description="the most frequent combinations of a day are kept, rarer ones are (other)"
    )
    retained_from: date | None = Field(default=None, description="events before this day have been deleted")
    tokens_per_day: int | None = Field(default=None, ge=1, description="of each property; none: they never run out")
    tokens_per_hour: int | None = Field(default=None, ge=1, description="of each property; none: they never run out")


@dataclass(frozen=True)
class Sample:
    """How many of a date range's events were read."""

    read: int
    space: int

    @property
    def scale(self) -> float:
        """What one read event stands for."""
        return self.space / self.read if self.read else 1.0


def is_telling(dimensions: Sequence[str]) -> bool:
    """Whether rows could tell who somebody is: whatever is not a time."""
    return bool(set(dimensions) - TIMES)


def lumped_columns(names: Sequence[str]) -> list[str]:
    """The columns that (other) would stand in, of the dimensions that a report shows or filters on."""
    return [column for name, column in MANY_VALUES.items() if name in names]


def scaled(metrics: Sequence[str], values: Sequence[Any], sample: Sample | None) -> list[Any]:
    """Counts and sums of a sample as those of the whole; counts stay whole."""
    if sample is None or sample.scale == 1:
        return list(values)
    found = []
    for name, value in zip(metrics, values, strict=True):
        if value is None or name in RATIOS:
            found.append(value)
        else:
            found.append(round(value * sample.scale) if isinstance(value, int) else float(value) * sample.scale)
    return found


def estimated(metrics: Sequence[str], values: Sequence[Any], question: tuple[Any, ...]) -> list[Any]:
    """Users and sessions as an estimate has them: the same question always gets the same answer."""
    found = []
    for name, value in zip(metrics, values, strict=True):
        if name in ERRORS:
            error = Random(repr((*question, name))).gauss(0, ERRORS[name])
            found.append(max(0, round(value * (1 + error))))
        else:
            found.append(value)
    return found


def truncation(quality: Quality, ranges: Ranges, is_ad_cost: bool) -> list[types.ResponseMetaData.DataTruncationReason]:
    """Why days are missing from an answer."""
    first = quality.retained_from
    lost = list(_before(first, ranges)) if first else []
    if not first or not lost:
        return []
    kind = REASON.DataTruncationType
    return [
        REASON(
            data_truncation_type=kind.DATA_TRUNCATION_TYPE_GOOGLE_ADS
            if is_ad_cost
            else kind.DATA_TRUNCATION_TYPE_PROPERTY,
            data_truncation_message=f"Data before {first} is not available.",
            data_truncation_date=str(first),
            data_truncation_date_ranges=[
                REASON.DataTruncationDateRange(start_date=str(start), end_date=str(end)) for start, end in lost
            ],
        )
    ]


def _before(first: date, ranges: Ranges) -> Iterator[tuple[date, date]]:
    for start, end in ranges:
        if start < first:
            yield start, min(end, first - timedelta(days=1))
