"""Faults on demand: what goes wrong on the next calls of a path, so that tests can break any vendor at will."""

import re
from collections.abc import Collection
from threading import Lock
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Kind = Literal[
    "429",
    "500",
    "502_html",
    "429_gateway",
    "timeout",
    "reset",
    "truncated",
    "slow",
    "token_expired",
    "quota_gone",
    "new_column",
    "changed_type",
    "missing_column",
    "renamed_enum",
    "repeat_page",
]

# The same for every vendor: the server does them around the router.
GENERIC_KINDS: frozenset[Kind] = frozenset({"500", "502_html", "429_gateway", "timeout", "reset", "truncated", "slow"})
# Shaped by the vendor (its own error body, its own columns): the vendor's router asks for them.
VENDOR_KINDS: frozenset[Kind] = frozenset(
    {
        "429",
        "token_expired",
        "quota_gone",
        "new_column",
        "changed_type",
        "missing_column",
        "renamed_enum",
        "repeat_page",
    }
)


class Fault(BaseModel):
    """`times` calls whose path matches go wrong, after `after` calls that went well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="regular expression, searched in the path without its query")
    kind: Kind
    times: int = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0, description="how long `slow` and `timeout` keep the client waiting")

    @field_validator("path")
    @classmethod
    def is_pattern(cls, path: str) -> str:
        """Refuse a pattern that cannot be compiled where it is declared, not when it is used."""
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return path


class Faults:
    """The declared faults and how many matching calls each has seen."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: list[tuple[Fault, list[int]]] = []

    def add(self, fault: Fault) -> None:
        """Declare one more fault; of several that are due on one call, the first declared happens."""
        with self._lock:
            self._seen.append((fault, [0]))

    def clear(self) -> None:
        """From now on all is well."""
        with self._lock:
            self._seen.clear()

    def take(self, path: str, kinds: Collection[Kind] = VENDOR_KINDS) -> Fault | None:
        """The fault that this call of `path` shall meet, if any. Ask once per call: asking counts as a call."""
        due = None
        with self._lock:
            for fault, seen in self._seen:
                if fault.kind not in kinds or not re.search(fault.path, path):
                    continue
                seen[0] += 1
                if due is None and fault.after < seen[0] <= fault.after + fault.times:
                    due = fault
        return due

    def pending(self) -> list[Fault]:
        """Faults that have not yet happened as often as declared."""
        with self._lock:
            return [fault for fault, seen in self._seen if seen[0] < fault.after + fault.times]
