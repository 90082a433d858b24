"""What somebody keeps by hand and exports as CSV for a French spreadsheet: semicolons, decimal commas, cp1252.

`spend.csv`: marketing spend that no tool reports. `press.csv`: articles that name the brand, in local time.
"""

import csv
from collections.abc import Iterable
from io import StringIO
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from sandbox.state import Sandbox

ENVIRONMENT: dict[str, str] = {}  # read by location, which names SANDBOX_URL


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /spreadsheets."""
    routes = APIRouter()
    zone = ZoneInfo(sandbox.world.time_zone)

    @routes.get("/spend.csv")
    def spend() -> Response:
        today = sandbox.now().astimezone(zone).date()
        lines = [
            (
                f"{one.date_day:%d/%m/%Y}",
                one.channel,
                one.campaign,
                f"{one.amount / 100:.2f}".replace(".", ","),
                one.currency,
            )
            for one in sandbox.world.other_spend
            if one.date_day <= today
        ]
        return _csv(("Jour", "Canal", "Campagne", "Montant", "Devise"), lines)

    @routes.get("/press.csv")
    def press() -> Response:
        lines = [
            (one.mention_id, f"{one.happened_at.astimezone(zone):%d/%m/%Y %H:%M}", one.outlet)
            for one in sandbox.world.press_mentions
            if one.happened_at <= sandbox.now()
        ]
        return _csv(("Numéro", "Parue le", "Média"), lines)

    return routes


def _csv(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> Response:
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(lines)
    return Response(text.getvalue().encode("cp1252"), media_type="text/csv")
