"""What every vendor module declares, and what one load asks of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa
from dlt.extract.source import DltSource
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from pipelines.caveats import CAVEATS
from pipelines.expiry import Expiry

Kind = Literal["slices", "entities", "snapshots"]
PlanKind = Literal["usual", "deep", "backfill"]


class ConnectorError(Exception):
    """The vendor, or what was asked of it, is wrong; the message says what to do next and holds no secret."""


class AccessRefused(ConnectorError):
    """The vendor does not accept the credential or its permissions; retrying cannot help."""


class CredentialRefused(AccessRefused):
    """The vendor does not know the credential at all: nothing of the source would be answered."""


class Gone(ConnectorError):
    """What was asked for does not exist, or no longer; whoever asked decides what else depends on it."""


class QuotaExhausted(ConnectorError):
    """The vendor gives nothing more for now; the message says when it will."""


class BudgetSpent(ConnectorError):
    """The time that a refresh gives to one source is over; the message says how to give it more."""


def _is_number(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"is {text!r}, but should be the id alone, which is a number: no address, no name, no prefix")
    return text


NumberId = Annotated[str, AfterValidator(_is_number)]  # of what a vendor numbers


class Section(BaseModel):
    """What `parcours.toml` says, or a section of it; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Options(Section):
    """A source's section: the first and the last business day of which it counts, and keys of its own."""

    from_day: date | None = Field(
        default=None, alias="from", description="its first day; the start of history when left out"
    )
    until: date | None = Field(default=None, description="its last day, where another tool has taken its place")

    @field_validator("until")
    @classmethod
    def _is_not_before_from(cls, until: date | None, said: ValidationInfo) -> date | None:
        first = said.data.get("from_day")
        if until and first and until < first:
            raise ValueError(f"is {until}, before the source begins: from is {first}")
        return until

    def gives(self, entity: str) -> bool:
        """Whether these options ask for what the connector could feed."""
        return True


@dataclass(frozen=True)
class Table:
    """One raw table: declared columns, so that it exists before the vendor has rows.

    `slices`: a dated report; each asked (account, day) is replaced whole, so that what vanished at the vendor vanishes
    here. `slice_by` names its account column and, where it has one, its day column. `entities`: merged on the key.
    `snapshots`: merged on the key, which holds `captured_on`, the business day of the capture.
    Key columns are never null: the empty string stands for "none". `reread_days`: how far back a load asks again.

    A column is named as the vendor's field, in snake case; `parent__child` is a field of a nested object. `emails` and
    `hashes` name, per column, the field whose e-mail address or other personal identifier is hashed before anything is
    written. `contact` is the column that holds an e-mail tool's id of a contact. `newest_by` is the column that tells
    which of two versions of a key is the later one, where one load can hold both.

    `nested` are the columns that hold a list or an object of the vendor's, as JSON text; all others hold single values.
    `inside` are the types of fields within them, at any depth, by the name that the vendor gives them.
    `required` are columns whose field the vendor always sends, be it null: without one the load is refused. `enums`
    gives the values of a column that decide what counts: a load with another is refused. `dated_by` names, for a table
    whose slices are not the days that its rows count for, the columns whose first value tells that day: the load log
    says on which days the table changed. `acts`, as SQL: the rows that are something that their person did, such as a
    click or a purchase; that an e-mail was sent or opened is nothing of the kind. `listed_by` is the time by which the
    vendor filters its listing: a row of an asked time that the vendor no longer lists is deleted here; of a snapshot it
    is `captured_on`, where a second capture of a day replaces the first. `in_steps`: the vendor takes a last day too
    (`Plan.until`), so that a long history is read piece by piece. `one_by_one`: rows are asked for singly, and what a
    first load that was stopped has stored is not asked for again (`Plan.begun`).
    """

    columns: pa.Schema
    key: tuple[str, ...]
    kind: Kind
    reread_days: int
    slice_by: tuple[str, ...] = ()
    emails: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    contact: tuple[str, ...] = ()
    newest_by: str = ""
    nested: tuple[str, ...] = ()
    inside: Mapping[str, pa.DataType] = field(default_factory=dict)
    no_time: str = ""  # how the vendor writes a time that is none, where it is not null
    required: tuple[str, ...] = ()
    enums: Mapping[str, frozenset[str]] = field(default_factory=dict)
    dated_by: tuple[str, ...] = ()
    acts: str = "true"
    listed_by: str = ""
    kept_days: int = 0  # how far back the vendor keeps it; 0 for ever
    is_own: bool = False  # the user's own rows: what is absent was taken away on purpose
    is_chosen: bool = False  # we say which rows there are: what is absent was not asked for any more
    in_steps: bool = False
    one_by_one: bool = False
    rows_are_unique: bool = False  # else a row that the vendor repeats at a page border is dropped

    @property
    def is_dated(self) -> bool:
        """Its slices are days of an account; else a slice is all that an account has."""
        return len(self.slice_by) == 2


