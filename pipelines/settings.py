"""The business, from `parcours.toml`: what is connected, zone, currency, groups and windows. It holds no secret."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, PrivateAttr, SerializeAsAny, ValidationError, field_validator, model_validator

from pipelines import mistakes
from pipelines.connector import ConnectorError, Options, Section
from pipelines.currencies import CURRENCIES
from pipelines.entities import COMMERCE
from pipelines.objectives import Annotation, Dashboard, Objective
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS

MODELS = "models"


class SettingsError(ConnectorError):
    """`parcours.toml` says something that cannot be; the message names the key and what it should be."""


class Upsell(Section):
    """An offer to those who bought `base`: it succeeds when they buy `upsell` within the window."""

    base: list[str] = Field(min_length=1, description="product ids, as the source of the orders names them")
    upsell: list[str] = Field(min_length=1, description="product ids of what is offered next")
    window_days: int = Field(30, ge=1)
    same_order: bool = Field(False, description="an upsell in the very order of the base counts, too")


class Business(Section):
    """What holds for every source and every KPI."""

    name: str
    history_start: date = Field(description="the first business day to load")
    time_zone: str = "Europe/Paris"
    currency: str = Field("EUR", description="the reporting currency, ISO 4217")
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

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, currency: str) -> str:
        if currency not in CURRENCIES:
            raise ValueError(f"{currency!r} is no currency of today (ISO 4217); try EUR, USD or GBP")
        return currency

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which business days begin and end."""
        return ZoneInfo(self.time_zone)

    @property
    def source_seconds(self) -> float:
        """The time that one refresh gives to one source."""
        return self.source_minutes * 60

    def last_whole_day(self, as_of: datetime) -> date:
        """The last business day that has ended at an instant."""
        return as_of.astimezone(self.zone).date() - timedelta(days=1)

    def asked(self, through: date, as_of: datetime) -> Asked:
        """What a refresh asks of every source."""
        return Asked(through, as_of, self.zone, self.history_start, self.deep_reread_every_days, self.deep_reread_days)


class Published(Section):
    """Where what people open lies, and who may read it; all else is private to the user who refreshes."""

    folder: str = Field(
        default="", description="an absolute path; the data directory, which nobody else can enter, when empty"
    )
    group: str = Field(
        default="", description="the system's group that the file is given to; the user's own when empty"
    )
    mode: str = Field(default="0640", pattern="^0?6[0-6]{2}$", description="who may read it, as chmod takes it")
    copy_to: list[str] = Field(default_factory=list, description="folders that it and the page are copied to as well")
    command: list[str] = Field(default_factory=list, description="a program and its arguments, run after each publish")
    command_minutes: float = Field(default=5, gt=0, le=1440, description="how long the command may take")

    @field_validator("folder")
    @classmethod
    def _is_absolute(cls, folder: str) -> str:
        if folder and not Path(folder).is_absolute():
            raise ValueError(f"{folder!r} is no absolute path; try /srv/parcours")
        return folder

    @field_validator("copy_to")
    @classmethod
    def _are_absolute(cls, folders: list[str]) -> list[str]:
        for folder in folders:
            if not Path(folder).is_absolute():
                raise ValueError(f"{folder!r} is no absolute path; try /srv/share")
        return folders

    @property
    def bits(self) -> int:
        """The mode as a number."""
        return int(self.mode, 8)

    def path(self, usual: Path) -> Path:
        """The file itself, which lies at `usual` where no folder is set."""
        return Path(self.folder) / usual.name if self.folder else usual


class Alerts(Section):
    """Who is told when something is wrong, and from where on something is."""

    to: list[str] = Field(
        default_factory=list, description="environment variables that hold an address each; nobody is told when empty"
    )
    digest: list[Literal["week", "month"]] = Field(
        default_factory=list, description="when a digest is sent: after each week, each month, or both"
    )
    days_behind: int = Field(default=2, ge=1, description="a source whose data are as many days behind is stale")
    moved_share: float = Field(default=0.05, gt=0, description="a closed value that moved by a larger share is told")
    least_volume: float = Field(
        default=30, ge=1, description="a KPI that usually counts fewer per period is not watched"
    )

    @field_validator("to")
    @classmethod
    def _are_variables(cls, names: list[str]) -> list[str]:
        if not all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name) for name in names):  # one may be an address: not shown
            raise ValueError(
                "holds something that is no name of an environment variable: an address is a secret, so put it into "
                'the environment and its name here, such as to = ["PARCOURS_ALERT_URL"]'
            )
        return names

    @model_validator(mode="after")
    def _has_readers(self) -> Self:
        if self.digest and not self.to:
            raise ValueError('digest goes to nobody: add to = ["PARCOURS_ALERT_URL"], or take digest out')
        return self


