"""Files that are made from the code, so that a fact stands in one place: `make generated` writes them.

The list of vendors that the models unite, the names of the secrets, and the pages on connectors and KPIs.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from app import secrets_file
from app.messages import troubleshoot
from dashboard.words import LANGUAGES, word
from flows.catalog import STAGES, Kpi, kpis
from flows.places import PROJECT
from pipelines.caveats import CAVEATS
from pipelines.connector import Connector, Table
from pipelines.credentials import variables
from pipelines.entities import ENTITIES
from pipelines.registry import CONNECTORS

MADE = "made by `make generated`; do not edit"
SECRETS_INTRODUCTION = f"""\
# The names of all secrets and none of their values: {MADE}. `parcours init` writes those of the
# connected tools into .env beside the settings, which each command reads; what the environment sets goes before. By
# hand: copy this to .env there, fill it in, and keep it to yourself: chmod 600 .env
# dlt's other providers work as well: .dlt/secrets.toml (section [sources.<name>]) and its vaults.

# Required. Hashes e-mail addresses before they touch disk. Any random text; never change it: openssl rand -hex 32
PARCOURS_IDENTITY_KEY=
"""
CONNECTORS_INTRODUCTION = f"""<!-- {MADE} -->
# Connectors

What each connector reads, under which key, and how far back every refresh reads again. Kinds: `slices` are replaced
whole, so what vanished at the vendor vanishes here; `entities` are merged on their key; `snapshots` are captures, of
which the vendor keeps no history.
"""
KPIS_INTRODUCTION = f"""<!-- {MADE} -->
# KPIs

Each is computed by day, week, month, quarter and year. `kpi_values` holds value, parts, flags and sources;
`kpi_by_segment` cuts by the dimensions named here. Classes: `additive` is a sum of days; `ratio` divides parts of the
period; `unique` is counted for the period; `snapshot` is the last capture in it; `trailing` looks back from its end;
`distribution` is worked out from its events. Days are those of the `business`'s zone, of the `account`'s as the vendor
reports them, or both (`mixed`): see [time.md](time.md).
"""
KPIS_HEADER = "| KPI | definition | class | days of | unit | good | by | fed by |\n|---|---|---|---|---|---|---|---|"
CAVEATS_INTRODUCTION = """## Caveats

What vendors say of their own figures is in `caveats` of each value in `kpi_values`; `fct_caveats` has the details.

| caveat | meaning |
|---|---|"""
KPIS_INTRODUCTION_FR = """<!-- fait par `make generated` ; ne pas modifier -->
# Les indicateurs

