"""What `[sources.files]` may say: the feeds, how their files are written, and which column is which field."""

import codecs
import hashlib
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import duckdb
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.connector import Options, Section
from pipelines.sources.files.entities import ENTITIES, FEEDS
from pipelines.sources.files.presets import PRESETS
from pipelines.sources.files.times import parsed_time

Format = Literal["csv", "parquet", "jsonl", "xlsx"]

# Part of every file's hash: raised when files are read differently, so that they are read once more.
READING = "3"
FEED_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


def _time_format(said: str | list[str]) -> str | list[str]:
    for form in [said] if isinstance(said, str) else said:
        try:
            duckdb.execute(f"select {parsed_time('x', form)} from (select '' as x)")
        except duckdb.Error as error:
            raise ValueError(f"{form!r} is no time format ({str(error).splitlines()[0]}); try %d/%m/%Y %H:%M") from None
    return said


TimeFormat = Annotated[str | list[str], AfterValidator(_time_format)]


def plain(name: str) -> str:
    """A column's name without what nobody sees: each space an ordinary one, each accent one with its letter."""
    return unicodedata.normalize("NFC", " ".join(name.strip("\ufeff\u200b").split()))


def _names(said: Any) -> Any:
    return [said] if isinstance(said, str) else said


Names = Annotated[list[Annotated[str, AfterValidator(plain)]], BeforeValidator(_names)]


class Column(Section):
    """Which column a field comes from: the first of these names that the file has, with the time of day in `time`.

    `values` renames what it holds, `otherwise` stands for all other values; `sql` is an expression over the file's
    columns in place of one. A file may lack an `optional` column.
    """

    column: Names = Field(default_factory=list)
    time: Names = Field(default_factory=list)
    sql: str = ""
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    time_format: TimeFormat = ""
    optional: bool = False

    @model_validator(mode="after")
    def _says_where(self) -> "Column":
        if bool(self.column) == bool(self.sql):
            raise ValueError("name the column of the file, or give `sql` in its place")
        return self


def _column(said: Any) -> Any:
    return {"column": said} if isinstance(said, (str, list)) else said


def _text(said: Any) -> Any:
    """A constant as a file would write it."""
    if isinstance(said, bool):
        return str(said).lower()
    if isinstance(said, (datetime, date)):
        return said.isoformat()
    return str(said) if isinstance(said, (int, float)) else said