class Privacy(Section):
    """How long persons are known."""

    prospects_months: int | None = Field(
        default=None,
        ge=1,
        le=1200,
        description="who has not opted in, clicked, bought or answered for as long is forgotten; nobody when left out",
    )


class Settings(Section):
    """The business, what it wants, and the options of each connected source."""

    business: Business
    published: Published = Published()
    dashboard: Dashboard = Dashboard()
    alerts: Alerts = Alerts()
    privacy: Privacy = Privacy()
    objectives: list[Objective] = Field(default_factory=list)
    annotations: list[Annotation] = Field(default_factory=list)
    sources: dict[str, SerializeAsAny[Options]] = Field(default_factory=dict)
    _models: Path | None = PrivateAttr(default=None)

    @property
    def models(self) -> Path | None:
        """The folder of the business's own models, where it has some."""
        return self._models

    @property
    def connected(self) -> list[str]:
        """The connected sources, in the registry's order."""
        return [name for name in CONNECTORS if name in self.sources]

    def feeding(self, entity: str) -> list[str]:
        """The connected sources that tell of an entity."""
        return [
            name for name in self.connected if entity in CONNECTORS[name].feeds and self.sources[name].gives(entity)
        ]

    def counted(self, entity: str) -> list[str]:
        """Those of them that count: of orders and what belongs to them, the ones that own the orders."""
        owners = self.business.orders_from or self.feeding("orders")
        return [name for name in self.feeding(entity) if entity not in COMMERCE or name in owners]


def read_settings(
    path: Path,
    also: Callable[["Settings"], Iterable[str]] = lambda _: (),
    instead: str | None = None,
    **business: Any,
) -> Settings:
    """`parcours.toml`, validated; `business` replaces keys of its `[business]` section, `instead` all that it says.

    All that is wrong is told at once, with what `also` finds in the settings and in the sources that hold.
    """
    text = read_toml(path) if instead is None else tomllib.loads(instead)
    sources, said = text.pop("sources", {}), text.get("business", {})
    if isinstance(said, dict):
        text["business"] = said | business
    wrong: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings(**text)
    except ValidationError as error:
        wrong += mistakes.lines(error, Settings)
    options, faults = _options(sources, settings.business.model_dump() if settings else {}, path.parent)
    if settings:
        settings = settings.model_copy(update={"sources": options})
        settings._models = models_beside(path)
        wrong += also(settings)
        wrong += faults or _order_faults(settings)
    else:
        wrong += faults
    if wrong or not settings:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    return settings


def models_beside(settings: Path) -> Path | None:
    """The folder `models` beside a settings file; None where it holds no model."""
    folder = settings.parent / MODELS
    return folder if next(folder.rglob("*.sql"), None) else None


def read_toml(path: Path) -> dict[str, Any]:
    """What a settings file says, not yet validated; raises `SettingsError`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist: name it with --settings, or make one: parcours init") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not written in UTF-8: save it so.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no valid TOML: {error}") from None


def _order_faults(settings: Settings) -> Iterator[str]:
    """A shop's order and its payment are told by two sources, but are one purchase."""
    telling, chosen = settings.feeding("orders"), settings.business.orders_from
    for name in chosen:
        if name not in telling:
            yield (
                f"business.orders_from names {name}, but what is connected and tells orders is: "
                f"{', '.join(telling) or 'nothing'}."
            )
    payments = [name for name in telling if CONNECTORS[name].takes_payments]
    if payments and len(telling) > 1 and not chosen:
        others = [name for name in telling if name not in payments]
        yield (
            f"{payments[0]} takes payments of orders that {' and '.join(others)} may tell as well; an order "
            f"must not count twice. Say in [business] whose orders count, such as: orders_from = {json.dumps(others)}."
        )


def _options(sources: Any, business: dict[str, Any], folder: Path) -> tuple[dict[str, Options], list[str]]:
    """The options of every source, and what is wrong with them; what it shares with the business is from there.

    Paths in them count from `folder`.
    """
    if not isinstance(sources, dict):
        return {}, [f"sources is {sources!r}, but should be a section: [sources]."]
    found: dict[str, Options] = {}
    wrong: list[str] = []
    for name, section in sources.items():
        if name not in CONNECTORS:
            said = mistakes.meant(name, CONNECTORS) or f"known are {', '.join(CONNECTORS)}."
            wrong.append(f"sources.{name} is unknown; {said}")
        elif not isinstance(section, dict):
            wrong.append(f"sources.{name} is {section!r}, but should be a section: [sources.{name}].")
        else:
            model = CONNECTORS[name].options
            shared = {key: value for key, value in business.items() if key in model.model_fields and key not in section}
            try:
                found[name] = model.model_validate(shared | section, context={"folder": folder})
            except ValidationError as error:
                wrong += mistakes.lines(error, model, f"sources.{name}.")
    return found, wrong
