"""What `deploy/prefect.yaml` asks of a business: when by its clock, and where its settings and data lie."""

import os

from app.options import settings_file
from app.ready import armed, ready
from app.schedule import clock
from app.secrets_file import beside, load


def asked(at: str) -> dict[str, str]:
    """A step of `prefect deploy`: the values that the deployment is filled with."""
    path = settings_file()
    load(beside(path))
    business = ready(path)
    armed(business, path)
    time = clock(at)
    return {
        "settings": str(path),
        "data": os.environ.get("PARCOURS_DATA") or str(path.parent / "data"),
        "cron": f"{time.minute} {time.hour} * * *",
        "zone": business.business.zone.key,
    }
