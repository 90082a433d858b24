"""Mailchimp: lists, members, campaigns, classic automations and their reports.

https://mailchimp.com/developer/marketing/api/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import tee
from typing import Any
from zoneinfo import ZoneInfo

import dlt
from dlt.extract.resource import DltResource
from pydantic import Field

from pipelines.connector import Connector, Gone, Options, Plan, Scope
from pipelines.identity import email_key, keyed_hash
from pipelines.sources.mailchimp.client import ADVICE, MOST_ROWS, Mailchimp, Row
from pipelines.sources.mailchimp.tables import OPTED_IN, TABLES, WITHOUT_PROXIES

DEFAULT_AND_ARCHIVED: tuple[dict[str, str], ...] = ({}, {"status": "archived"})  # the default leaves these out

LIST_FIELDS = ("id", "name", "date_created", "stats")
MEMBER_FIELDS = ("id", "contact_id", "email_address", "status", "timestamp_signup", "timestamp_opt", "last_changed")
CAMPAIGN_FIELDS = (
    *("id", "type", "status", "create_time", "send_time", "emails_sent", "recipients.list_id", "parent_campaign_id"),
)
COUNTERS = ("emails_sent", "bounces", "opens", "clicks")
REPORT_FIELDS = ("id", "type", "list_id", "send_time", *COUNTERS)
AUTOMATION_FIELDS = ("id", "status", "create_time", "start_time", "emails_sent", "recipients.list_id")

# Sent to a list, or known to be no such thing; the vendor may add types that it does not document.
BROADCASTS = ("regular", "plaintext", "plain-text", "rss", "variate", "absplit", "ab_split")
NO_BROADCAST = re.compile("auto|journey")


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
    yield dlt.resource(lambda: [_flat(row) | captured for row in lists()], name="lists")
    yield dlt.resource(members, name="members")
    yield dlt.resource(_opt_ins(same_members), name="opt_ins")
    yield dlt.resource(_campaigns(api, plan), name="campaigns")
    yield dlt.resource(_reports(api, plan), name="reports")
    yield dlt.resource(lambda: [row | captured for row in automations()], name="automations")
    yield dlt.resource(_automation_emails(api, plan, automations, captured), name="automation_emails")


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
                plan.warn(f"mailchimp: members: list {list_id} was deleted meanwhile; its members stay as they were")
        plan.keep_hash(pull.table, pull.account_id, " ".join(sorted(read)))


def _members_of(api: Mailchimp, list_id: str, since: Mapping[str, str]) -> Iterator[list[Row]]:
    for status in DEFAULT_AND_ARCHIVED:
        # Newest change first: a change while pages are read repeats a member at a page border, and skips none.
        filters: dict[str, Any] = {"sort_field": "last_changed", "sort_dir": "DESC", **since, **status}
        for page in api.pages(f"/lists/{list_id}/members", "members", MEMBER_FIELDS, **filters):
            yield [_member(list_id, row) for row in page]


def _member(list_id: str, row: Row) -> Row:
    """A member without the address; the vendor's id is the address's MD5, so it is hashed as well.

    The contact's id is the same when the address is changed.
    """
    times = {name: row[name] or "" for name in ("timestamp_signup", "timestamp_opt", "last_changed") if name in row}
    keys = {
        "member_key": keyed_hash(row.get("id") or "") or None,
        "contact_key": keyed_hash(row.get("contact_id") or ""),
    }
    if "email_address" in row:
        keys["email_key"] = email_key(row["email_address"])
    return {**row, "list_id": list_id, **keys, **times}


def _opt_ins(members: Iterator[list[Row]]) -> Iterator[list[Row]]:
    """The confirmed opt-in that each member shows now."""
    for page in members:
        yield [row for row in page if row.get("timestamp_opt") and row.get("status") in OPTED_IN]


def _campaigns(api: Mailchimp, plan: Plan) -> Iterator[list[Row]]:
    """Campaigns in whatever state: those that are still being sent, and those that were put away."""
    for pull in plan.of("campaigns"):
        since = _since(pull.first_day, plan.zone)
        for page in api.pages("/campaigns", "campaigns", CAMPAIGN_FIELDS, since_send_time=since):
            yield [{**_with_list_id(row), "parent_campaign_id": row.get("parent_campaign_id") or ""} for row in page]


def _reports(api: Mailchimp, plan: Plan) -> Iterator[list[Row]]:
    """Reports of every type, also of those that the vendor does not document (a journey's e-mails)."""
    for pull in plan.of("reports"):
        plan.caveat("reports", "", "bot_clicks")
        unknown: set[str] = set()
        since = _since(pull.first_day, plan.zone)
        for page in api.pages("/reports", "reports", REPORT_FIELDS, since_send_time=since):
            rows = [_flat(row) for row in page]
            for row in rows:
                kind = row.get("type") or ""
                if kind not in BROADCASTS:
                    unknown |= set() if NO_BROADCAST.search(kind) else {kind}
                elif WITHOUT_PROXIES not in row and row.get("send_time"):
                    sent_at = datetime.fromisoformat(row["send_time"])
                    plan.caveat("reports", "", "proxy_opens", day=sent_at.astimezone(plan.zone).date())
            yield rows
        for kind in sorted(unknown):
            plan.warn(f"mailchimp: what a report of the type {kind!r} is of is not known; it counts for nothing")


def _automation_emails(
    api: Mailchimp, plan: Plan, automations: Callable[[], list[Row]], captured: Row
) -> Iterator[Row]:
    """Each e-mail of each automation with its counters, which run from its first day until this capture."""
    for automation in automations():
        where = f"/automations/{automation['id']}/emails"
        try:
            emails = [row for page in api.whole(where, "emails") for row in page]
        except Gone:
            told = f"automation {automation['id']} was deleted meanwhile; its e-mails are not captured"
            plan.warn(f"mailchimp: automation_emails: {told}")
            continue
        for email in emails:
            try:
                report = api.one(f"/reports/{email['id']}", COUNTERS)
            except Gone:
                plan.warn(f"mailchimp: automation_emails: e-mail {email['id']} has no report; it is not captured")
                continue
            counters = _flat({name: report[name] for name in COUNTERS if name in report})
            if WITHOUT_PROXIES not in counters:
                plan.caveat("automation_emails", "", "proxy_opens", day=plan.captured_on)
            yield {**email, **counters, **captured, "automation_id": automation["id"]}


def _flat(row: Row) -> Row:
    """A row and beside its nested objects their fields, each with a name of its own."""
    nested = {f"{name}__{part}": row[name][part] for name in row if isinstance(row[name], dict) for part in row[name]}
    return row | nested


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
    lists="lists",
    # campaigns, reports and automations are those of the whole account
    account_columns={"lists": "id", "members": "list_id", "opt_ins": "list_id"},
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
