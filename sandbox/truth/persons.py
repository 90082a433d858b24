"""Whose an address is: those that one contact of a tool had at different refreshes are one person's."""

from collections.abc import Iterable

from sandbox.truth.addresses import normalised


class Persons:
    """Who the addresses that contacts had belong to; any other address is somebody of its own."""

    def __init__(self, held: Iterable[tuple[str, str]]) -> None:
        self._same: dict[str, set[str]] = {}  # address → every address of that person, one set for all of them
        of_contact: dict[str, str] = {}
        for contact, address in held:
            one = normalised(address)
            self._unite(of_contact.setdefault(contact, one), one)

    def of(self, address: str) -> str:
        """The person by an address; "" where there is none."""
        one = normalised(address)
        return min(self._same.get(one, {one}))

    def _unite(self, one: str, other: str) -> None:
        if one != other:
            together = self._same.get(one, {one}) | self._same.get(other, {other})
            self._same |= dict.fromkeys(together, together)