class Feed(Section):
    """Files of one kind in one place, and how they are mapped to an entity."""

    preset: str = ""
    entity: str
    location: str = Field(min_length=1)
    format: Format | None = None
    sheet: str = ""
    skip_rows: int = Field(0, ge=0)
    fill_down: bool = False
    delimiter: str = Field("", max_length=1)
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    time_zone: str = ""
    time_format: TimeFormat = ""
    empty: list[str] = Field(default_factory=list)
    columns: dict[str, Annotated[Column, BeforeValidator(_column)]] = Field(default_factory=dict)
    constants: dict[str, Annotated[str, BeforeValidator(_text)]] = Field(default_factory=dict)
    filters: dict[str, str] = Field(default_factory=dict)
    _folder: Path = PrivateAttr(default=Path())  # that of the settings file, from which `location` counts

    @model_validator(mode="after")
    def _counts_from_the_settings(self, found: ValidationInfo) -> "Feed":
        self._folder = (found.context or {}).get("folder", self._folder)
        return self

    def path(self, location: str) -> Path:
        """Where a location, its variables replaced, lies on disk."""
        return self._folder / location

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, said: Any) -> Any:
        """A preset's keys under the feed's own; of columns, constants and filters each single one."""
        name = said.get("preset") if isinstance(said, dict) else None
        if not name:
            return said
        if name not in PRESETS:
            raise ValueError(f"{name!r} is no preset; known are: {', '.join(PRESETS)}")
        preset = PRESETS[name]
        merged = preset | said
        for key in ("columns", "constants", "filters"):
            merged[key] = preset.get(key, {}) | said.get(key, {})
        own, given = said.get("columns", {}), said.get("constants", {})
        merged["columns"] = {field: at for field, at in merged["columns"].items() if field not in given}
        merged["constants"] = {field: value for field, value in merged["constants"].items() if field not in own}
        return merged

    @field_validator("entity")
    @classmethod
    def _entity_is_known(cls, entity: str) -> str:
        if entity not in ENTITIES:
            raise ValueError(f"{entity!r} is no entity; known are: {', '.join(ENTITIES)}")
        return entity

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding; try utf-8, cp1252 or latin-1") from None
        return encoding

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        if zone and zone not in available_timezones():
            raise ValueError(f"{zone!r} is no IANA time zone; try Europe/Paris")
        return zone

    @model_validator(mode="after")
    def _fields_fit_the_entity(self) -> "Feed":
        if wrong := list(self._misfits()):
            raise ValueError("; ".join(wrong))
        return self

    def _misfits(self) -> Iterator[str]:
        entity = ENTITIES[self.entity]
        mapped = [*self.columns, *self.constants]
        for name in mapped:
            if name not in entity.fields:
                yield f"{name!r} is no field of {self.entity}; known are: {', '.join(entity.fields)}"
        for name in self.columns:
            if name in self.constants:
                yield f"{name!r} is both a column and a constant: keep one"
        for name in sorted(set(entity.hashed) & set(self.columns)):
            at = self.columns[name]
            if at.values or at.otherwise is not None or at.sql or at.time:
                yield f"{name!r} is a person: it takes a column without `values`, `otherwise`, `time` and `sql`"
        # the feed whose orders refunds are of is found among the feeds
        missing = [name for name in entity.required if name not in mapped and name != "orders_feed"]
        if missing:
            yield f"{self.entity} need {', '.join(missing)}: name the column of the file, or a constant"
        for group in entity.one_of:
            if not set(group) & set(mapped):
                yield f"{self.entity} need one of {', '.join(group)}: name the column of the file"

    @model_validator(mode="after")
    def _marks_differ(self) -> "Feed":
        if self.decimal == self.thousands:
            raise ValueError(f"{self.decimal!r} cannot be both the decimal mark and the thousands separator")
        return self

    def definition(self, zone: str) -> str:
        """The hash of all that shapes the rows of a file; where the file lies is not part of it."""
        said = self.model_dump_json(exclude={"location"})
        return hashlib.sha256(f"{READING} {zone} {said}".encode()).hexdigest()


class FilesOptions(Options):
    """`feeds` by name; `time_zone`: where times without an offset are meant, the business's unless a feed says."""

    feeds: dict[Annotated[str, Field(pattern=FEED_NAME)], Feed] = Field(default_factory=dict)
    time_zone: str = "Europe/Paris"

    @model_validator(mode="after")
    def _refunds_are_of_orders(self) -> "FilesOptions":
        """Refunds are given back from the orders of a feed: the one that there is, or the one that is named."""
        orders = [name for name, feed in self.feeds.items() if feed.entity in ("orders", "order_lines")]
        for name, feed in self.feeds.items():
            if feed.entity != "refunds" or "orders_feed" in feed.columns:
                continue
            named = feed.constants.get("orders_feed")
            if named is None and len(orders) == 1:
                self.feeds[name] = feed.model_copy(update={"constants": feed.constants | {"orders_feed": orders[0]}})
            elif named not in orders:
                raise ValueError(
                    f"feeds.{name}: say in `constants` of which feed the orders are that refunds are given back from: "
                    f"orders_feed = one of {', '.join(orders) or '(no feed of orders is declared)'}"
                )
        return self

    def gives(self, entity: str) -> bool:
        """Whether a feed is mapped to one of the tables that the entity is made from."""
        return any(feed.entity in FEEDS[entity] for feed in self.feeds.values())
