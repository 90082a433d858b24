"""Whom the warehouse has forgotten: what is found of them, what stands in their place, what comes back and what not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines import forgotten, load_log
from pipelines.connector import Connector
from pipelines.load import add_tables
from pipelines.registry import CONNECTORS

BREVO, SHOPIFY = CONNECTORS["brevo"], CONNECTORS["shopify"]
BOTH = (BREVO, SHOPIFY)
ADA, ADA_NOW, BEN = "a" * 64, "b" * 64, "c" * 64
MARCH, MAY = "2026-03-05T10:00:00.000+01:00", "2026-05-01T10:00:00Z"
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ada, who has changed her address at Brevo and bought under the first one; and Ben."""
    with load_log.connect(tmp_path / "warehouse.duckdb") as connection:
        for connector in BOTH:
            add_tables(connection, connector)
        connection.execute(
            f"""
            insert into raw_brevo.opt_ins by name select * from (values
                (7, '{ADA}', '{MARCH}'), (7, '{ADA_NOW}', '{MARCH}'), (8, '{BEN}', '{MARCH}')) t(id, email_key, opt_in);
            insert into raw_shopify.orders by name select * from (values
                ('gid1', '{ADA}', '{MARCH}'), ('gid2', '{BEN}', '{MARCH}')) t(id, email_key, created_at);
            """
        )
        yield connection


def opt_ins(connection: duckdb.DuckDBPyConnection, *rows: tuple[int, str, str]) -> list[tuple[Any, ...]]:
    """What becomes of rows that Brevo gives: contact, address, time of the opt-in."""
    return given(
        connection, BREVO, "opt_ins", [dict(zip(("id", "email_key", "opt_in"), row, strict=True)) for row in rows]
    )


def given(
    connection: duckdb.DuckDBPyConnection, connector: Connector, name: str, rows: list[dict[str, Any]]
) -> list[tuple[Any, ...]]:
    table = connector.tables[name]
    batch = pa.Table.from_pylist(rows, schema=table.columns)
    known = forgotten.tombstones(connection)
    came = forgotten.without(connection, connector.name, table, batch, known).to_pylist()
    return [(row.get("id"), row["email_key"]) for row in came]


def forget(connection: duckdb.DuckDBPyConnection, key: str, at: datetime = APRIL) -> None:
    marks = forgotten.marks_of(connection, {key}, BOTH)
    forgotten.bury(connection, marks, at)
    forgotten.hide(connection, marks, at, BOTH)


def stored(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("select id, email_key from raw_brevo.opt_ins order by all").fetchall()


def test_a_person_is_found_by_any_address_that_a_contact_had(warehouse: duckdb.DuckDBPyConnection) -> None:
    for address in (ADA, ADA_NOW):
        marks = forgotten.marks_of(warehouse, {address}, BOTH)
        assert marks == {ADA, ADA_NOW, "brevo:7"}
        assert forgotten.count(warehouse, marks, BOTH) == {"brevo.opt_ins": 2, "shopify.orders": 1}


def test_her_rows_are_still_one_persons_who_is_nobody(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA_NOW)
    rows = stored(warehouse)
    assert len(rows) == 3
    assert (8, BEN) in rows
    hidden = [row for row in rows if row != (8, BEN)]
    assert len({contact for contact, _ in hidden}) == 1
    assert hidden[0][0] < 0
    assert {address for _, address in hidden}.isdisjoint({ADA, ADA_NOW})
    bought = {key for (key,) in warehouse.execute("select email_key from raw_shopify.orders").fetchall()}
    assert len(bought & {address for _, address in hidden}) == 1


def test_a_tombstone_does_not_tell_the_hash(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    told = {one for (one,) in warehouse.execute("select digest from raw_parcours.forgotten").fetchall()}
    assert len(told) == 3
    assert told.isdisjoint({ADA, ADA_NOW, "brevo:7"} | {address for _, address in stored(warehouse)})


def test_what_is_read_again_is_what_is_stored(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    again = opt_ins(warehouse, (7, ADA, MARCH), (7, ADA_NOW, MARCH), (8, BEN, MARCH))
    assert sorted(again) == stored(warehouse)


def test_what_comes_later_is_a_new_persons(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    assert opt_ins(warehouse, (7, ADA_NOW, MAY)) == [(7, ADA_NOW)]


def test_what_happened_at_the_very_instant_is_forgotten(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    assert opt_ins(warehouse, (7, ADA, "2026-04-01T00:00:00Z"))[0][1] != ADA
    assert opt_ins(warehouse, (7, ADA, "2026-04-01T00:00:01Z")) == [(7, ADA)]


def test_an_address_that_a_forgotten_contact_has_since_is_hidden_with_it(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    assert opt_ins(warehouse, (7, "d" * 64, MARCH))[0][1] != "d" * 64
    assert opt_ins(warehouse, (9, "d" * 64, MARCH)) == [(9, "d" * 64)]


def test_who_is_forgotten_twice_is_nobody_twice(warehouse: duckdb.DuckDBPyConnection) -> None:
    forget(warehouse, ADA)
    warehouse.execute(f"insert into raw_brevo.opt_ins by name select 7 as id, '{ADA}' as email_key, '{MAY}' as opt_in")
    forget(warehouse, ADA, datetime(2026, 6, 1, tzinfo=UTC))
    march, may = opt_ins(warehouse, (7, ADA, MARCH), (7, ADA, MAY))
    assert march[0] != may[0]
    assert march[1] != may[1]
    assert {march, may} <= set(stored(warehouse))


def test_a_tool_that_goes_on_writing_brings_nobody_back(warehouse: duckdb.DuckDBPyConnection) -> None:
    """What is delivered after she was forgotten is nobody's, the same one's also once she was forgotten again."""
    forget(warehouse, ADA)
    delivered = {"message_id": "m", "event": "delivered", "email_key": ADA, "date": MAY}
    first = given(warehouse, BREVO, "events", [delivered])
    forget(warehouse, ADA, datetime(2026, 6, 1, tzinfo=UTC))
    assert first == given(warehouse, BREVO, "events", [delivered])
    assert first[0][1] not in (ADA, "")


def test_what_was_held_back_of_her_is_judged_anew_and_nothing_else(warehouse: duckdb.DuckDBPyConnection) -> None:
    keys = {"brevo": f'["m", "{ADA}"]', "shopify": f'["{BEN}", 7]', "mailchimp": "[7]", "files": f'["of {ADA}"]'}
    for source, key in keys.items():
        warehouse.execute("insert into raw_parcours.held_back by name select ? as source, ? as row_key", [source, key])
    forget(warehouse, ADA)
    left = warehouse.execute("select source from raw_parcours.held_back order by source").fetchall()
    assert left == [("files",), ("mailchimp",), ("shopify",)]
