"""What the figures are defined by: the models and the settings. When its hash changes, so may every value."""

import json
from hashlib import sha256

from flows.places import PROJECT
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
