"""Mailchimp: lists, members, campaigns, classic automations and their reports.

https://mailchimp.com/developer/marketing/api/
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import tee
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import Connector, Options, Plan, Scope, Table
from pipelines.identity import email_key, keyed_hash
from pipelines.sources.mailchimp_client import ADVICE, MOST_ROWS, Gone, Mailchimp, Row

LATE_DAYS = 28  # opens and clicks keep arriving for weeks, and a report is always as of now
CAMPAIGN_DAYS = 45  # a campaign counts as sent only when its last message is, which can be long after its send time
MEMBER_DAYS = 7  # a change can show late, and one that happens while pages are read can be missed
AS_NOW = 1  # asked whole every time

# Who confirmed; a pending member has not, and a transactional one was never asked.
OPTED_IN = ("subscribed", "unsubscribed", "cleaned", "archived")
DEFAULT_AND_ARCHIVED: tuple[dict[str, str], ...] = ({}, {"status": "archived"})  # the default leaves these out

LIST_FIELDS = ("id", "name", "date_created", "stats")
MEMBER_FIELDS = ("id", "email_address", "status", "timestamp_signup", "timestamp_opt", "last_changed")
CAMPAIGN_FIELDS = (
    *("id", "type", "status", "create_time", "send_time", "emails_sent", "recipients.list_id", "parent_campaign_id"),
)
REPORT_FIELDS = ("id", "type", "list_id", "send_time", "emails_sent", "bounces", "opens", "clicks")
AUTOMATION_FIELDS = ("id", "status", "create_time", "start_time", "emails_sent", "recipients.list_id")
COUNTERS = ("emails_sent", "bounces", "opens", "clicks")


def _schema(*texts: str, **others: pa.DataType) -> pa.Schema:
    return pa.schema({**dict.fromkeys(texts, pa.string()), **others})


TABLES = {
    "lists": Table(
        _schema(*LIST_FIELDS, captured_on=pa.date32(), captured_at=pa.timestamp("us", tz="UTC")),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
    ),
    "members": Table(
        _schema("list_id", "member_key", "email_key", "status", "timestamp_signup", "timestamp_opt", "last_changed"),
        ("list_id", "member_key"),
        "entities",
        MEMBER_DAYS,
        newest_by="last_changed",
    ),
    # The vendor overwrites timestamp_opt when somebody comes back: every instant it has shown stays here.
    "opt_ins": Table(
        _schema("list_id", "member_key", "timestamp_opt", "email_key"),
        ("list_id", "member_key", "timestamp_opt"),
        "entities",
        MEMBER_DAYS,
    ),
    "campaigns": Table(
        _schema(
            *("id", "type", "status", "create_time", "send_time", "list_id", "parent_campaign_id"),
            emails_sent=pa.int64(),
        ),
        ("id",),
        "entities",
        CAMPAIGN_DAYS,
    ),
    "reports": Table(
        _schema(*("id", "type", "list_id", "send_time", "bounces", "opens", "clicks"), emails_sent=pa.int64()),
        ("id",),
        "entities",
        LATE_DAYS,
    ),
    "automations": Table(
        _schema("id", "status", "create_time", "start_time", "list_id", emails_sent=pa.int64()),
        ("id",),
        "entities",
        AS_NOW,
    ),
    "automation_emails": Table(
        _schema(
            *("automation_id", "id", "create_time", "bounces", "opens", "clicks"),
            captured_on=pa.date32(),
            captured_at=pa.timestamp("us", tz="UTC"),
            emails_sent=pa.int64(),
        ),
        ("automation_id", "id", "captured_on"),
        "snapshots",
        AS_NOW,
    ),
}


class MailchimpOptions(Options):
    """`lists`: the ids to read, all when empty. `follow_up_automations`: the ids that follow up a purchase.

    `page_rows`: how many rows a page holds; `list_rows`: how many lists or automations, of which there are few.
    """

    lists: list[str] = Field(default_factory=list)
    follow_up_automations: list[str] = Field(default_factory=list)
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)
    list_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)


@dlt.source(name="mailchimp", section="mailchimp", max_table_nesting=0)
def mailchimp(
    options: MailchimpOptions, plan: Plan, api_key: dlt.TSecretStrValue = dlt.secrets.value, base_url: str = ""
) -> Iterator[DltResource]:
    """Lists, automations and their e-mails as they are now; members, campaigns and reports from the asked day on."""
    api = Mailchimp(api_key, base_url, options.page_rows)

    @cache
    def lists() -> list[Row]:
        found = [row for page in api.pages("/lists", "lists", LIST_FIELDS, options.list_rows) for row in page]
        return _wanted(found, options, plan)

    @cache
    def automations() -> list[Row]:
        pages = api.pages("/automations", "automations", AUTOMATION_FIELDS, options.list_rows)
        return [_with_list_id(row) for page in pages for row in page]

    # The vendor is asked once for what fills two tables.
    members, same_members = tee(_members(api, plan, lists))
    captured = {"captured_on": plan.captured_on, "captured_at": plan.as_of}
    yield dlt.resource(lambda: [row | captured for row in lists()], name="lists")
    yield dlt.resource(members, name="members")
    yield dlt.resource(_opt_ins(same_members), name="opt_ins")
    yield dlt.resource(_campaigns(api, plan), name="campaigns")
    yield dlt.resource(_reports(api, plan), name="reports")
    yield dlt.resource(automations, name="automations")
    yield dlt.resource(_automation_emails(api, plan, automations), name="automation_emails")


def _wanted(found: list[Row], options: MailchimpOptions, plan: Plan) -> list[Row]:
    """The lists that the options name; an absent one is warned of."""
    if not options.lists:
        return found
    for list_id in sorted(set(options.lists) - {row["id"] for row in found}):
        plan.warn(f"mailchimp: list {list_id} does not exist; correct [sources.mailchimp] lists")
    return [row for row in found if row["id"] in options.lists]


def _members(api: Mailchimp, plan: Plan, lists: Callable[[], list[Row]]) -> Iterator[list[Row]]:
    """Who changed since the last load, hashed; everybody of a list that no load has read whole."""
    for pull in plan.of("members"):
        read_whole = (plan.known_hashes.get((pull.table, pull.account_id)) or "").split()
        read = []
        for list_id in (row["id"] for row in lists()):
            since = {"since_last_changed": _since(pull.first_day, plan.zone)} if list_id in read_whole else {}
            try:
                yield from _members_of(api, list_id, since)
                read.append(list_id)
            except Gone:
                plan.warn(f"mailchimp: list {list_id} was deleted meanwhile; its members stay as they were")
        plan.keep_hash(pull.table, pull.account_id, " ".join(sorted(read)))


def _members_of(api: Mailchimp, list_id: str, since: Mapping[str, str]) -> Iterator[list[Row]]:
    for status in DEFAULT_AND_ARCHIVED:
        # Newest change first: a change while pages are read repeats a member at a page border, and skips none.
        filters: dict[str, Any] = {"sort_field": "last_changed", "sort_dir": "DESC", **since, **status}
        for page in api.pages(f"/lists/{list_id}/members", "members", MEMBER_FIELDS, **filters):
            yield [_member(list_id, row) for row in page]


def _member(list_id: str, row: Row) -> Row:
    """A member without the address; the vendor's id is the address's MD5, so it is hashed as well."""
    times = {name: row.get(name) or "" for name in ("timestamp_signup", "timestamp_opt", "last_changed")}
    member_key = keyed_hash(row.get("id") or "") or None
    email = email_key(row.get("email_address"))
    return {"list_id": list_id, "member_key": member_key, "email_key": email, "status": row.get("status"), **times}


def _opt_ins(members: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """The confirmed opt-in that each member shows now."""
    for page in members:
        yield [row for row in page if row["timestamp_opt"] and row["status"] in OPTED_IN]


def _campaigns(api: Mailchimp, plan: Plan) -> Iterator[list[Row]]:
    for pull in plan.of("campaigns"):
        filters: dict[str, Any] = {"status": "sent", "since_send_time": _since(pull.first_day, plan.zone)}
        for page in api.pages("/campaigns", "campaigns", CAMPAIGN_FIELDS, **filters):
            yield [{**_with_list_id(row), "parent_campaign_id": row.get("parent_campaign_id") or ""} for row in page]


def _reports(api: Mailchimp, plan: Plan) -> Iterator[list[Row]]:
    """Reports of every type, also of those that the vendor does not document (a journey's e-mails)."""
    for pull in plan.of("reports"):
        yield from api.pages("/reports", "reports", REPORT_FIELDS, since_send_time=_since(pull.first_day, plan.zone))


def _automation_emails(api: Mailchimp, plan: Plan, automations: Callable[[], list[Row]]) -> Iterator[Row]:
    """Each e-mail of each automation with its counters, which run from its first day until this capture."""
    for automation in automations():
        where = f"/automations/{automation['id']}/emails"
        try:
            emails = [row for page in api.whole(where, "emails") for row in page]
        except Gone:
            plan.warn(f"mailchimp: automation {automation['id']} was deleted meanwhile; its e-mails are not captured")
            continue
        for email in emails:
            try:
                report = api.one(f"/reports/{email['id']}", COUNTERS)
            except Gone:
                plan.warn(f"mailchimp: automation e-mail {email['id']} has no report; it is not captured")
                continue
            yield {
                **{name: report.get(name) for name in COUNTERS},
                "automation_id": automation["id"],
                "id": email["id"],
                "captured_on": plan.captured_on,
                "captured_at": plan.as_of,
                "create_time": email.get("create_time"),
            }


def _with_list_id(row: Row) -> Row:
    return {**row, "list_id": (row.get("recipients") or {}).get("list_id") or ""}


def _since(day: date, zone: ZoneInfo) -> str:
    """The second before a business day begins: the vendor's filters leave out the very instant they name."""
    return (datetime.combine(day, time(), zone) - timedelta(seconds=1)).astimezone(UTC).isoformat()


def scopes(options: MailchimpOptions, table: str) -> list[Scope]:
    """One API key is one account, which every table holds whole."""
    return [Scope("")]


def check(options: MailchimpOptions) -> list[str]:
    """The account's name, its lists, and what the options name that it does not have."""
    api_key = dlt.secrets.get("sources.mailchimp.api_key", str) or ""
    api = Mailchimp(api_key, dlt.config.get("sources.mailchimp.base_url", str) or "", options.page_rows)
    name = api.one("/", ("account_name",)).get("account_name")
    lists = _ids(api.pages("/lists", "lists", ("id",)))
    automations = _ids(api.pages("/automations", "automations", ("id",))) if options.follow_up_automations else set()
    lines = [f"account {name}: {len(lists)} lists"]
    for setting, wanted, found in (
        ("lists", options.lists, lists),
        ("follow_up_automations", options.follow_up_automations, automations),
    ):
        lines += [f"{one} does not exist: correct [sources.mailchimp] {setting}" for one in wanted if one not in found]
    return lines


def _ids(pages: Iterator[list[Row]]) -> set[str]:
    return {row["id"] for page in pages for row in page}


CONNECTOR = Connector(
    name="mailchimp",
    title="Mailchimp",
    tables=TABLES,
    options=MailchimpOptions,
    source=mailchimp,
    scopes=scopes,
    check=check,
    feeds={
        "opt_ins": ("opt_ins",),
        "broadcasts": ("reports", "campaigns"),
        "automation_counters": ("automation_emails",),
        "list_sizes": ("lists",),
    },
    secrets=("api_key",),
    advice=ADVICE,
    docs_url="https://mailchimp.com/developer/marketing/api/",
    api_version="3.0",
)
