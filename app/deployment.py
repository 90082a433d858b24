"""What `deploy/prefect.yaml` asks of a business: when by its clock, and where its settings and data lie."""

import os

from app.options import DATA_VARIABLE, data_folder, settings_file
from app.ready import armed, ready
from app.schedule import clock, daily
from app.secrets_file import beside, load
from flows.places import Places


def asked(at: str) -> dict[str, str]:
    """A step of `prefect deploy`: the values that the deployment is filled with."""
    path = settings_file()
    load(beside(path))
    business = ready(path)
    data = data_folder(path, os.environ.get(DATA_VARIABLE))
    armed(business, path, Places(data))
    return {
        "settings": str(path),
        "data": str(data),
        "cron": daily(clock(at)),
        "zone": business.business.zone.key,
    }
