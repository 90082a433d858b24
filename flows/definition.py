"""What the figures are defined by: the models and the settings. When its hash changes, so may every value."""

import json
from datetime import datetime
from hashlib import sha256

from flows.places import PROJECT, Places
from pipelines import load_log
from pipelines.settings import Settings

PARTS = ("models", "macros", "seeds")


def definition(settings: Settings) -> str:
    """One hash over all models, macros and seeds, and over what the settings say."""
    found = sha256(json.dumps(settings.model_dump(mode="json"), sort_keys=True).encode())
    for part in PARTS:
        for path in sorted((PROJECT / "dbt_project" / part).rglob("*.*")):
            found.update(path.relative_to(PROJECT).as_posix().encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def has_changed(settings: Settings, places: Places) -> bool:
    """Whether the models were last built by another definition: then incremental ones are built anew."""
    with load_log.connect(places.warehouse) as connection:
        last = connection.execute("select definition from raw_parcours.builds order by as_of desc limit 1").fetchone()
    return last is not None and last[0] != definition(settings)


def keep_build(settings: Settings, places: Places, as_of: datetime) -> None:
    """All models are built as of this instant; what changes later is what incremental models read next time."""
    with load_log.connect(places.warehouse) as connection:
        connection.execute("insert into raw_parcours.builds values (?, ?)", [as_of, definition(settings)])
