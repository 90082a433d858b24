"""The business, from `parcours.toml`: what is connected, zone, currency, groups and windows. It holds no secret."""

import json
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, field_validator

from pipelines.connector import ConnectorError, Options
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS


class SettingsError(ConnectorError):
    """`parcours.toml` says something that cannot be; the message names the key and what it should be."""


class Upsell(BaseModel):
    """An offer to those who bought `base`: it succeeds when they buy `upsell` within the window."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: list[str] = Field(min_length=1, description="product ids, as the source of the orders names them")
    upsell: list[str] = Field(min_length=1, description="product ids of what is offered next")
    window_days: int = Field(30, ge=1)
    same_order: bool = Field(False, description="an upsell in the very order of the base counts, too")


class Business(BaseModel):
    """What holds for every source and every KPI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    history_start: date = Field(description="the first business day to load")
    time_zone: str = "Europe/Paris"
    currency: str = Field("EUR", pattern="^[A-Z]{3}$", description="the reporting currency, ISO 4217")
    week_start: Literal["monday", "sunday"] = "monday"
    prospect_window_days: int = Field(90, ge=1, description="a prospect converts within this many days")
    deep_reread_every_days: int = Field(7, ge=0, description="how often restatements older than the windows are sought")
    deep_reread_days: int = Field(400, ge=1, description="how far back they are sought")
    source_minutes: float = Field(30, gt=0, le=1440, description="how long a refresh waits for one source")
    orders_from: list[str] = Field(default_factory=list, description="the sources whose orders count; all when empty")
    upsells: list[Upsell] = Field(default_factory=list)
    north_star: str = Field("weekly_active_customers", description="that, or the id of a KPI")
    north_star_sql: str = Field("", description="in its place, a query that gives grain, period_start and value")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"{zone!r} is no IANA time zone; try Europe/Paris")
        return zone

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which business days begin and end."""
        return ZoneInfo(self.time_zone)

    @property
    def source_seconds(self) -> float:
        """The time that one refresh gives to one source."""
        return self.source_minutes * 60

    def asked(self, through: date, as_of: datetime) -> Asked:
        """What a refresh asks of every source."""
        return Asked(through, as_of, self.zone, self.history_start, self.deep_reread_every_days, self.deep_reread_days)


class Published(BaseModel):
    """Where what people open lies, and who may read it; all else is private to the user who refreshes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = Field(
        default="", description="an absolute path; the data directory, which nobody else can enter, when empty"
    )
    group: str = Field(
        default="", description="the system's group that the file is given to; the user's own when empty"
    )
    mode: str = Field(default="0640", pattern="^0?6[0-6]{2}$", description="who may read it, as chmod takes it")

    @field_validator("folder")
    @classmethod
    def _is_absolute(cls, folder: str) -> str:
        if folder and not Path(folder).is_absolute():
            raise ValueError(f"{folder!r} is no absolute path; try /srv/parcours")
        return folder

    @property
    def bits(self) -> int:
        """The mode as a number."""
        return int(self.mode, 8)

    def path(self, usual: Path) -> Path:
        """The file itself, which lies at `usual` where no folder is set."""
        return Path(self.folder) / usual.name if self.folder else usual


class Settings(BaseModel):
    """The business and the options of each connected source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    business: Business
    published: Published = Published()
    sources: dict[str, SerializeAsAny[Options]] = Field(default_factory=dict)

    @property
    def connected(self) -> list[str]:
        """The connected sources, in the registry's order."""
        return [name for name in CONNECTORS if name in self.sources]

    def feeding(self, entity: str) -> list[str]:
        """The connected sources that tell of an entity."""
        return [
            name for name in self.connected if entity in CONNECTORS[name].feeds and self.sources[name].gives(entity)
        ]


def read_settings(path: Path, **business: Any) -> Settings:
    """`parcours.toml`, validated; `business` replaces keys of its `[business]` section."""
    try:
        text = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist: copy parcours.toml of the project and fill it in.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not written in UTF-8: save it so.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}") from None
    sources = _section(path, "sources", text.pop("sources", {}))
    text["business"] = _section(path, "business", text.get("business", {})) | business
    try:
        settings = Settings(**text)
    except ValidationError as error:
        raise SettingsError(_pointed(path, error)) from None
    settings = settings.model_copy(update={"sources": _options(path, sources, settings.business.model_dump())})
    _check_orders(path, settings)
    return settings


def _check_orders(path: Path, settings: Settings) -> None:
    """A shop's order and its payment are told by two sources, but are one purchase."""
    telling, chosen = settings.feeding("orders"), settings.business.orders_from
    for name in chosen:
        if name not in telling:
            raise SettingsError(
                f"{path}: business.orders_from names {name}, but what is connected and tells orders is: "
                f"{', '.join(telling) or 'nothing'}."
            )
    payments = [name for name in telling if CONNECTORS[name].takes_payments]
    if payments and len(telling) > 1 and not chosen:
        others = [name for name in telling if name not in payments]
        raise SettingsError(
            f"{path}: {payments[0]} takes payments of orders that {' and '.join(others)} may tell as well; an order "
            f"must not count twice. Say in [business] whose orders count, such as: orders_from = {json.dumps(others)}."
        )


def _options(path: Path, sources: dict[str, Any], business: dict[str, Any]) -> dict[str, Options]:
    unknown = sorted(set(sources) - set(CONNECTORS))
    if unknown:
        raise SettingsError(f"{path}: sources.{unknown[0]} is unknown; known are {', '.join(CONNECTORS)}.")
    return {
        name: _option(path, name, _section(path, f"sources.{name}", section), business)
        for name, section in sources.items()
    }


def _section(path: Path, name: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: {name} is {found!r}, but should be a section: [{name}].")
    return found


def _option(path: Path, name: str, section: dict[str, Any], business: dict[str, Any]) -> Options:
    """A source's options; those that it shares with the business come from there."""
    model = CONNECTORS[name].options
    shared = {key: value for key, value in business.items() if key in model.model_fields and key not in section}
    try:
        return model(**shared, **section)
    except ValidationError as error:
        raise SettingsError(_pointed(path, error, f"sources.{name}.")) from None


def _pointed(path: Path, error: ValidationError, prefix: str = "") -> str:
    lines = [
        f"{path}: {prefix}{'.'.join(str(part) for part in found['loc'])}: {found['msg'].removeprefix('Value error, ')}"
        for found in error.errors()
    ]
    return "\n".join(lines)
