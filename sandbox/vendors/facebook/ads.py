"""Facebook's Marketing API (https://developers.facebook.com/docs/marketing-apis): accounts, ads, reports, audiences."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from threading import Lock

from sandbox.events import Ad, AdAccount, AdCampaign, AdSet
from sandbox.state import Sandbox
from sandbox.vendors.facebook.graph import Call, GraphError, Row, chosen, listed, no_such_object, picked, written
from sandbox.vendors.facebook.insights import BREAKDOWNS, insights, status_of

MOST_MONTHS_DAYS = 37 * 31
HIDDEN = ("ARCHIVED", "DELETED")  # listed only where `effective_status` names them
DEFAULT_FIELDS = "account_id,campaign_id,adset_id,ad_id,impressions,spend,date_start,date_stop"
REFUSED_TOGETHER = {"country", "publisher_platform"}


MOST_ROWS = 10_000  # of a report: the vendor's own limit is not documented


def job_statuses(number: int) -> tuple[str, ...]:
    """What the polls of the n-th job answer, the last one for ever."""
    return ("Job Not Started", "Job Running", "Job Completed")


@dataclass
class Job:
    """An insights report that is being made: its rows are those of the moment at which it was asked for."""

    account_id: str
    rows: list[Row]
    statuses: tuple[str, ...]
    polls: int = 0

    def status(self) -> str:
        """The status now, one step further than at the poll before."""
        self.polls += 1
        return self.statuses[min(self.polls, len(self.statuses)) - 1]


@dataclass
class AdsDesk:
    """Answers the calls that concern ads; it remembers the reports that were asked for."""

    sandbox: Sandbox
    jobs: dict[str, Job] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    lock: Lock = field(default_factory=Lock)

    def knows(self, node: str) -> bool:
        """Whether a node is one of the Marketing API's."""
        return node.startswith("act_") or node in self.jobs

    def answer(self, call: Call) -> Row:
        """The answer to a call of an account or a report."""
        if call.node in self.jobs:
            return self._report(call, self.jobs[call.node])
        accounts = {f"act_{one.account_id}": one for one in self.sandbox.world.ad_accounts}
        if call.node not in accounts:
            raise no_such_object(call.node)
        account = accounts[call.node]
        if call.edge == "insights":
            return self._insights(call, account)
        edges: dict[str, Callable[[Sandbox, Call, AdAccount], Row]] = {
            "": _account,
            "campaigns": _campaigns,
            "adsets": _adsets,
            "ads": _ads,
            "customaudiences": _audiences,
        }
        if call.edge not in edges:
            raise GraphError(2500, f"Unknown path components: /{call.edge}")
        return edges[call.edge](self.sandbox, call, account)

    def _insights(self, call: Call, account: AdAccount) -> Row:
        """The rows at once (GET), or the id of the report that will hold them (POST)."""
        rows = _insight_rows(self.sandbox, call, account)
        if call.method == "POST" and len(rows) > MOST_ROWS:
            said = "(#100) Please reduce the amount of data you're asking for, then retry your request"
            raise GraphError(100, said, 1487534)
        if call.method == "GET":
            return listed(self.sandbox, call, "/{account}/insights", _spoilt(rows, call), short=False)
        with self.lock:
            number = next(self.numbers)
            run_id = f"60{account.account_id}{number:06d}"
            self.jobs[run_id] = Job(account.account_id, rows, job_statuses(number))
        return {"report_run_id": run_id}

    def _report(self, call: Call, job: Job) -> Row:
        if call.edge == "insights":
            if job.polls < len(job.statuses) or job.statuses[-1] != "Job Completed":
                raise GraphError(2601, "(#2601) Error accessing adreport job", 1815107)
            return listed(self.sandbox, call, "/{report}/insights", _spoilt(job.rows, call), short=False)
        status = job.status()
        if call.fault == "renamed_enum" and status == "Job Completed":
            status = "Job Done"
        row = {
            "id": call.node,
            "account_id": job.account_id,
            "async_status": status,
            "async_percent_completion": 100 if status == "Job Completed" else 0,
        }
        return picked(row, chosen(call.params.get("fields", "id,async_status,async_percent_completion")), "AdReportRun")


