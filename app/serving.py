"""`parcours serve`: a process that stays, refreshes every day, and has Prefect's page at hand."""

import os
from datetime import datetime, time, timedelta
from pathlib import Path

from rich.console import Console

from app.printing import say
from app.ready import armed, ready
from app.schedule import daily
from app.status import published_at
from flows import prefect_server
from flows.places import Places


def serve(settings: Path, places: Places, at: time, port: int, console: Console) -> None:
    """Refresh at this time of the business's day, until stopped; at once where the last one was missed."""
    business = ready(settings)
    armed(business, settings, places)
    zone = business.business.zone
    os.environ["PREFECT_LOGGING_LEVEL"] = "INFO"
    with prefect_server.kept(places, port) as page:
        from prefect.schedules import Cron

        from flows.scheduled import scheduled

        say(console, f"A refresh every day at {at:%H:%M} in {zone.key}; its runs: {page}. Ctrl-C ends.")
        asked = {"settings": str(settings), "data": str(places.data)}
        if is_due(published_at(places), at, datetime.now(zone)):
            say(console, "None has published since then: one now.")
            scheduled(**asked, return_state=True)  # its failure is logged, and the next one is tomorrow's
        scheduled.serve(
            name="daily",
            schedule=Cron(daily(at), timezone=zone.key),
            parameters=asked,
            limit=1,
            pause_on_shutdown=False,
            print_starting_message=False,
        )


def is_due(published: list[datetime], at: time, now: datetime) -> bool:
    """Whether no refresh that began since the last such time of day has published."""
    today = datetime.combine(now.date(), at, now.tzinfo)
    last = today if today <= now else datetime.combine(now.date() - timedelta(days=1), at, now.tzinfo)
    return not published or max(published) < last
