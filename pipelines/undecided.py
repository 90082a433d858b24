"""Rows with a value that nobody knows and no other field decides: they count for nothing, and a caveat says so."""

from datetime import date
from typing import Any

from pipelines.connector import Caveat, Plan


class Undecided:
    """Those of one table of an account, counted by day; `what` says what the rows are."""

    def __init__(self, plan: Plan, table: str, account_id: str, what: str) -> None:
        self.plan, self.table, self.account_id, self.what = plan, table, account_id, what
        self.found: dict[date, dict[str, set[Any]]] = {}

    def note(self, day: date, value: Any, key: Any) -> None:
        """Tell of a row of this day; one that a page repeats counts once."""
        of_day = self.found.setdefault(day, {})
        if of_day:
            self.plan.caveats.discard(self._caveat(day))
        of_day.setdefault(str(value)[:40], set()).add(key)
        self.plan.caveats.add(self._caveat(day))

    def _caveat(self, day: date) -> Caveat:
        parts = (f"{len(keys)} of status {value!r}" for value, keys in sorted(self.found[day].items()))
        return Caveat(self.table, self.account_id, "unknown_value", f"{self.what}: {', '.join(parts)}", day)
