"""What customers answered on their tickets: ratings in the former way, or responses to CSAT surveys.

https://developer.zendesk.com/api-reference/ticketing/ticket-management/satisfaction_ratings/ and csat_survey_responses.
Only one of the two is active in an account; after a switch the other is refused, or keeps its old answers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import requests
from dlt.sources.rest_api.typing import EndpointResource

from pipelines.connector import Plan, Table, columns
from pipelines.http import keep_quota
from pipelines.listing import selector
from pipelines.sources.zendesk.client import ADVICE, QUOTA, Absent, Row, is_absent, listed

# Offers are listed by the day they were made. An answer can come or change until its ticket is closed, at the latest
# 28 days after it was solved, or until its survey expires; the offer itself follows some days after the ticket.
RATING_DAYS = 35
MOST_RATINGS = 100  # in one page
RATINGS, SURVEYS = "satisfaction_ratings", "survey_responses"
LISTS = {  # table → path, and the filter that says since when
    RATINGS: ("/api/v2/satisfaction_ratings.json", "start_time"),
    # The filter's unit is not documented, seconds or milliseconds: seconds never ask for too little.
    SURVEYS: ("/api/v2/guide/survey_responses", "filter[created_at_start]"),
}
SCORES = frozenset(
    {
        *("offered", "unoffered"),
        *("good", "good_with_comment", "good_without_comment"),
        *("bad", "bad_with_comment", "bad_without_comment"),
    }
)
CATEGORIES = frozenset({"good", "neutral", "bad"})  # of a survey's rating, by the scale that it was given on
RATING, OTHERS = "rating_scale", ("closed_ended", "open_ended", "skipped")  # the types of a survey's answers

# Neither deletes rows: an answer stays in its list, whatever becomes of its ticket.
TABLES = {
    RATINGS: Table(
        columns("score", "created_at", "updated_at", id=pa.int64(), ticket_id=pa.int64()),
        ("id",),
        "entities",
        RATING_DAYS,
        newest_by="updated_at",
        required=("score", "updated_at", "ticket_id"),
        enums={"score": SCORES},
        dated_by=("updated_at",),
    ),
    SURVEYS: Table(
        columns(
            *("id", "subject_zrns", "answer__type", "answer__rating_category"),
            *("answer__created_at", "answer__updated_at"),
            answer__rating=pa.float64(),
        ),
        ("id",),
        "entities",
        RATING_DAYS,
        nested=("subject_zrns",),
        required=(
            *("subject_zrns", "answer__type", "answer__rating_category", "answer__rating"),
            *("answer__created_at", "answer__updated_at"),
        ),
        enums={"answer__type": frozenset({RATING}), "answer__rating_category": CATEGORIES},
        dated_by=("answer__updated_at", "answer__created_at"),
    ),
}


@dataclass
class Answers:
    """Both lists of one load: each may be absent, and together they tell when the account went over to surveys."""

    plan: Plan
    absent: set[str] = field(default_factory=set)
    last_offer: str = ""
    has_surveys: bool = False

    def resources(self, page_rows: int) -> list[EndpointResource]:
        """What was offered since the asked day, in both ways."""
        return [self._list(RATINGS, page_rows, self._rating), self._list(SURVEYS, page_rows, self._response)]

    def _list(self, table: str, page_rows: int, keep: Callable[[Row], Row]) -> EndpointResource:
        path, since = LISTS[table]

        def skip_absent(response: requests.Response) -> None:
            if is_absent(response):
                self.absent.add(table)
                if self.absent == set(LISTS):
                    self._give_up()
                raise Absent

        return {
            "name": table,
            "endpoint": {
                "path": path,
                "params": {since: int(self.plan.since(table).timestamp()), "page[size]": page_rows},
                "data_selector": selector(table),
                "paginator": listed(table),
                "response_actions": [keep_quota(self.plan, *QUOTA), skip_absent],
            },
            "processing_steps": [{"map": keep}],
        }

    def _give_up(self) -> None:
        reason = "zendesk: neither satisfaction ratings nor CSAT survey responses may be read"
        for table in LISTS:
            self.plan.fail(table, "", reason)
        self.plan.warn(f"{reason}; {ADVICE} If customers are not asked, set ratings = false there.")

    def _rating(self, row: Row) -> Row:
        offered_at = row.get("created_at") or ""
        if offered_at > self.last_offer:
            self.last_offer = offered_at
            self._tell_switch()
        return row

    def _response(self, row: Row) -> Row:
        if not self.has_surveys:
            self.has_surveys = True
            self._tell_switch()
        return answer(row)

    def _tell_switch(self) -> None:
        """The series breaks on the day of the last offer in the former way, once surveys are sent.

        A load that begins after that day knows of no break, and leaves what an earlier one said.
        """
        if not (self.last_offer and self.has_surveys):
            return
        day = datetime.fromisoformat(self.last_offer).astimezone(self.plan.zone).date()
        self.plan.caveats = {one for one in self.plan.caveats if one.name != "series_break"}
        if day <= self.plan.through:
            self.plan.caveat(RATINGS, "", "series_break", "the last former ratings were offered; surveys since", day)


def answer(row: Row) -> Row:
    """A survey's response with its rating beside; its other answers are the customer's own words.

    An answer of no known type may be the rating under another name: it stands there to be refused.
    """
    if "answers" not in row:
        return row
    answers = row["answers"] or ()
    rated = [one for one in answers if one.get("type") == RATING]
    overall = [one for one in rated if (one.get("question") or {}).get("sub_type") == "customer_satisfaction"]
    unknown = [one for one in answers if one.get("type") not in OTHERS]
    return row | {"answer": next(iter(overall or rated or unknown), None)}
