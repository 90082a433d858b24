"""What is kept of Mailchimp's answers: one raw table each, and how far back it is asked for again."""

import pyarrow as pa

from pipelines.connector import Table, columns

LATE_DAYS = 28  # opens and clicks keep arriving for weeks, and a report is always as of now
MEMBER_DAYS = 7  # a change can show late, and one that happens while pages are read can be missed
AS_NOW = 1  # asked whole every time

# Who confirmed; a pending member has not, and a transactional one was never asked.
OPTED_IN = ("subscribed", "unsubscribed", "cleaned", "archived")
STATUSES = frozenset((*OPTED_IN, "pending", "transactional"))

COUNT = pa.int64()
CAPTURED: dict[str, pa.DataType] = {"captured_on": pa.date32(), "captured_at": pa.timestamp("us", tz="UTC")}
COUNTS = (
    *("emails_sent", "bounces__hard_bounces", "bounces__soft_bounces", "bounces__syntax_errors"),
    *("opens__unique_opens", "clicks__unique_subscriber_clicks"),
)
# The specification does not know it: without it, opens by privacy proxies cannot be told apart.
WITHOUT_PROXIES = "opens__proxy_excluded_unique_opens"
COUNT_COLUMNS: dict[str, pa.DataType] = dict.fromkeys((*COUNTS, WITHOUT_PROXIES), COUNT)

TABLES = {
    # A deleted list is not captured any more, nor is a deleted automation or e-mail of one.
    "lists": Table(
        columns("id", "name", "date_created", stats__member_count=COUNT, **CAPTURED),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("stats__member_count",),
    ),
    # A member that was deleted, alone or with its list, stays as it was last, and so does one whose address was changed
    # since: no figure rests on them.
    "members": Table(
        columns(
            *("list_id", "member_key", "email_key", "contact_key"),
            *("status", "timestamp_signup", "timestamp_opt", "last_changed"),
        ),
        ("list_id", "member_key"),
        "entities",
        MEMBER_DAYS,
        newest_by="last_changed",
        required=("email_key", "status", "timestamp_opt", "last_changed"),
        enums={"status": STATUSES},
        contact=("contact_key",),
        dated_by=("timestamp_opt", "timestamp_signup"),
    ),
    # The vendor overwrites timestamp_opt when somebody comes back: every instant it has shown stays here, as does every
    # address that a contact has had. A contact that was deleted for good is only left out, and goes on counting.
    "opt_ins": Table(
        columns("list_id", "member_key", "timestamp_opt", "email_key", "contact_key"),
        ("list_id", "member_key", "timestamp_opt"),
        "entities",
        MEMBER_DAYS,
        required=("email_key",),
        contact=("contact_key",),
        dated_by=("timestamp_opt",),
    ),
    # A deleted campaign takes its report with it.
    "campaigns": Table(
        columns(
            *("id", "type", "status", "create_time", "send_time", "list_id", "parent_campaign_id"), emails_sent=COUNT
        ),
        ("id",),
        "entities",
        LATE_DAYS,
        required=("type", "send_time"),
        dated_by=("send_time",),
        listed_by="send_time",
    ),
    "reports": Table(
        columns("id", "type", "list_id", "send_time", **COUNT_COLUMNS),
        ("id",),
        "entities",
        LATE_DAYS,
        required=("type", "send_time", *COUNTS),
        dated_by=("send_time",),
        listed_by="send_time",
    ),
    "automations": Table(
        columns("id", "status", "create_time", "start_time", "list_id", emails_sent=COUNT, **CAPTURED),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
    ),
    "automation_emails": Table(
        columns("automation_id", "id", "create_time", **CAPTURED, **COUNT_COLUMNS),
        ("automation_id", "id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=COUNTS,
    ),
}
