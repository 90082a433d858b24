"""The table: per connector, what was tried and what became of it."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.adversary.trial import Combination, Outcome

COLUMNS = ("tried", "equal", "refused", "believed", "neither")
HARMLESS = ("harmless", "harmless equal")


def chosen(combinations: Iterable[Combination], every: int) -> list[Combination]:
    """All, or a sample: one in so many, the same ones every time."""
    return [one for one in combinations if zlib.crc32(str(one).encode()) % every == 0]


@dataclass
class Tally:
    """Outcomes counted, and in words those that break the promise."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> Outcome:
        """Count one; one that altered nothing was not tried."""
        source, mutation = outcome.combination.source, outcome.combination.mutation
        if outcome.result == "unaltered":
            return outcome
        self.counts[source, "tried"] += 1
        self.counts[source, outcome.result] += 1
        if mutation.kind == "harmless":
            self.counts[source, "harmless"] += 1
            self.counts[source, "harmless equal"] += outcome.result == "equal"
        if outcome.result == "neither":
            self.broken.append(str(outcome))
        return outcome

    def join(self, other: "Tally") -> None:
        """Add another's."""
        self.counts += other.counts
        self.broken += other.broken

    def as_json(self) -> str:
        """For another process."""
        return json.dumps({"counts": [[*key, n] for key, n in self.counts.items()], "broken": self.broken})

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        """Of another process."""
        said = json.loads(text)
        return cls(Counter({(source, what): n for source, what, n in said["counts"]}), said["broken"])

    def line(self, source: str) -> str:
        """One connector's line, or all together's."""
        names = {name for name, _ in self.counts} if source == "all" else {source}
        sums = {what: sum(self.counts[name, what] for name in names) for what in (*COLUMNS, *HARMLESS)}
        figures = "".join(f"{sums[what]:>10}" for what in COLUMNS)
        return f"{source:<18}{figures}{sums['harmless equal']:>10} of {sums['harmless']}"

    def table(self) -> str:
        """All lines."""
        head = f"{'':<18}" + "".join(f"{what:>10}" for what in COLUMNS) + "  harmless equal"
        names = list(dict.fromkeys(name for name, _ in self.counts))
        return "\n".join([head, *map(self.line, names), self.line("all")])
