"""`parcours demo`: simulated vendors up, two real refreshes against them, the KPI tables, vendors down."""

import json
import os
import secrets
import shutil
import subprocess
import urllib.request
from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.syntax import Syntax

from app.printing import complain, say
from flows import prefect_server, reviews, tethered
from flows.places import PROJECT, Places
from flows.private import private
from pipelines.connector import ConnectorError
from pipelines.objectives import Target
from pipelines.settings import Settings, read_settings

SETTINGS = PROJECT / "examples" / "demo" / "parcours.toml"
EVENING = time(20, 0)  # business time of the first refresh, on the last day of the previous month
WRITTEN_IN = date(2026, 11, 1)  # the month as of which the settings' objectives and notes are written
REVIEWS = (  # of which objective, how long ago, and what was found; one is due every week
    ("achats", timedelta(days=21), "Relance des paniers en place ; à revoir après un cycle."),
    ("rebond", timedelta(days=2), "La refonte tient ; restent les pages de catégories."),
)
MARK = "demo.json"  # tells a demo's data directory from a business's
QUERIES = """\
-- What did each prospect cost, month by month, and out of what?
select period_start, cost_per_prospect, spend, new_prospects from kpi_capture where grain = 'month' and is_complete;

-- Weekly unique visitors: asked for per week, never the sum of days.
select period_start, unique_visitors, visitors_from_google
from kpi_awareness where grain = 'week' and is_complete order by period_start desc limit 8;

-- Which values may still move, and whose data are missing?
select kpi_id, period_start, value, is_provisional, missing_sources
from kpi_values where grain = 'month' and is_connected and (is_provisional or not is_complete);
"""


def run_demo(months: int, places: Places, console: Console) -> int:
    """Run it all; gives the exit code. A second run starts from nothing again."""
    started = monotonic()
    _start_afresh(places)
    with private(places.data):
        prefect_server.start(places)  # which takes as long as the simulated vendors to be up
    now = datetime.now(UTC).replace(microsecond=0)
    settings = settings_of(months, now)
    with vendors(settings, now, console) as sandbox_url:
        for instant in (last_evening(settings, now), now):
            code = _refresh(settings, places, instant, sandbox_url, console)
            if code:
                return code
            if instant < now:
                _review(places, now)
    _show(places, console)
    console.print(f"Done in {monotonic() - started:.0f} s.")
    return 0


def _start_afresh(places: Places) -> None:
    """Empty the data directory of an earlier demo; a business's own is never touched."""
    if places.data.exists() and any(places.data.iterdir()) and not (places.data / MARK).exists():
        raise ConnectorError(
            f"{places.data} holds a warehouse that no demo made. Run the demo elsewhere: parcours demo --data data-demo"
        )
    shutil.rmtree(places.data, ignore_errors=True)
    places.data.mkdir(parents=True)
    (places.data / MARK).write_text(json.dumps({"made_by": "parcours demo"}))


def settings_of(months: int, now: datetime) -> Settings:
    """The demo's business, with its history starting at the first day of a month."""
    today = now.astimezone(read_settings(SETTINGS, history_start=date(2000, 1, 1)).business.zone).date()
    settings = read_settings(SETTINGS, history_start=_moved(today.replace(day=1), -months))
    return _as_if_written(settings, (today.year - WRITTEN_IN.year) * 12 + today.month - WRITTEN_IN.month)


def _as_if_written(settings: Settings, months_later: int) -> Settings:
    """The same wishes and notes, so many months later."""

    def later(target: Target) -> Target:
        days = {"start_day": target.start_day, "target_day": target.target_day}
        return target.model_copy(update={key: day and _moved(day, months_later) for key, day in days.items()})

    objectives = [
        objective.model_copy(update={"kpis": [later(target) for target in objective.kpis]})
        for objective in settings.objectives
    ]
    notes = [note.model_copy(update={"day": _moved(note.day, months_later)}) for note in settings.annotations]
    return settings.model_copy(update={"objectives": objectives, "annotations": notes})


def _moved(day: date, months: int) -> date:
    """The same day of another month, or its last one where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_evening(settings: Settings, now: datetime) -> datetime:
    """The last evening of the previous month: its snapshots then have a capture."""
    zone = settings.business.zone
    last_day = now.astimezone(zone).date().replace(day=1) - timedelta(days=1)
    return datetime.combine(last_day, EVENING, zone).astimezone(UTC)


@contextmanager
def vendors(settings: Settings, now: datetime, console: Console) -> Iterator[str]:
    """The simulated vendors in a process of their own, and this process aimed at them; gives their address."""
    started = monotonic()
    first_day, last_day = settings.business.history_start, now.astimezone(settings.business.zone).date()
    command = tethered.command("sandbox", "--port", "0", "--grpc-port", "0")
    command += ["--first-day", str(first_day), "--last-day", str(last_day)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            exported = dict(_exports(process))
            os.environ.update(exported, PARCOURS_IDENTITY_KEY=secrets.token_hex(32), PARCOURS_RETRY_PATIENCE="0.001")
            console.print(f"vendors up in {monotonic() - started:.1f} s, with a world from {first_day} to {last_day}")
            yield exported["SANDBOX_URL"]
        finally:
            process.terminate()


def _exports(process: subprocess.Popen[str]) -> Iterator[tuple[str, str]]:
    """The variables that the sandbox prints before it waits."""
    for line in process.stdout or ():
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            yield name, value
        if line.startswith("# Ctrl-C"):
            return
    raise ConnectorError("The simulated vendors did not start; try by hand: parcours sandbox")


def set_clock(sandbox_url: str, instant: datetime) -> None:
    """What time it is for the simulated vendors."""
    request = urllib.request.Request(  # noqa: S310  our own http address
        f"{sandbox_url}/_sandbox/clock",
        data=json.dumps({"now": instant.isoformat()}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()  # noqa: S310


def _refresh(settings: Settings, places: Places, instant: datetime, sandbox_url: str, console: Console) -> int:
    """One refresh, with the vendors' clock at the same instant."""
    from flows.refresh import run_refresh

    set_clock(sandbox_url, instant)
    through = settings.business.last_whole_day(instant)
    console.rule(f"refresh through {through}, as of {instant:%Y-%m-%d %H:%M} UTC")
    outcome = run_refresh(settings, places, through, instant, [], partial(say, console))
    if outcome.error:
        complain(f"nothing was published. {outcome.error}")
    console.print(f"refreshed in {outcome.seconds:.1f} s")
    return outcome.exit_code


def _review(places: Places, now: datetime) -> None:
    """What people said when they looked at some objectives."""
    for objective_id, ago, note in REVIEWS:
        reviews.keep(places, objective_id, note, now - ago)


def _show(places: Places, console: Console) -> None:
    from app.kpis import show_kpis

    show_kpis(places, None, "month", "table", "en", console)
    console.print(
        f"\nPublished: [bold]{_shown(places.marts)}[/bold]. Open it with any DuckDB client (read-only) and try:\n"
    )
    console.print(Syntax(QUERIES, "sql", background_color="default", word_wrap=True))
    say(console, f"\nThe dashboard: {_shown(places.dashboard)}. Open it in a browser, or: parcours dashboard --open")


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
