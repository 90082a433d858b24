"""What is kept of Klaviyo's answers: one raw table each, and how far back it is asked for again."""

import pyarrow as pa

from pipelines.connector import Table, columns

LATE_DAYS = 28  # opens and clicks come for weeks, and an event can show long after the instant that it carries
PROFILE_DAYS = 7  # a change can show late, and one that happens while pages are read can be missed
AS_NOW = 1  # asked whole every time

MAIL_METRICS = ("Received Email", "Bounced Email", "Opened Email", "Clicked Email")
CONSENTS = frozenset(("SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED", ""))  # '' of who has none to e-mail

WHOSE = "relationships__profile__data__id"  # what is unique is counted by it
# The vendor does not document all names of the flag, which is true, "true", 1 or "1.0" of a click that no person made.
BOT_FLAGS = ("Bot Click", "bot_click", "$bot_click")
BOT_FLAG = " ".join(f"""json_extract_string(attributes__event_properties, '$."{flag}"'),""" for flag in BOT_FLAGS)
CLICKED = f"metric_name = 'Clicked Email' and not regexp_matches(lower(concat_ws(' ', {BOT_FLAG} '')), 'true|1')"
EVENT = columns("id", "metric_name", WHOSE, "attributes__datetime")

# An event keeps its id, so that every table of events is merged on it; none is ever taken back, and those of a deleted
# profile stay, at the vendor as here. The events of a deleted campaign stay too, but name it no more.
TABLES = {
    "events": Table(
        EVENT.append(pa.field("attributes__event_properties", pa.string())),
        ("id",),
        "entities",
        LATE_DAYS,
        nested=("attributes__event_properties",),
        required=("attributes__datetime", "attributes__event_properties", WHOSE),
        contact=(WHOSE,),
        dated_by=("attributes__datetime",),
        acts=CLICKED,
        in_steps=True,
    ),
    # Read from the account's beginning, whatever the history asked for: the first opt-in counts, not a later one.
    "opt_in_events": Table(
        EVENT,
        ("id",),
        "entities",
        LATE_DAYS,
        required=("attributes__datetime", WHOSE),
        contact=(WHOSE,),
        dated_by=("attributes__datetime",),
    ),
    # The vendor overwrites the consent, its time and the address: all that it has shown stay here. A deleted profile,
    # which the vendor only leaves out, and the last address of an erased one stay too: their opt-ins go on counting.
    "profiles": Table(
        columns("id", "email_key", "consent", "consent_timestamp", "attributes__created", "attributes__updated"),
        ("id", "consent", "consent_timestamp", "email_key"),
        "entities",
        PROFILE_DAYS,
        emails={"email_key": "attributes__email"},
        contact=("id",),
        required=("email_key", "attributes__updated"),
        enums={"consent": CONSENTS},
        dated_by=("consent_timestamp", "attributes__created"),
    ),
    # Only those sent since the events are asked for: of an earlier one some events would be missing. All are listed
    # each time, the archived as well, so that one that is not was deleted.
    "campaigns": Table(
        columns("id", "attributes__status", "attributes__send_time", "attributes__audiences__included", "messages"),
        ("id",),
        "entities",
        LATE_DAYS,
        nested=("attributes__audiences__included", "messages"),
        required=("attributes__send_time", "messages"),
        dated_by=("attributes__send_time",),
        listed_by="attributes__send_time",
        in_steps=True,
    ),
    # A deleted list is not captured any more.
    "lists": Table(
        columns(
            *("id", "attributes__name", "attributes__created"),
            captured_on=pa.date32(),
            captured_at=pa.timestamp("us", tz="UTC"),
            attributes__profile_count=pa.int64(),
        ),
        ("id", "captured_on"),
        "snapshots",
        AS_NOW,
        required=("attributes__profile_count",),
    ),
}
