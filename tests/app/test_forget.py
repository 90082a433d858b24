"""`parcours forget`: whom it finds, what it says, and that it never repeats an address."""

from pathlib import Path

import pytest
from typer.testing import Result

from flows.places import Places
from pipelines import load_log
from pipelines.identity import email_key
from pipelines.load import add_tables
from pipelines.registry import CONNECTORS
from tests.app.commands import BUSINESS, run, words

ADA = "ada@mail.example"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Ada, with two opt-ins and an order."""
    places = Places(tmp_path / "data")
    places.data.mkdir()
    with load_log.connect(places.warehouse) as connection:
        for name in ("brevo", "shopify"):
            add_tables(connection, CONNECTORS[name])
        key = email_key(ADA)
        connection.execute(
            f"""
            insert into raw_brevo.opt_ins by name
            select 7 as id, '{key}' as email_key, unnest(['2026-03-05T10:00:00Z', '2026-03-06T10:00:00Z']) as opt_in;
            insert into raw_shopify.orders by name select 'gid1' as id, '{key}' as email_key;
            """
        )
    return places


def forget(places: Places, address: str, *options: str) -> Result:
    settings = places.data.parent / "parcours.toml"
    settings.write_text(BUSINESS)
    return run("forget", "--settings", settings, "--data", places.data, *options, typed=f"{address}\n")


def test_a_dry_run_says_how_many_rows_each_table_has(places: Places) -> None:
    before = places.warehouse.read_bytes()
    said = forget(places, " Ada@mail.example ", "--dry-run")
    assert words(said.output) == (
        "brevo.opt_ins: 2 rows shopify.orders: 1 row 3 rows would become nobody's. Nothing was changed."
    )
    assert said.exit_code == 0
    assert places.warehouse.read_bytes() == before


def test_backups_beside_the_data_are_named(places: Places) -> None:
    (places.data.parent / "parcours-backup-2026-11-30T07-00Z.tar.zst").touch()
    said = words(forget(places, ADA, "--dry-run").output)
    assert "parcours-backup-2026-11-30T07-00Z.tar.zst" in said
    assert "forget again after a restore" in said


def test_nobody_is_forgotten_by_an_address_that_is_unknown(places: Places) -> None:
    said = forget(places, "eve@mail.example")
    assert words(said.output) == "Nobody with this address is in the warehouse. Nothing was changed."


def test_what_is_no_address_is_refused_and_not_repeated(places: Places) -> None:
    said = forget(places, "ida at mail")
    assert said.exit_code == 1
    assert "That is no e-mail address" in said.output
    assert "ida" not in said.output


def test_without_a_warehouse_there_is_nobody_to_forget(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    said = forget(Places(tmp_path / "data"), ADA)
    assert said.exit_code == 1
    assert "there is nobody to forget" in said.output
