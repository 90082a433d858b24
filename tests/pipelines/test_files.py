"""The files connector: what lands, what is refused, and what stays from one load to the next."""

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipelines.connector import ConnectorError
from pipelines.identity import email_key
from pipelines.sources.files import CONNECTOR
from pipelines.sources.files.settings import FilesOptions
from tests.pipelines.files_feeds import COLUMNS, feed, lines, pull, query, rejects, write


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with one file of two lines."""
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.csv", "1,2026-03-02,ada@example.com,Pen,2,1.50\n2,2026-03-02,,Ink,1,8\n")
    return tmp_path / "in"


# --- what lands, and what does not ------------------------------------------------------------------------------------


def test_a_row_lands_with_its_place(shop: Path, tmp_path: Path) -> None:
    result = pull(tmp_path, sales=feed(shop))
    assert result.rows["order_lines"] == 2
    assert result.warnings == []
    assert lines(tmp_path, "file_id, feed, row_number, filtered_by, order_id, unit_price, currency, kind") == [
        ("sales/a.csv", "sales", 1, "", "1", Decimal("1.5"), "EUR", "product"),
        ("sales/a.csv", "sales", 2, "", "2", Decimal(8), "EUR", "product"),
    ]


def test_lines_that_are_equal_in_everything_are_all_kept(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "1,2026-03-02,,Pen,1,2\n" * 5)
    pull(tmp_path, sales=feed(shop))
    pull(tmp_path, 1, sales=feed(shop))
    assert lines(tmp_path) == [("1", 1, 2)] * 5


def test_every_bad_row_is_refused_with_its_reason_and_the_good_ones_load(shop: Path, tmp_path: Path) -> None:
    write(
        shop / "a.csv",
        "1,2026-03-02,,Pen,1,2\n"
        ",2026-03-02,,Pen,1,2\n"
        "3,2.3.26,,Pen,one,2\n"
        "4,2026-03-02,,Pen,1\n"
        "\n"
        '5,2026-03-02,,"Pen" red,1,2\n'
        "6,,,Pen,1,2\n"
        "7,2026-03-02,,Pen,1,2\n",
    )
    result = pull(tmp_path, sales=feed(shop))
    assert [order for order, _, _ in lines(tmp_path)] == ["1", "7"]
    assert lines(tmp_path, "row_number") == [(1,), (7,)]
    assert rejects(tmp_path) == [
        ("sales/a.csv", 2, "order_id", "is empty"),
        ("sales/a.csv", 3, "paid_at", "'2.3.26' is no time in ISO 8601"),
        ("sales/a.csv", 3, "quantity", "'one' is no number (decimal mark '.')"),
        ("sales/a.csv", 4, "", "has 5 cells under 6 columns"),
        ("sales/a.csv", 5, "", "is no CSV: ',' expected after '\"'"),
        ("sales/a.csv", 6, "paid_at", "is empty"),
    ]
    assert result.warnings == ["files: 5 rows of sales/a.csv refused, see raw_files.rejects"]


@pytest.mark.parametrize(
    ("rows", "how"),
    [
        ('1,2026-03-02,,Pen,1,2\n2,2026-03-02,,"12 inch,1,2\n3,2026-03-02,,Pen,1,2\n', "never closed"),
        ('1,2026-03-02,,Pen,1,2\n2,2026-03-02,,"12 inch,1,2\n3,2026-03-02,,Pen",1,2\n', "closed some lines below"),
        ('1,2026-03-02,,"Pen,1,2\n2,2026-03-02,,Pen,1,2\n3,2026-03-02,,"Pen",1,2\n', "closed some lines below"),
        ('1,2026-03-02,,"Pen,1,2\n2,2026-03-02,"",Pen,1,2\n', "never closed"),
    ],
)
def test_a_quote_that_swallows_rows_refuses_the_file(shop: Path, tmp_path: Path, rows: str, how: str) -> None:
    write(shop / "b.csv", "9,2026-03-02,,Pen,1,2\n")
    write(shop / "a.csv", rows)
    result = pull(tmp_path, sales=feed(shop))
    assert lines(tmp_path, "order_id") == [("9",)]
    assert rejects(tmp_path) == []
    assert "sales/a.csv has a quote in row" in result.warnings[0]
    assert how in result.warnings[0]


def test_filters_leave_rows_out_by_name_and_count_them(shop: Path, tmp_path: Path) -> None:
    write(
        shop / "a.csv", "C1,2026-03-02,,Pen,1,2\n2,2026-03-02,,Pen,1,0.4\n3,2026-03-02,,Pen,1,0\nC4,2026-03-02,,x,1,0\n"
    )
    filters = {"not cancelled": "\"order\" not like 'C%'", "not free": "number(price) > 0"}
    result = pull(tmp_path, sales=feed(shop, filters=filters))
    assert lines(tmp_path, "order_id, filtered_by") == [
        ("C1", "not cancelled"),
        ("2", ""),
        ("3", "not free"),
        ("C4", "not cancelled"),
    ]
    assert result.warnings == [
        "files: sales/a.csv: 2 rows left out by 'not cancelled'",
        "files: sales/a.csv: 1 rows left out by 'not free'",
    ]


def test_an_empty_cell_is_null_to_a_filter(shop: Path, tmp_path: Path) -> None:
    pull(tmp_path, sales=feed(shop, filters={"no guest": "email is not null"}))
    assert lines(tmp_path, "order_id, filtered_by") == [("1", ""), ("2", "no guest")]


def test_a_file_that_ends_within_a_row_is_refused_and_one_with_a_note_below_is_not(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "1,2026-03-02,,Pen,1,2\n2,2026-03-02,,Pen,1,2\n")
    pull(tmp_path, sales=feed(shop))
    write(shop / "a.csv", "1,2026-03-02,,Pen,1,2\n2,2026-03")
    result = pull(tmp_path, 1, sales=feed(shop))
    assert [order for order, _, _ in lines(tmp_path)] == ["1", "2"]
    [told] = result.warnings
    assert "sales/a.csv ends within row 2, after 2 of 6 cells" in told
    write(shop / "a.csv", "3,2026-03-02,,Pen,1,2\nExported on March 3rd")
    pull(tmp_path, 2, sales=feed(shop))
    assert [order for order, _, _ in lines(tmp_path)] == ["3"]
    assert rejects(tmp_path) == [("sales/a.csv", 2, "", "has 1 cells under 6 columns")]


@pytest.mark.parametrize("expression", ["price > 0", "prise = '1'", "number(price", "1; drop table sheet"])
def test_a_filter_that_cannot_be_read_is_named(shop: Path, tmp_path: Path, expression: str) -> None:
    result = pull(tmp_path, sales=feed(shop, filters={"not free": expression}))
    assert "sales/a.csv does not fit the filter 'not free'" in result.warnings[0]
    assert lines(tmp_path) == []


# --- one file among others, one load after another --------------------------------------------------------------------


def test_a_changed_file_replaces_its_slice(shop: Path, tmp_path: Path) -> None:
    write(shop / "b.csv", "9,2026-03-02,,Pen,1,2\nx,2026-03-02,,Pen,one,2\n")
    pull(tmp_path, sales=feed(shop))
    write(shop / "b.csv", "8,2026-03-02,,Pen,1,2\n")
    pull(tmp_path, 1, sales=feed(shop))
    assert lines(tmp_path) == [("1", 2, Decimal("1.5")), ("2", 1, 8), ("8", 1, 2)]
    assert rejects(tmp_path) == []


def test_an_unchanged_file_is_not_loaded_again(shop: Path, tmp_path: Path) -> None:
    pull(tmp_path, sales=feed(shop))
    result = pull(tmp_path, 1, sales=feed(shop))
    assert result.rows["order_lines"] == 0
    assert len(lines(tmp_path)) == 2


def test_a_changed_mapping_loads_an_unchanged_file_again(shop: Path, tmp_path: Path) -> None:
    pull(tmp_path, sales=feed(shop))
    pull(tmp_path, 1, sales=feed(shop, constants={"currency": "USD"}))
    assert lines(tmp_path, "currency") == [("USD",), ("USD",)]


def test_a_removed_file_keeps_its_rows_and_is_warned_of(shop: Path, tmp_path: Path) -> None:
    write(shop / "b.csv", "9,2026-03-02,,Pen,1,2\n")
    pull(tmp_path, sales=feed(shop))
    (shop / "b.csv").unlink()
    result = pull(tmp_path, 1, sales=feed(shop))
    assert result.warnings == ["files: sales/b.csv is gone; its rows stay in raw_files.order_lines"]
    assert len(lines(tmp_path)) == 3


def test_a_folder_that_was_emptied_keeps_its_rows(shop: Path, tmp_path: Path) -> None:
    pull(tmp_path, sales=feed(shop))
    (shop / "a.csv").unlink()
    result = pull(tmp_path, 1, sales=feed(shop))
    assert "no file yet at" in result.warnings[0]
    assert len(lines(tmp_path)) == 2


def test_a_broken_file_fails_alone_and_keeps_its_former_rows(shop: Path, tmp_path: Path) -> None:
    table = pa.table({"order": ["7"], "day": ["2026-03-02"], "email": [""], "item": [""], "units": [1], "price": [2]})
    pq.write_table(table, shop / "b.parquet")
    pull(tmp_path, sales=feed(shop))
    (shop / "b.parquet").write_bytes(b"PAR1 cut")
    write(shop / "a.csv", "5,2026-03-02,,Pen,1,2\n")
    result = pull(tmp_path, 1, sales=feed(shop))
    assert result.warnings == ["files: sales/b.parquet is no whole Parquet file. Its former rows stay."]
    assert [order for order, _, _ in lines(tmp_path)] == ["5", "7"]
    covered = query(
        tmp_path, "select distinct account_id from raw_parcours.loads where as_of = '2026-03-03 12:00:00+00'"
    )
    assert covered == [("sales/a.csv",)]


def test_a_column_that_is_not_there_is_named_with_those_that_are(shop: Path, tmp_path: Path) -> None:
    result = pull(tmp_path, sales=feed(shop, columns=COLUMNS | {"quantity": "Units"}))
    assert result.warnings == [
        "files: sales/a.csv has no column 'Units' (for quantity); "
        "its columns are: 'order', 'day', 'email', 'item', 'units', 'price'. Its former rows stay."
    ]


def test_a_feed_without_files_does_not_stop_the_others(shop: Path, tmp_path: Path) -> None:
    result = pull(tmp_path, sales=feed(shop), more=feed(tmp_path / "nowhere" / "*.csv"))
    assert len(lines(tmp_path)) == 2
    assert "feed more: nothing to read at" in result.warnings[0]


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALES_FOLDER", raising=False)
    with pytest.raises(ConnectorError, match="feed sales: SALES_FOLDER is not set"):
        pull(tmp_path, sales=feed("${SALES_FOLDER}/a.csv"))


def test_files_of_a_wildcard_are_told_apart_by_their_folders(shop: Path, tmp_path: Path) -> None:
    for year in ("2025", "2026"):
        (shop / year).mkdir()
        write(shop / year / "a.csv", f"{year},2026-03-02,,Pen,1,2\n")
    pull(tmp_path, sales=feed(shop / "*" / "a.csv"))
    assert lines(tmp_path, "file_id, order_id") == [("sales/2025/a.csv", "2025"), ("sales/2026/a.csv", "2026")]


def test_a_table_stays_empty_for_a_file_without_rows(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "")
    (shop / "b.jsonl").write_text("")
    result = pull(tmp_path, sales=feed(shop))
    assert (lines(tmp_path), result.warnings) == ([], [])


# --- personal data ----------------------------------------------------------------------------------------------------


def plain(path: Path) -> str:
    """What a file that a load left behind says."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pylist())
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as warehouse:
            found = warehouse.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
            tables = {name: warehouse.execute(f"from {name}").fetchall() for (name,) in found}
        return str(tables) + path.read_bytes().decode("latin-1")
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("latin-1")


