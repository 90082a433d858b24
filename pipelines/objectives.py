"""What the business wants of its figures: objectives per stage, what each stage shows first, and notes on days."""

from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from pipelines.connector import Section

Stage = Literal["awareness", "engagement", "capture", "conversion", "experience", "ascension", "fan", "ambassador"]
Grain = Literal["day", "week", "month", "quarter", "year"]
MOST = 3  # main KPIs of a stage or of an objective: who follows more follows none
CUMULATED = {"quarter": ("day", "month"), "year": ("day", "month", "quarter")}  # what a quarter or year is made of
PATH = ("start_value", "start_day", "target_value", "target_day")


class Dashboard(Section):
    """How the stages are called, and what each shows first."""

    language: Literal["fr", "en"] = "fr"
    stages: dict[Stage, str] = Field(default_factory=dict, description="what the business calls a stage")
    focus: dict[Stage, list[str]] = Field(default_factory=dict, description="1 to 3 KPIs of the stage")

    @field_validator("stages")
    @classmethod
    def _have_names(cls, stages: dict[Stage, str]) -> dict[Stage, str]:
        for stage, name in stages.items():
            if not name.strip():
                raise ValueError(f"the name of {stage} is empty")
        return stages

    @field_validator("focus")
    @classmethod
    def _are_few(cls, focus: dict[Stage, list[str]]) -> dict[Stage, list[str]]:
        for stage, named in focus.items():
            if wrong := _not_few(named):
                raise ValueError(f"{stage} {wrong}")
        return focus


class Target(Section):
    """Where a KPI is to go: from one value to another by a day, or so much a period, added up over a longer one."""

    kpi: str
    grain: Grain = Field("month", description="the periods whose values are looked at")
    start_value: float | None = Field(None, allow_inf_nan=False)
    start_day: date | None = None
    target_value: float | None = Field(None, allow_inf_nan=False)
    target_day: date | None = None
    per_period: float | None = Field(None, gt=0, allow_inf_nan=False, description="the target of each period")
    cumulated: Literal["quarter", "year"] | None = Field(None, description="what per_period is added up over")

    @model_validator(mode="after")
    def _is_one_form(self) -> Self:
        missing = [key for key in PATH if getattr(self, key) is None]
        has_path, has_periods = len(missing) < len(PATH), not (self.per_period is None and self.cumulated is None)
        if has_path == has_periods:
            said = "both are said" if has_path else "neither is said"
            raise ValueError(f"should have either {', '.join(PATH)}, or per_period and cumulated; {said}")
        if has_path and missing:
            raise ValueError(f"lacks {', '.join(missing)}")
        return self._of_a_path() if has_path else self._of_periods()

    def _of_a_path(self) -> Self:
        if self.start_day and self.target_day and self.target_day <= self.start_day:
            raise ValueError(f"target_day {self.target_day} should come after start_day {self.start_day}")
        if self.start_value == self.target_value:
            raise ValueError(f"target_value is the start_value, {self.start_value:g}: there is no way to go")
        return self

    def _of_periods(self) -> Self:
        if self.per_period is None or self.cumulated is None:
            raise ValueError(f"lacks {'per_period' if self.per_period is None else 'cumulated'}")
        fitting = CUMULATED[self.cumulated]
        if self.grain not in fitting:
            raise ValueError(
                f"a {self.cumulated} is not made of whole periods of grain {self.grain}; choose {' or '.join(fitting)}"
            )
        return self


class Objective(Section):
    """What a stage is to reach, by whom, and how often somebody looks whether it does."""

    id: str = Field(description="stays the same while the objective is reworded")
    stage: Stage
    sentence: str = Field(min_length=1)
    serves: str = Field(description="the lever that it serves, or north_star")
    owner: str = Field(min_length=1)
    contributors: list[str] = Field(default_factory=list)
    review: Literal["weekly", "monthly", "quarterly"] = "monthly"
    kpis: list[Target]

    @field_validator("id")
    @classmethod
    def _is_plain(cls, name: str) -> str:
        if not name or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise ValueError(f"{name!r} should be letters, digits, - and _, such as more-prospects")
        return name

    @field_validator("kpis")
    @classmethod
    def _are_few(cls, kpis: list[Target]) -> list[Target]:
        if wrong := _not_few([target.kpi for target in kpis]):
            raise ValueError(wrong)
        return kpis


class Annotation(Section):
    """What happened on a day, for whoever wonders about a curve."""

    day: date
    text: str = Field(min_length=1)
    kpis: list[str] = Field(default_factory=list, description="whose curves it belongs to; all when left out")


def _not_few(kpis: list[str]) -> str:
    """What is wrong with a choice of KPIs, if anything."""
    if not 1 <= len(kpis) <= MOST:
        return f"has {len(kpis)} KPIs, but should have 1 to {MOST}: choose those that matter most"
    twice = [kpi for kpi in kpis if kpis.count(kpi) > 1]
    return f"has {twice[0]} twice" if twice else ""
