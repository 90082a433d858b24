"""What is wrong now, in words: of the refresh itself, and of what it published."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.locales import day_text, period_text, value_text
from dashboard.published import Ask, opened
from dashboard.words import word
from flows.unusual import LEAST_PERIODS, PERIODS, unusual
from pipelines.expiry import API_WARN_DAYS, WARN_DAYS
from pipelines.settings import Alerts

Row = dict[str, Any]
Told = Iterator[tuple[str, str]]

SCORECARD = """
    select card.*, catalog.label_fr, catalog.label_en,
        replace(catalog.unit, 'money', business.reporting_currency) as unit
    from marts.kpi_scorecard as card
    join marts.kpi_catalog as catalog on card.kpi_id = catalog.kpi_id
    cross join marts.dim_business as business
    where card.status = 'off track' order by card.objective_id, card.position
"""
VOLUME = "case when {denominator} is null then abs({value}) else least(abs({numerator}), {denominator}) end"
# A value that may still move is held against past ones as they were when they were as young.
WATCHED = f"""
    with latest as (
        select kpi_id, grain, period_start, value, unit, denominator, is_provisional, as_of
        from marts.kpi_values where is_connected and is_complete and grain in ('day', 'week', 'month')
        qualify row_number() over (partition by kpi_id, grain order by period_start desc) = 1
    ),
    reported as (
        select *, {VOLUME.format(value="value", numerator="numerator", denominator="denominator")} as volume
        from marts.kpi_history where is_complete and value is not null
        qualify row_number() over (partition by kpi_id, grain, period_start order by reported_from) = 1
    ),
    past as (
        select reported.*
        from reported join latest on
            reported.kpi_id = latest.kpi_id and reported.grain = latest.grain
            and reported.period_start < latest.period_start
            and (latest.grain != 'day' or isodow(reported.period_start) = isodow(latest.period_start))
            and reported.is_provisional = latest.is_provisional
            and (
                not latest.is_provisional
                or cast(reported.reported_from as date) - reported.period_start
                    <= cast(latest.as_of as date) - latest.period_start + 1
            )
        qualify row_number() over (
            partition by reported.kpi_id, reported.grain order by reported.period_start desc
        ) <= {PERIODS}
    ),
    pasts as (
        select kpi_id, grain, list(value) as past, median(volume) as volume from past group by kpi_id, grain
    ),
    -- of days of whatever weekday: a shop that is closed on Sundays is watched by day all the same
    volumes as (
        select kpi_id, grain, median(volume) as usual_volume from reported group by kpi_id, grain
    )
    select latest.*, past, volume, usual_volume, good, label_fr, label_en
    from latest
    join marts.kpi_catalog as catalog on latest.kpi_id = catalog.kpi_id
    left join pasts on latest.kpi_id = pasts.kpi_id and latest.grain = pasts.grain
    left join volumes on latest.kpi_id = volumes.kpi_id and latest.grain = volumes.grain
    where usual_volume >= $least
    qualify row_number() over (
        partition by latest.kpi_id order by case latest.grain when 'day' then 1 when 'week' then 2 else 3 end
    ) = 1
    order by catalog.position
"""
MOVED = f"""
    select moved.*, label_fr, label_en, count(*) over (partition by moved.kpi_id) as periods
    from marts.kpi_revisions as moved join marts.kpi_catalog as catalog on moved.kpi_id = catalog.kpi_id
    where changed_at > $since and was_complete and not was_provisional and not has_new_days
        and moved.grain = case cadence when 'daily' then 'day' when 'weekly' then 'week' else 'month' end
        and abs(value_after - value_before) > $share * abs(value_before)
        and {VOLUME.format(value="value_before", numerator="numerator_before", denominator="denominator_before")}
            >= $least
    qualify row_number() over (
        partition by moved.kpi_id order by abs(value_after / nullif(value_before, 0) - 1) desc nulls first, period_start
    ) = 1
    order by catalog.position