def test_an_address_is_hashed_and_never_touches_disk(shop: Path, tmp_path: Path) -> None:
    write(
        shop / "a.csv",
        "1, Ada.Private@Example.com ,,Pen,1,2\n"
        "2,2026-03-02,Ada.Private@Example.com,ada.private@example.com,1,2\n"
        "3,2026-03-02,ada.private at example,Pen,1,2\n"
        "4,ada.private@example.com,,Pen,1,2\n",
    )
    pull(tmp_path, sales=feed(shop, columns=COLUMNS | {"customer_id": "email"}))
    key = email_key("ada.private@example.com")
    assert lines(tmp_path, "order_id, email_key, customer_id, product_name") == [
        ("2", key, key, key),
        ("3", "", "ada.private at example", "Pen"),
    ]
    written = [path for path in tmp_path.rglob("*") if path.is_file() and shop not in path.parents]
    assert written
    for path in written:
        assert "ada.private@example" not in plain(path).lower(), path


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"entity": "order"}, "'order' is no entity; known are: order_lines, orders"),
        ({"columns": COLUMNS | {"amount": "price"}}, "'amount' is no field of order_lines; known are: order_id"),
        ({"columns": {"paid_at": "day", "order_id": "order"}}, "order_lines need quantity: name"),
        (
            {"columns": {name: at for name, at in COLUMNS.items() if name != "paid_at"}},
            "need one of paid_at, ordered_at",
        ),
        ({"constants": {"currency": "EUR", "quantity": 1}}, "'quantity' is both a column and a constant"),
        ({"encoding": "utf-99"}, "'utf-99' is no encoding"),
        ({"time_zone": "Paris"}, "'Paris' is no IANA time zone"),
        ({"time_format": "%Q"}, "'%Q' is no time format"),
        ({"decimal": ",", "thousands": ","}, "cannot be both"),
        ({"separator": ";"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_the_settings_is_named(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FilesOptions.model_validate({"feeds": {"sales": feed("a.csv", **more)}})


def test_check_says_what_is_read_as_what(shop: Path) -> None:
    write(shop / "b.csv", "")
    options = FilesOptions.model_validate({"feeds": {"sales": feed(shop)}})
    assert CONNECTOR.check(options) == ["sales/a.csv and 1 more as order_lines"]


def test_check_names_a_column_that_is_not_there(shop: Path) -> None:
    options = FilesOptions.model_validate({"feeds": {"sales": feed(shop, columns=COLUMNS | {"country": "land"})}})
    with pytest.raises(ConnectorError, match=r"sales/a\.csv has no column 'land' \(for country\)"):
        CONNECTOR.check(options)
