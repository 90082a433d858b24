"""What is kept of Brevo's answers: one raw table each, and how far back it is asked for again."""

import pyarrow as pa

from pipelines.connector import Table, columns

LATE_DAYS = 28  # opens and clicks keep arriving for weeks, and a campaign's statistics are always as of now
CONTACT_DAYS = 7  # a contact that changes while pages are read can be missed
AS_NOW = 1  # asked whole every time

EVENTS = ("delivered", "opened", "loadedByProxy")  # `opened` is a person, `loadedByProxy` a privacy proxy
OTHER_EVENTS = (
    *("bounces", "hardBounces", "softBounces", "spam", "requests", "clicks", "invalid", "deferred", "blocked"),
    *("unsubscribed", "error"),
)
TYPES = frozenset(("classic", "trigger"))
STATUSES = frozenset(
    ("draft", "sent", "archive", "queued", "suspended", "in_process", "in_review", "cancelling", "cancelled")
)
COUNT, DAY, MOMENT = pa.int64(), pa.date32(), pa.timestamp("us", tz="UTC")
STATISTICS = ("sent", "delivered", "unique_views", "unique_clicks", "trackable_views")  # of recipients, not of opens
STATISTICS_COLUMNS = tuple(f"statistics__global_stats__{name}" for name in STATISTICS)
COUNTERS = ("unique_subscribers", "total_subscribers", "total_blacklisted")

TABLES = {
    # The attribute can be overwritten, the address changed and a contact erased: every opt-in that the vendor has ever
    # shown stays here, with every address that it was shown with.
    "opt_ins": Table(
        columns("opt_in", "email_key", "created_at", id=COUNT),
        ("id", "opt_in", "email_key"),
        "entities",
        CONTACT_DAYS,
        emails={"email_key": "email"},
        contact=("id",),
        required=("created_at",),
        dated_by=("opt_in", "created_at"),
    ),
    # The vendor refuses to delete a campaign that was sent; it can be archived only, and those are asked for as well.
    "campaigns": Table(
        columns(
            *("type", "status", "created_at", "scheduled_at", "sent_date", "recipients"),
            id=COUNT,
            ab_testing=pa.bool_(),
            **dict.fromkeys(STATISTICS_COLUMNS, COUNT),
        ),
        ("id",),
        "entities",
        LATE_DAYS,
        nested=("recipients",),
        inside={"lists": pa.list_(COUNT)},
        required=("type", "status", "sent_date", *STATISTICS_COLUMNS[:-1]),
        enums={"type": TYPES, "status": STATUSES},
        dated_by=("sent_date", "scheduled_at"),
        one_by_one=True,
    ),
    # What has happened is never taken back. Of what is asked for nothing is done by the person on purpose.
    "events": Table(
        columns("message_id", "event", "date", "email_key", "tag", template_id=COUNT),
        ("message_id", "event", "date", "email_key"),
        "entities",
        LATE_DAYS,
        emails={"email_key": "email"},
        required=("email_key",),
        enums={"event": frozenset(EVENTS + OTHER_EVENTS)},
        dated_by=("date",),
        acts="false",
    ),
    # A deleted list is not captured any more.
    "lists": Table(
        columns("name", id=COUNT, captured_on=DAY, captured_at=MOMENT, **dict.fromkeys(COUNTERS, COUNT)),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("unique_subscribers", "total_blacklisted"),
    ),
}
