"""What affiliate tools have in common: one account, captured whole, some of whose programmes are of partners."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from pydantic import Field

from pipelines.connector import Options, Plan, Scope

# Each day's capture stays as it was taken: who is deleted, or taken out of a programme, is missing from then on.
AS_NOW = 1
CAPTURE: dict[str, pa.DataType] = {"captured_on": pa.date32(), "captured_at": pa.timestamp("us", tz="UTC")}
FEEDS = {"affiliates": ("affiliates",), "partners": ("affiliates",)}


class AffiliateOptions(Options):
    """The section of an affiliate tool."""

    partner_programmes: list[str] = Field(default_factory=list, description="ids of the programmes of partners")

    def gives(self, entity: str) -> bool:
        """Partners only where the options say which programmes are theirs."""
        return entity != "partners" or bool(self.partner_programmes)

    def told(self, source: str, word: str, pages: Iterable[Iterable[Mapping[str, Any]]], title: str) -> list[str]:
        """The account's programmes, which the tool calls `word`, and what the options name that it does not have."""
        found = {row["id"]: row.get(title) for page in pages for row in page}
        return [f"{word} {key}, {name}" for key, name in found.items()] + [
            f"{word} {key} does not exist: correct [sources.{source}] partner_programmes"
            for key in self.partner_programmes
            if key not in found
        ]


def captured(plan: Plan) -> dict[str, Any]:
    """When a capture is taken, as it stands in each of its rows."""
    return {"captured_on": plan.captured_on, "captured_at": plan.as_of}


def scopes(options: AffiliateOptions, table: str) -> list[Scope]:
    """One credential is one account, which the table holds whole."""
    return [Scope("")]
