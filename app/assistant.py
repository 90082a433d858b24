"""`parcours mcp`: the published KPIs for an assistant, by the Model Context Protocol (https://modelcontextprotocol.io).

It speaks over standard input and output, reads alone, and opens the published file anew for each call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from app import answers
from app.choices import Grain
from app.queries import run_query
from flows.places import Places
from pipelines.connector import ConnectorError

INSTRUCTIONS = """
Marketing KPIs of one business, as published. Begin with list_kpis(search=the question, in French or English).
Say a value with its unit and period. Where is_complete is false the period is open or not wholly loaded; where
is_provisional is true the value may still move; null is not known, never zero.
Where is_connected is false no source of the KPI is connected.
Pass on caveats. Never add up or average uniques and rates: ask for the longer grain. Rates are shares: 0.25 is 25 %.
"""


def serve(places: Places) -> None:
    """Answer until the client goes."""
    server = MCPServer("parcours", instructions=INSTRUCTIONS, log_level="ERROR")
    for tool in _tools(places.marts):
        server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    server.run("stdio")


def _tools(marts: Path) -> list[Callable[..., dict[str, Any]]]:
    """Their signatures and docstrings are what the assistant reads."""

    def list_kpis(search: str = "") -> dict[str, Any]:
        """KPIs with labels and definitions in French and English, unit, parts, and which way is good.

        `search`: the words of a question; gives the five nearest, best first. Without it: all.
        """
        with _told():
            return {"kpis": answers.find_kpis(marts, search)}

    def get_kpi(
        kpi_id: str, grain: Grain = "month", first_day: date | None = None, last_day: date | None = None
    ) -> dict[str, Any]:
        """A KPI's values with numerator, denominator, flags, sources and caveats: the newest 14 periods.

        `first_day` and `last_day` choose the periods that begin from the one to the other.
        """
        with _told():
            return answers.values_of(marts, kpi_id, grain, first_day, last_day)

    def compare(kpi_id: str, grain: Grain, period_start: date) -> dict[str, Any]:
        """How a value changed since the period before and since last year.

        An open period is compared with as many first days of them. `reason` says why there is no change to tell.
        """
        with _told():
            return answers.comparisons_of(marts, kpi_id, grain, period_start)

    def explain_revision(kpi_id: str, grain: Grain, period_start: date) -> dict[str, Any]:
        """What was published for a period before, when it changed, and why; newest first.

        `cause`: the sources whose days changed; `definition` where a model or a setting did; `disconnected` and what,
        where it had just gone; `time` where only a window closed. `has_new_days`: the period was open and has gone on.
        """
        with _told():
            return answers.revisions_of(marts, kpi_id, grain, period_start)

    def run_sql(query: str) -> dict[str, Any]:
        """One select in DuckDB's SQL over the published tables: 10 seconds, 500 rows.

        `show tables` and `describe kpi_values` say what there is. Prefer the other tools: they tell flags and caveats.
        """
        with _told():
            return run_query(marts, query)

    return [list_kpis, get_kpi, compare, explain_revision, run_sql]


@contextmanager
def _told() -> Iterator[None]:
    """An error of ours is told; of all others the client sees no more than that there was one."""
    try:
        yield
    except ConnectorError as error:
        raise ToolError(str(error)) from None