"""


@dataclass
class Found:
    """What is wrong, by an id that stays the same while it is; of what is `unknown` nothing can be said now."""

    wrong: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)  # what happened, and has no end


def find(marts: Path, alerts: Alerts, language: str, since: datetime, known: Collection[str]) -> Found:
    """All that the published file shows; of values that moved, those that did so after `since`.

    `known` are the ids of what was wrong before.
    """
    found = Found()
    with opened(marts) as ask:
        found.wrong.update(_sources(ask, alerts, language))
        found.wrong.update(_objectives(ask, language))
        for row in ask(WATCHED, {"least": alerts.least_volume}):
            _watch(row, alerts.least_volume, language, known, found)
        limits = {"since": since, "share": alerts.moved_share, "least": alerts.least_volume}
        found.events = [_moved(row, language) for row in ask(MOVED, limits)]
    return found


def _sources(ask: Ask, alerts: Alerts, language: str) -> Told:
    for row in ask("select * from marts.source_health where is_connected order by title"):
        for kind, what in _source(row, alerts, language):
            yield f"{kind}:{row['source']}", word("source says", language, source=row["title"], caveat=what)


def _source(row: Row, alerts: Alerts, language: str) -> Told:
    if row["status"] == "failed":
        yield "failed", word("health.error", language, error=row["error"])
    if row["status"] == "partial":
        yield "partial", word("health.partial", language)
    if (row["days_behind"] or 0) >= alerts.days_behind:
        name = "health.one_behind" if row["days_behind"] == 1 else "health.behind"
        yield "stale", word(name, language, days=row["days_behind"])
    if row["api_days_left"] is not None and row["api_days_left"] < API_WARN_DAYS:
        yield "api", word("health.api", language, day=day_text(row["api_ends_on"], language))
    if row["credential_days_left"] is not None and row["credential_days_left"] < WARN_DAYS:
        said = word("health.credential", language, day=day_text(row["credential_expires_on"], language))
        yield "credential", f"{said} {row['credential_renewal'] or ''}".strip()


def _objectives(ask: Ask, language: str) -> Told:
    for row in ask(SCORECARD):
        measured = word(
            "objective.measured",
            language,
            kpi=row[f"label_{language}"],
            value=value_text(row["latest_value"], row["unit"], language),
            period=period_text(row["grain"], row["latest_period_start"], language),
            expected=value_text(row["expected_value"], row["unit"], language),
        )
        said = word("alert.off_track", language, objective=row["objective_id"], measured=measured)
        yield f"off track:{row['objective_id']}:{row['kpi_id']}", said


def _watch(row: Row, least: float, language: str, known: Collection[str], found: Found) -> None:
    """A KPI by day where its days count enough, else by week, else by month: its latest complete period."""
    name = f"unusual:{row['kpi_id']}"
    counts_enough = row["value"] is not None and (row["denominator"] is None or row["denominator"] >= least)
    if not (counts_enough and row["volume"] and len(row["past"] or []) >= LEAST_PERIODS):
        found.unknown.add(name)
        return
    beyond = unusual(row["value"], row["past"], row["volume"], row["good"], name in known)
    if beyond:
        found.wrong[name] = word(
            f"alert.{beyond.side}",
            language,
            kpi=row[f"label_{language}"],
            value=value_text(row["value"], row["unit"], language),
            period=period_text(row["grain"], row["period_start"], language),
            usual=value_text(beyond.usual, row["unit"], language),
            bound=value_text(beyond.bound, row["unit"], language),
        )


def _moved(row: Row, language: str) -> str:
    cause = row["cause"]
    for name in ("definition", "disconnected"):
        cause = re.sub(f"^{name}", word(f"detail.cause_{name}", language), cause)
    said = word(
        "alert.moved",
        language,
        kpi=row[f"label_{language}"],
        period=period_text(row["grain"], row["period_start"], language),
        before=value_text(row["value_before"], row["unit_before"], language),
        after=value_text(row["value_after"], row["unit_after"], language),
        cause=word("detail.cause_time", language) if cause == "time" else cause,
    )
    others = row["periods"] - 1
    return word("alert.more_moved", language, moved=said, count=others) if others else said