def columns(*texts: str, **others: pa.DataType) -> pa.Schema:
    """Columns of a table: those that hold text, then those of another type."""
    return pa.schema([*((name, pa.string()) for name in texts), *others.items()])


@dataclass(frozen=True)
class Pull:
    """One account's days of one table. `definition` is the hash of the settings that shape the rows, or ''."""

    table: str
    account_id: str
    first_day: date
    last_day: date
    definition: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What is pulled, whatever the days."""
        return self.table, self.account_id, self.definition

    def days(self) -> Iterator[date]:
        """Every day asked for, in order."""
        for offset in range((self.last_day - self.first_day).days + 1):
            yield self.first_day + timedelta(days=offset)


@dataclass(frozen=True)
class Caveat:
    """What a vendor says about the quality of its figures: of one period (`grain`), of one day, or of all days.

    `name` is one of `CAVEATS`; `detail` says how much, in words or figures.
    """

    table: str
    account_id: str
    name: str
    detail: str = ""
    day: date | None = None
    grain: str = ""  # of a report that is asked per period, which `day` begins; '' of one that is asked by day


@dataclass(frozen=True)
class Held:
    """A row that the vendor no longer shows, and that stays until it is proven that it was deleted."""

    row_key: str
    date_day: date | None
    held_since: datetime


@dataclass
class Plan:
    """What one load asks of one vendor, and what the vendor said about the quality of its answers."""

    as_of: datetime
    through: date
    zone: ZoneInfo
    pulls: tuple[Pull, ...]
    kind: PlanKind = "usual"
    warnings: list[str] = field(default_factory=list)
    caveats: set[Caveat] = field(default_factory=set)
    fields: dict[str, set[str]] = field(default_factory=dict)  # table → every field that its rows came with
    quota: dict[str, str] = field(default_factory=dict)  # what the vendor says is used or left, in its own words
    known_hashes: Mapping[tuple[str, str], str] = field(
        default_factory=dict
    )  # (table, account) → hash of its last load
    hashes: dict[tuple[str, str], str] = field(default_factory=dict)
    skipped: set[tuple[str, str]] = field(default_factory=set)
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    terms: dict[tuple[str, str, str], str] = field(default_factory=dict)  # (table, account, caveat) → zone or currency
    failed: set[tuple[str, str, str]] = field(default_factory=set)  # (table, account, definition), of several
    refused: list[ConnectorError] = field(default_factory=list)  # why parts could not be read
    ended_by: ConnectorError | None = None  # after which nothing more is asked: a spent quota, an unknown credential
    begun: Mapping[str, frozenset[str]] = field(default_factory=dict)  # table → first keys stored by unfinished loads
    has_answered: bool = False  # the vendor gave something
    is_last_look: bool = False  # what contradicts itself was read once already
    is_further: bool = False  # a later step of a load, whose first one said what holds of all days
    accepts_deletions: bool = False  # however many: somebody has said that they are meant
    held: dict[tuple[str, str], list[Held]] = field(default_factory=dict)  # of each (table, account) that was judged

    @property
    def captured_on(self) -> date:
        """The business day on which this load takes its snapshots."""
        return self.as_of.astimezone(self.zone).date()

    def of(self, table: str) -> tuple[Pull, ...]:
        """The pulls of one table."""
        return tuple(pull for pull in self.pulls if pull.table == table)

    def start(self, day: date) -> datetime:
        """The instant at which a business day begins, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def since(self, table: str) -> datetime:
        """The instant at which the first asked day of a table begins, in UTC."""
        return self.start(min((pull.first_day for pull in self.of(table)), default=self.through))

    def until(self, table: str) -> datetime | None:
        """The instant at which the last asked day of a table ends, in UTC; None where all until now is asked."""
        last_day = max((pull.last_day for pull in self.of(table)), default=self.through)
        return self.start(last_day + timedelta(days=1)) if last_day < self.through else None

    def warn(self, text: str) -> None:
        """Keep a warning for the load log; the load goes on."""
        self.warnings.append(text)

    def keep_hash(self, table: str, account_id: str, content_hash: str) -> None:
        """Remember what the vendor gave for an account; the next plan shows it in `known_hashes`."""
        self.hashes[table, account_id] = content_hash

    def unchanged(self, table: str, account_id: str) -> None:
        """Nothing new for this account: its rows stay as they are, and count as covered through this load."""
        self.skipped.add((table, account_id))

    def fail(self, table: str, account_id: str, reason: str, definition: str = "") -> None:
        """This account could not be read: its rows stay, it is not counted as covered, the load goes on and says so.

        With a definition, it is this one of several that one account is asked by; where all fail, the account has.
        """
        if definition:
            self.failed.add((table, account_id, definition))
        if not definition or all(self.has_failed(pull) for pull in self.of(table) if pull.account_id == account_id):
            self.failures[table, account_id] = reason

    def has_failed(self, pull: Pull) -> bool:
        """Whether a pull could not be read."""
        account = (pull.table, pull.account_id)
        return account in self.failures or (*account, pull.definition) in self.failed

    def account_zone(self, table: str, account_id: str, zone: str) -> None:
        """The zone of the account's days: one is complete when it is over there, be it not the business's."""
        self.terms[table, account_id, "account_zone"] = zone
        if zone != self.zone.key:
            self.caveat(table, account_id, "account_zone", zone)

    def account_currency(self, table: str, account_id: str, currency: str) -> None:
        """The currency in which the account is charged."""
        self.terms[table, account_id, "account_currency"] = currency
        self.caveat(table, account_id, "account_currency", currency)

    def caveat(
        self, table: str, account_id: str, name: str, detail: str = "", day: date | None = None, grain: str = ""
    ) -> None:
        """Keep what the vendor said about the quality of what it gave; it travels with every value made of it."""
        if name not in CAVEATS:
            raise ValueError(f"{name!r} is not among the caveats that Parcours explains")
        self.caveats.add(Caveat(table, account_id, name, detail, day, grain))


