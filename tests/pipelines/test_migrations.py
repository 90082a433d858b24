"""A warehouse made by the code of before is opened: nothing is lost, what must be asked again is, and never twice."""

import lzma
import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines import load_log, migrations
from pipelines.connector import ConnectorError
from pipelines.load import create_empty
from pipelines.registry import CONNECTORS

PACKED = Path(__file__).parent.parent / "fixtures" / "warehouse_version_0.duckdb.xz"
ASKED_AGAIN = {("shopify", "orders"), ("stripe", "invoices"), ("stripe", "invoice_lines")}
UNREAD = "source || '.' || table_name in ('shopify.orders', 'stripe.invoices', 'stripe.invoice_lines')"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of before, to be looked at only."""
    path = tmp_path_factory.mktemp("before") / "warehouse.duckdb"
    path.write_bytes(lzma.decompress(PACKED.read_bytes()))
    return path


@pytest.fixture
def warehouse(before: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(before, tmp_path))


@pytest.fixture(scope="module")
def after(before: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after all sources have opened it, to be looked at only."""
    path = Path(shutil.copy(before, tmp_path_factory.mktemp("after")))
    open_all(path)
    return path


def counts(warehouse: Path) -> dict[str, int]:
    """Table → rows, of all that no model makes: raw tables, the load log, dlt's own tables, and the history."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name like 'raw_%' or table_name = 'kpi_versions'"
        ).fetchall()
        found = {}
        for (name,) in names:
            row = connection.execute(f"select count(*) from {name}").fetchone()
            assert row
            found[name] = row[0]
    return found


def columns(warehouse: Path) -> set[tuple[str, str, str]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return set(connection.execute("select schema_name, table_name, column_name from duckdb_columns()").fetchall())


def one(warehouse: Path, query: str) -> object:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def open_all(warehouse: Path) -> None:
    """What a refresh does before it loads."""
    for connector in CONNECTORS.values():
        create_empty(connector, warehouse)


def test_a_warehouse_of_before_becomes_version_1_and_loses_no_row(before: Path, after: Path) -> None:
    had, has = counts(before), counts(after)
    unread = one(before, f"select count(*) from raw_parcours.loads where {UNREAD}")
    assert "raw_parcours.schema_version" not in had
    assert one(after, "select max(version) from raw_parcours.schema_version") == 3
    assert had["raw_parcours.loads"] - has["raw_parcours.loads"] == unread
    assert {name: has[name] for name in had if name != "raw_parcours.loads"} == {
        name: rows for name, rows in had.items() if name != "raw_parcours.loads"
    }
    assert len(had) > 100 and unread


def test_declared_columns_that_a_raw_table_lacks_are_added_empty(before: Path, after: Path) -> None:
    assert ("raw_woocommerce", "orders", "parent_id") not in columns(before)
    declared = {
        (f"raw_{connector.name}", name, column)
        for connector in CONNECTORS.values()
        for name, table in connector.tables.items()
        for column in table.columns.names
    }
    assert declared <= columns(after)
    assert one(after, "select count(parent_id) from raw_woocommerce.orders") == 0


def test_what_must_be_read_again_counts_as_never_loaded(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        before = {name: {key[0] for key in load_log.covered(connection, name)} for name in CONNECTORS}
    with load_log.connect(warehouse) as connection:
        after = {name: {key[0] for key in load_log.covered(connection, name)} for name in CONNECTORS}
    lost = {(name, table) for name in CONNECTORS for table in before[name] - after[name]}
    assert lost == ASKED_AGAIN
    assert after["shopify"] and after["stripe"]


def test_scores_of_typeform_stay_as_numbers_of_any_kind(before: Path, after: Path) -> None:
    score = "select sum(score), count(score) from raw_typeform.nps_responses"
    with duckdb.connect(str(before), read_only=True) as connection:
        had = connection.execute(score).fetchone()
    with duckdb.connect(str(after), read_only=True) as connection:
        assert connection.execute(score.replace("score", "answer")).fetchone() == had
        types = connection.execute(
            "select distinct data_type from duckdb_columns() where schema_name = 'raw_typeform' "
            "and column_name = 'answer'"
        ).fetchall()
    assert types == [("DOUBLE",)] and had and had[1]


def test_a_copy_of_before_is_kept_beside_it_and_named(
    before: Path, warehouse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse.with_name("warehouse.version-7.duckdb").touch()  # of another upgrade
    open_all(warehouse)
    copy = warehouse.with_name("warehouse.version-0.duckdb")
    assert sorted(warehouse.parent.iterdir()) == sorted([warehouse, copy])
    assert f"from schema version 0 to 3. What it held before is in {copy}: delete that once" in caplog.text
    had = {name: rows for name, rows in counts(before).items() if "_staging." not in name}
    assert {name: rows for name, rows in counts(copy).items() if rows or name in had} == had | {
        "raw_parcours.builds": 0  # its models are to be built
    }
    assert caplog.text.count("schema version") == 1


def test_opening_it_again_changes_nothing(warehouse: Path) -> None:
    open_all(warehouse)
    with load_log.connect(warehouse) as connection:  # read again since, which no second migration may undo
        connection.execute("insert into raw_parcours.loads (source, table_name) values ('shopify', 'orders')")
    rows, found = counts(warehouse), columns(warehouse)
    open_all(warehouse)
    assert (counts(warehouse), columns(warehouse)) == (rows, found)
    assert rows["raw_parcours.schema_version"] == 3


def test_a_newer_warehouse_is_refused_in_a_sentence_and_left_as_it_is(warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(migrations.VERSION_TABLE)
        connection.execute("insert into raw_parcours.schema_version values (99, now())")
        connection.execute("drop table raw_parcours.builds")  # as a later version may do
    before = counts(warehouse)
    with pytest.raises(ConnectorError, match=r"schema version 99, and this version of Parcours knows those up to \d+:"):
        load_log.connect(warehouse)
    assert counts(warehouse) == before


def test_a_migration_that_fails_leaves_nothing_of_itself(warehouse: Path) -> None:
    def fails(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("delete from raw_parcours.slices")
        raise RuntimeError("half way")

    before = counts(warehouse)
    with duckdb.connect(str(warehouse)) as connection, pytest.raises(RuntimeError, match="half way"):
        migrations.apply(connection, [fails])
    assert counts(warehouse) == before


def test_a_new_warehouse_has_the_newest_version(tmp_path: Path) -> None:
    with load_log.connect(tmp_path / "new.duckdb") as connection:
        assert migrations.version(connection) == len(migrations.MIGRATIONS)
