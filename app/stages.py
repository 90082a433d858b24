"""What the stages of the journey are called: as the settings name them, where what is published says so."""

from dashboard.published import Ask
from dashboard.words import LANGUAGES
from flows.catalog import STAGES


def stage_names(ask: Ask, language: str) -> dict[str, str]:
    """The name of each stage, in the order of the journey; the levers come last."""
    return {stage: names[LANGUAGES.index(language)] for stage, names in STAGES.items()} | _named(ask, language)


def _named(ask: Ask, language: str) -> dict[str, str]:
    if not ask("select 1 from duckdb_tables() where database_name = 'marts' and table_name = 'dim_stages'"):
        return {}  # published before stages could be renamed
    return {row["stage"]: row[f"label_{language}"] for row in ask("from marts.dim_stages order by position")}