Chacun est calculé par jour, semaine, mois, trimestre et année. La table `kpi_values` en donne la valeur, les parties,
l'état et les sources. Les jours sont ceux du fuseau de l'entreprise, ceux que l'outil
compte dans le fuseau du compte, ou les deux (mixtes).
"""
KPIS_HEADER_FR = "| indicateur | définition | jours | unité | suivi | sources |\n|---|---|---|---|---|---|"


def files() -> dict[Path, str]:
    """Every generated file and what it should hold."""
    return {
        PROJECT / "dbt_project" / "macros" / "vendors.sql": _vendors(),
        PROJECT / ".env.example": _secrets(),
        PROJECT / "docs" / "connectors.md": _connectors(),
        PROJECT / "docs" / "kpis.md": _kpis(),
        PROJECT / "docs" / "fr" / "kpis.md": _kpis_fr(),
        PROJECT / "docs" / "troubleshoot.md": troubleshoot(),
    }


def _vendors() -> str:
    lines = []
    for entity in ENTITIES:
        vendors = [name for name, connector in CONNECTORS.items() if entity in connector.feeds]
        lines.append(f"        '{entity}': {vendors!r},")
    body = "\n".join(lines)
    return (
        f"{{# The vendors that feed an entity, as their connectors declare it: {MADE}. #}}\n"
        f"{{% macro vendors_of(entity) %}}\n    {{{{ return({{\n{body}\n    }}[entity]) }}}}\n{{% endmacro %}}\n"
    )


def _secrets() -> str:
    lines = [SECRETS_INTRODUCTION]
    lines += [secrets_file.named(connector) for connector in CONNECTORS.values() if connector.secrets]
    return "\n".join(lines)


def _connectors() -> str:
    return "\n".join([CONNECTORS_INTRODUCTION, *(_connector(name, one) for name, one in CONNECTORS.items())])


def _connector(name: str, connector: Connector) -> str:
    facts = [f"- Settings: `[sources.{name}]`"]
    if connector.secrets:
        named = ", ".join(f"`{variable}`" for variable in variables(connector))
        facts.append(f"- Secrets: {named}. {connector.advice}")
    if connector.permissions:
        facts.append(f"- Permissions: {', '.join(f'`{one}`' for one in connector.permissions)}")
    if connector.api_version:
        facts.append(f"- API version: {connector.api_version}{_ends(connector.api_ends_on)}")
    facts += [f"- Also calls: {version}{_ends(ends_on)}" for version, ends_on in connector.other_versions.items()]
    if connector.feeds:
        facts.append(f"- Tells of: {', '.join(connector.feeds)}")
    if connector.docs_url:
        facts.append(f"- The vendor's documentation: <{connector.docs_url}>")
    doc = (connector.source.__doc__ or "").strip()
    rows = "\n".join(_table(name, table_name, table) for table_name, table in connector.tables.items())
    header = "| raw table | kind | key | read again | hashed on entry |\n|---|---|---|---|---|"
    return f"## {connector.title}\n\n{doc}\n\n" + "\n".join(facts) + f"\n\n{header}\n{rows}\n"


def _ends(day: date | None) -> str:
    return f", ends on {day}" if day else ", no end announced"


def _table(source: str, name: str, table: Table) -> str:
    again = "all, each time" if table.reread_days == 1 else f"{table.reread_days} days"
    if table.kind == "snapshots":
        again = "captured each time"
    hashed = ", ".join([*table.emails, *table.hashes, *(one for one in ("email_key",) if one in table.columns.names)])
    named = dict.fromkeys(hashed.split(", ")) if hashed else {}
    return f"| `raw_{source}.{name}` | {table.kind} | {', '.join(table.key)} | {again} | {', '.join(named)} |"


def sources_of(kpi: Kpi) -> list[str]:
    """The sources that can feed a KPI, in the registry's order."""
    seed = (PROJECT / "dbt_project" / "seeds" / "staging" / "part_entities.csv").read_text(encoding="utf-8")
    lines = [line.split(",") for line in seed.splitlines()[1:]]
    entities = {entity for part, entity, _ in lines if part in kpi.declared["parts"]}
    return [name for name, connector in CONNECTORS.items() if entities & set(connector.feeds)]


def _fed_by(kpi: Kpi) -> str:
    return ", ".join(CONNECTORS[source].title for source in sources_of(kpi))


def _kpis() -> str:
    rows = ((kpi.stage, _row(kpi)) for kpi in kpis())
    stages = _by_stage(KPIS_INTRODUCTION, KPIS_HEADER, "en", rows)
    caveats = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in CAVEATS.items())
    return f"{stages}\n{CAVEATS_INTRODUCTION}\n{caveats}\n"


def _row(kpi: Kpi) -> str:
    said = kpi.declared
    cells = [
        *(f"**{said['label_en']}**<br>`{kpi.kpi_id}`", kpi.definition, said["class"], said["days_of"]),
        *(said["unit"], said["good"], ", ".join(said.get("segments", [])), _fed_by(kpi)),
    ]
    return f"| {' | '.join(cells)} |"


def _kpis_fr() -> str:
    rows = ((kpi.stage, _row_fr(kpi)) for kpi in kpis())
    return _by_stage(KPIS_INTRODUCTION_FR, KPIS_HEADER_FR, "fr", rows)


def _row_fr(kpi: Kpi) -> str:
    said = kpi.declared
    name = f"**{said['label_fr']}**<br>`{kpi.kpi_id}`"
    cells = [
        *(name, said["definition_fr"], word(said["days_of"], "fr"), word(said["unit"], "fr")),
        *(word(said["cadence"], "fr"), _fed_by(kpi)),
    ]
    return f"| {' | '.join(cells)} |"


def _by_stage(introduction: str, header: str, language: str, rows: Iterable[tuple[str, str]]) -> str:
    """A page with a table for each stage."""
    found = list(rows)
    parts = [introduction]
    for stage in STAGES:
        lines = [
            f"## {STAGES[stage][LANGUAGES.index(language)]}",
            "",
            header,
            *(row for of_stage, row in found if of_stage == stage),
            "",
        ]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def main() -> None:
    """Write what differs."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
