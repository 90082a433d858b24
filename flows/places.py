"""Where a refresh keeps things: below one data directory."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Places:
    """The files of one installation."""

    data: Path
    models: Path | None = None  # the business's own, where it has some

    @property
    def warehouse(self) -> Path:
        """Private to the refresh: raw tables and models."""
        return self.data / "warehouse.duckdb"

    @property
    def marts(self) -> Path:
        """What readers open; always whole, never locked."""
        return self.data / "marts.duckdb"

    @property
    def dashboard(self) -> Path:
        """The page that people look at, written with every publish."""
        return self.data / "dashboard.html"

    @property
    def charts(self) -> Path:
        """The library that draws the page's charts, packed."""
        return self.data / "charts"

    @property
    def state(self) -> Path:
        """dlt's working directories."""
        return self.data / "dlt"

    @property
    def dbt_target(self) -> Path:
        """dbt's compiled models and run results.

        `PARCOURS_DBT_TARGET` lets several installations share them, but for one with models of its own.
        """
        shared = None if self.models else os.environ.get("PARCOURS_DBT_TARGET")
        return Path(shared or self.data / "dbt")

    @property
    def dbt_ran(self) -> Path:
        """The statements that dbt ran for each layer."""
        return self.dbt_target / "ran"

    @property
    def dbt_project(self) -> Path:
        """The project that dbt reads: the program's, or where the business has its own models, one with both."""
        return self.data / "dbt" / "project" if self.models else PROJECT / "dbt_project"

    @property
    def prefect(self) -> Path:
        """Prefect's own database and settings."""
        return self.data / "prefect"

    @property
    def runs(self) -> Path:
        """One JSON line per refresh."""
        return self.data / "runs.jsonl"

    @property
    def alerts(self) -> Path:
        """What is wrong now and was told, and what could not be told yet."""
        return self.data / "alerts.json"
