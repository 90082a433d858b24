"""What holds for every connector."""

import re
from pathlib import Path

import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention

from flows.places import PROJECT
from pipelines.entities import ENTITIES
from pipelines.registry import CONNECTORS

NAMES = NamingConvention()
STAGING = PROJECT / "dbt_project" / "models" / "staging"
INTERMEDIATE = STAGING.parent / "intermediate"


def united() -> set[str]:
    """The entities that an intermediate model gathers from all vendors that feed them."""
    texts = [path.read_text(encoding="utf-8") for path in INTERMEDIATE.glob("*.sql")]
    return {entity for text in texts for entity in re.findall(r"vendors_of\('(\w+)'\)", text)}


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_vendor_has_one_name_everywhere(name: str) -> None:
    assert CONNECTORS[name].name == name
    assert (STAGING / name / f"_{name}__sources.yml").exists()


@pytest.mark.parametrize("name", CONNECTORS)
def test_tables_and_columns_are_named_as_the_warehouse_names_them(name: str) -> None:
    """dlt writes names in snake case: another name would be one column here and another one there."""
    for table_name, table in CONNECTORS[name].tables.items():
        names = [table_name, *table.columns.names]
        assert [NAMES.normalize_path(one) for one in names] == names
        assert set(table.key) <= set(table.columns.names)


@pytest.mark.parametrize("name", CONNECTORS)
def test_what_a_connector_feeds_is_known_staged_and_made_of_its_tables(name: str) -> None:
    connector = CONNECTORS[name]
    for entity, tables in connector.feeds.items():
        assert entity in ENTITIES
        assert set(tables) <= set(connector.tables)
        if entity in united():
            assert (STAGING / name / f"stg_{name}__{entity}.sql").exists(), entity


def test_what_the_models_unite_are_entities() -> None:
    assert len(united()) > 15
    assert united() <= set(ENTITIES)


def sources_of_staging() -> set[tuple[str, str]]:
    found = set()
    for path in Path(STAGING).rglob("stg_*.sql"):
        found |= set(re.findall(r"source\('(\w+)', '(\w+)'\)", path.read_text(encoding="utf-8")))
    return found


def test_staging_reads_declared_tables_only() -> None:
    declared = {(name, table) for name, connector in CONNECTORS.items() for table in connector.tables}
    assert {one for one in sources_of_staging() if one[0] != "parcours"} <= declared
