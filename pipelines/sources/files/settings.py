"""What `[sources.files]` may say: the feeds, how their files are written, and which column is which field."""

import codecs
import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import duckdb
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pipelines.connector import Options
from pipelines.sources.files.entities import ENTITIES, FEEDS
from pipelines.sources.files.times import parsed_time

Format = Literal["csv", "parquet", "jsonl"]

# Part of every file's hash: raised when files are read differently, so that they are read once more.
READING = "1"
FEED_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"


def _time_format(said: str | list[str]) -> str | list[str]:
    for form in [said] if isinstance(said, str) else said:
        try:
            duckdb.execute(f"select {parsed_time('x', form)} from (select '' as x)")
        except duckdb.Error as error:
            raise ValueError(f"{form!r} is no time format ({str(error).splitlines()[0]}); try %d/%m/%Y %H:%M") from None
    return said


TimeFormat = Annotated[str | list[str], AfterValidator(_time_format)]


class Column(Options):
    """Which column a field comes from; `values` renames what it holds, `otherwise` stands for all other values."""

    column: Annotated[str, AfterValidator(str.strip)]
    values: dict[str, str] = Field(default_factory=dict)
    otherwise: str | None = None
    time_format: TimeFormat = ""


def _column(said: Any) -> Any:
    return {"column": said} if isinstance(said, str) else said


def _text(said: Any) -> Any:
    """A constant as a file would write it."""
    if isinstance(said, bool):
        return str(said).lower()
    if isinstance(said, (datetime, date)):
        return said.isoformat()
    return str(said) if isinstance(said, (int, float)) else said


class Feed(Options):
    """Files of one kind in one place, and how they are mapped to an entity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    location: str = Field(min_length=1)
    format: Format | None = None
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
        entity = ENTITIES[self.entity]
        mapped = [*self.columns, *self.constants]
        for name in mapped:
            if name not in entity.fields:
                raise ValueError(f"{name!r} is no field of {self.entity}; known are: {', '.join(entity.fields)}")
        for name in self.columns:
            if name in self.constants:
                raise ValueError(f"{name!r} is both a column and a constant: keep one")
        for name in entity.addresses:
            if name in self.columns and (self.columns[name].values or self.columns[name].otherwise is not None):
                raise ValueError(f"{name!r} is an address: it takes a column without `values` and `otherwise`")
        missing = [name for name in entity.required if name not in mapped]
        if missing:
            raise ValueError(f"{self.entity} need {', '.join(missing)}: name the column of the file, or a constant")
        if entity.one_of and not set(entity.one_of) & set(mapped):
            raise ValueError(f"{self.entity} need one of {', '.join(entity.one_of)}: name the column of the file")
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

    def gives(self, entity: str) -> bool:
        """Whether a feed is mapped to one of the tables that the entity is made from."""
        return any(feed.entity in FEEDS[entity] for feed in self.feeds.values())
