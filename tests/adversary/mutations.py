"""What may go wrong with an answer: the vocabulary of all mutations.

Each is one of these classes, which say what a load may make of it:

- `fault`: no honest vendor answers so. The load leaves what an undisturbed one leaves, or refuses the part by name.
- `passing`: an answer lost on the way. As `fault`; and where it is lost once only, it is asked again: equal.
- `harmless`: an answer that says the same in another way. Always equal, else refusing everything would pass.
- `possible`: what an honest vendor of another business could answer: the end of a listing that states no total, a row
  less in it, null in a field, a field less of which no table says that it is needed (`Table.required`, its key), a
  value that is new. No reader can tell it from the truth, so the load may believe it, but of what was stored no more
  than a single row may be lost by it, unless it is held back and told.

Not made at all, since nothing could be asserted of them: another text in a free text, another number in a number,
another time in a time, and a listing without total whose rows are exchanged for others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Class = Literal["fault", "passing", "harmless", "possible"]
Scope = Literal["once", "first", "middle", "last", "every"]
Change = Callable[[Any, Any], Any]  # of an answer and what is known beside it; None where it does not apply


@dataclass(frozen=True)
class Mutation:
    """One way to alter an answer, or None where it does not apply; `scopes` are the pages that it is tried on."""

    name: str
    change: Change
    kind: Class = "fault"
    scopes: tuple[Scope, ...] = ("first", "every")
    field: str = ""  # of a row, where one is altered: the column that may show it
    deletes_one: bool = False  # rows are gone: the loss of one may be believed, not of more

    @property
    def family(self) -> str:
        """What it belongs to: the part of its name before the colon."""
        return self.name.split(":")[0]