def _insight_rows(sandbox: Sandbox, call: Call, account: AdAccount) -> list[Row]:
    breakdowns = [part for part in call.params.get("breakdowns", "").replace('"', "").strip("[]").split(",") if part]
    if REFUSED_TOGETHER.issubset(breakdowns):
        raise GraphError(
            100,
            "(#100) Current combination of data breakdown columns (country, publisher_platform) is invalid",
            1487534,
        )
    if len(breakdowns) > 1 or not set(breakdowns) <= set(BREAKDOWNS):
        raise GraphError(100, f"(#100) breakdowns must be one of the following values: {', '.join(BREAKDOWNS)}")
    if call.params.get("level", "ad") != "ad" or call.params.get("time_increment", "1") != "1":
        raise GraphError(100, "(#100) This sandbox has insights of ads by day only")
    first, last = _range(sandbox, call)
    windows = tuple(json.loads(call.params.get("action_attribution_windows", "[]")))
    rows = insights(sandbox, account, first, last, breakdowns[0] if breakdowns else "", windows, _states(call))
    fields = chosen(call.params.get("fields", DEFAULT_FIELDS))
    always = {"date_start", "date_stop", *breakdowns}
    return [
        picked(row, fields, "AdsInsights") | {name: value for name, value in row.items() if name in always}
        for row in rows
    ]


def _states(call: Call) -> list[str] | None:
    """The states of ads that a report is filtered on; this sandbox knows no other filter."""
    filters = json.loads(call.params.get("filtering") or "[]")
    if not filters:
        return None
    (only,) = filters
    if (only.get("field"), only.get("operator")) != ("ad.effective_status", "IN"):
        raise GraphError(100, "(#100) filtering must be on ad.effective_status, IN a list of values")
    return list(only["value"])


def _range(sandbox: Sandbox, call: Call) -> tuple[date, date]:
    try:
        asked = json.loads(call.params["time_range"])
        first, last = date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])
    except (KeyError, TypeError, ValueError):
        raise GraphError(100, "(#100) param time_range must be an object with since and until, YYYY-MM-DD") from None
    today = sandbox.now().date()
    if first < today - timedelta(days=MOST_MONTHS_DAYS):
        raise GraphError(
            3018, "(#3018) The start date of the time range cannot be beyond 37 months from the current date", 1487390
        )
    if last < first:
        raise GraphError(100, "(#100) Must have start date before end date", 1487124)
    return first, last


def _spoilt(rows: list[Row], call: Call) -> list[Row]:
    if call.fault == "missing_column":
        return [{name: value for name, value in row.items() if name != "spend"} for row in rows]
    return [row | {"impressions": "many"} for row in rows] if call.fault == "changed_type" else rows


def _account(sandbox: Sandbox, call: Call, account: AdAccount) -> Row:
    row = {
        "id": f"act_{account.account_id}",
        "account_id": account.account_id,
        "name": account.name,
        "currency": account.currency,
        "timezone_name": account.time_zone,
        "account_status": 1,
    }
    if call.fault == "missing_column":
        row["timezone_name"] = None
    answer = picked(row, chosen(call.params.get("fields", "id,account_id")), "AdAccount")
    return answer | ({"a_field_of_tomorrow": "1"} if call.fault == "new_column" else {})


def _wanted(call: Call, rows: list[Row], node_type: str) -> list[Row]:
    """Rows of the asked states, with the asked fields; what was archived or deleted must be asked for by name."""
    asked = json.loads(call.params.get("effective_status") or "[]")
    shown = [row for row in rows if (row["effective_status"] in asked if asked else row["status"] not in HIDDEN)]
    fields = chosen(call.params.get("fields", "id"))
    return [picked(row, fields, node_type) for row in shown]


