"""What somebody keeps by hand and exports as CSV for a French spreadsheet: semicolons, decimal commas, cp1252.

`spend.csv`: marketing spend that no tool reports, once it is noted. `press.csv`: articles that name the brand, in local
time, until somebody takes one out.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import Response

from sandbox.faults import Fault
from sandbox.state import Sandbox

ENVIRONMENT: dict[str, str] = {}  # read by location, which names SANDBOX_URL


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /spreadsheets."""
    routes = APIRouter()
    zone = ZoneInfo(sandbox.world.time_zone)

    @routes.get("/spend.csv")
    def spend(request: Request) -> Response:
        now = sandbox.now()
        lines = [
            (
                f"{one.date_day:%d/%m/%Y}",
                one.channel,
                one.campaign,
                f"{one.amount / 100:.2f}".replace(".", ","),
                one.currency,
            )
            for one in sandbox.world.other_spend
            if one.date_day <= now.astimezone(zone).date() and (one.noted_at is None or one.noted_at <= now)
        ]
        return _csv(("Jour", "Canal", "Campagne", "Montant", "Devise"), lines, sandbox.faults.take(request.url.path))

    @routes.get("/press.csv")
    def press(request: Request) -> Response:
        now = sandbox.now()
        lines = [
            (one.mention_id, f"{one.happened_at.astimezone(zone):%d/%m/%Y %H:%M}", one.outlet)
            for one in sandbox.world.press_mentions
            if one.happened_at <= now and (one.removed_at is None or one.removed_at > now)
        ]
        return _csv(("Numéro", "Parue le", "Média"), lines, sandbox.faults.take(request.url.path))

    return routes


def _csv(header: tuple[str, ...], lines: Iterable[tuple[str, ...]], fault: Fault | None) -> Response:
    """A file, in which somebody may have added a column of notes, or taken out the last one."""
    text = StringIO()
    if fault and fault.kind == "new_column":
        header, lines = (*header, "Remarque"), [(*line, "à vérifier") for line in lines]
    if fault and fault.kind == "missing_column":
        header, lines = header[:-1], [line[:-1] for line in lines]
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    return Response(text.getvalue().encode("cp1252"), media_type="text/csv")