@dataclass(frozen=True)
class Scope:
    """One thing to pull of a table: an account, and the hash of the settings that shape its rows ('' for none)."""

    account_id: str
    definition: str = ""


@dataclass(frozen=True)
class Connector:
    """A vendor. `source(options, plan)` gives a dlt source with a resource per table; rows are dicts or Arrow tables.

    `scopes(options, table)` lists what to pull of a table. `check(options)` calls the vendor cheaply and gives the
    lines that `parcours check` shows; it raises `AccessRefused` with what exactly to fix. `feeds` names the entities
    that the staging models `stg_<vendor>__<entity>` give, and the tables that each is made from.
    `expires(options)` asks a vendor whose credentials end when this one does; `advice` is then how to renew it.
    `lists` is the option that lists the source's accounts, and `account_columns` names, of each table that is read
    account by account, the column that says whose a row is.
    """

    name: str
    title: str
    tables: Mapping[str, Table]
    options: type[Options]
    source: Callable[[Any, Plan], DltSource]
    scopes: Callable[[Any, str], list[Scope]]
    check: Callable[[Any], list[str]]
    feeds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: str = ""
    account_columns: Mapping[str, str] = field(default_factory=dict)
    takes_payments: bool = False  # of orders that another source may tell as well
    expires: Callable[[Any], Expiry] | None = None
    secrets: tuple[str, ...] = ()
    advice: str = ""  # where the vendor gives the credential
    permissions: tuple[str, ...] = ()
    docs_url: str = ""
    api_version: str = ""
    api_ends_on: date | None = None
    other_versions: Mapping[str, date] = field(default_factory=dict)  # also called, until the day they end

    def accounts(self, options: Options) -> list[str]:
        """The accounts that a source's options list: ids, or names of feeds."""
        listed = getattr(options, self.lists) if self.lists else ()
        return [getattr(one, "id", one) for one in listed]