def _state(one: AdCampaign | AdSet | Ad, now: datetime) -> Row:
    """What is said of every object of the structure; a deleted one is still there, in that state."""
    status = status_of(one, now)
    updated = one.deleted_at if one.deleted_at and status == "DELETED" else one.updated_at
    return {
        "status": status,
        "effective_status": status,
        "created_time": written(one.created_at),
        "updated_time": written(updated),
    }


def _campaigns(sandbox: Sandbox, call: Call, account: AdAccount) -> Row:
    rows: list[Row] = [
        {
            "id": one.campaign_id,
            "account_id": account.account_id,
            "name": one.name,
            "objective": one.objective,
            **_state(one, sandbox.now()),
        }
        for one in sandbox.world.ad_campaigns
        if one.account_id == account.account_id and one.created_at <= sandbox.now()
    ]
    return listed(sandbox, call, "/{account}/campaigns", _wanted(call, rows, "Campaign"))


def _adsets(sandbox: Sandbox, call: Call, account: AdAccount) -> Row:
    mine = {one.campaign_id for one in sandbox.world.ad_campaigns if one.account_id == account.account_id}
    rows: list[Row] = [
        {
            "id": one.adset_id,
            "account_id": account.account_id,
            "campaign_id": one.campaign_id,
            "name": one.name,
            **_state(one, sandbox.now()),
            "daily_budget": str(one.daily_budget),
        }
        for one in sandbox.world.ad_sets
        if one.campaign_id in mine and one.created_at <= sandbox.now()
    ]
    return listed(sandbox, call, "/{account}/adsets", _wanted(call, rows, "AdSet"))


def _ads(sandbox: Sandbox, call: Call, account: AdAccount) -> Row:
    campaigns = {one.campaign_id for one in sandbox.world.ad_campaigns if one.account_id == account.account_id}
    campaign_of = {one.adset_id: one.campaign_id for one in sandbox.world.ad_sets if one.campaign_id in campaigns}
    rows: list[Row] = [
        {
            "id": one.ad_id,
            "account_id": account.account_id,
            "adset_id": one.adset_id,
            "campaign_id": campaign_of[one.adset_id],
            "name": one.name,
            **_state(one, sandbox.now()),
        }
        for one in sandbox.world.ads
        if one.adset_id in campaign_of and one.created_at <= sandbox.now()
    ]
    return listed(sandbox, call, "/{account}/ads", _wanted(call, rows, "Ad"))


def _audiences(sandbox: Sandbox, call: Call, account: AdAccount) -> Row:
    """Custom audiences that are there now; their bounds are -1 until the vendor has counted."""
    now = sandbox.now()
    fields = chosen(call.params.get("fields", "id"))
    rows: list[Row] = []
    for one in sandbox.world.custom_audiences:
        if one.account_id != account.account_id or one.created_at > now or (one.deleted_at and one.deleted_at <= now):
            continue
        sizes = [
            size for size in sandbox.world.audience_sizes if size.audience_id == one.audience_id and size.at <= now
        ]
        size = max(sizes, key=lambda size: size.at, default=None)
        is_ready = size is not None and size.lower >= 0
        row: Row = {
            "id": one.audience_id,
            "account_id": account.account_id,
            "name": one.name,
            "approximate_count_lower_bound": size.lower if size else -1,
            "approximate_count_upper_bound": size.upper if size else -1,
            "time_created": int(one.created_at.timestamp()),
            "delivery_status": {
                "code": 200 if is_ready else 300,
                "description": "This audience is ready for use." if is_ready else "Audience too small.",
            },
        }
        if call.fault == "changed_type":
            row["approximate_count_lower_bound"] = "many"
        if call.fault == "missing_column":
            row["approximate_count_lower_bound"] = None
        rows.append(picked(row, fields, "CustomAudience"))
    return listed(sandbox, call, "/{account}/customaudiences", rows)
