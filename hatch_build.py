"""Refuses to build a wheel or an sdist; the editable install that `make setup` makes of the clone is let through."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REFUSED = (
    "Parcours is installed as a clone, not as a package: git clone it, run `make setup` there, "
    "and use .venv/bin/parcours from any folder (docs/install.md)."
)


class CloneOnly(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """What hatchling asks before it builds."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Let nothing but an editable install through."""
        if version != "editable":
            self.app.abort(REFUSED)
