"""The files connector against the many ways in which files, numbers and times are written."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.identity import email_key
from tests.pipelines.files_feeds import COLUMNS, DAY, HEADER, NOON, feed, lines, pull, query, rejects, write


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with one file of two lines."""
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.csv", "1,2026-03-02,ada@example.com,Pen,2,1.50\n2,2026-03-02,,Ink,1,8\n")
    return tmp_path / "in"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])
def test_encodings_are_read(shop: Path, tmp_path: Path, encoding: str) -> None:
    write(shop / "a.csv", "1,2026-03-02,,Été,1,2\n", encoding=encoding)
    declared = encoding if encoding in ("latin-1", "cp1252") else "utf-8"
    pull(tmp_path, sales=feed(shop, encoding=declared))
    assert lines(tmp_path, "product_name") == [("Été",)]


def test_a_wrong_encoding_fails_with_advice(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "1,2026-03-02,,Été,1,2\n", encoding="latin-1")
    assert "is not utf-8 (byte 0xc9): declare `encoding`" in pull(tmp_path, sales=feed(shop)).warnings[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_is_found_by_the_columns_that_are_wanted(shop: Path, tmp_path: Path, delimiter: str) -> None:
    header = delimiter.join(('"a, b; c"', *HEADER.strip().split(","))) + "\r\n"
    write(shop / "a.csv", delimiter.join(("", "1", "2026-03-02", "", '"two\nlines"', "1", "2")) + "\r\n", header)
    pull(tmp_path, sales=feed(shop))
    assert lines(tmp_path, "order_id, product_name") == [("1", "two\nlines")]


@pytest.mark.parametrize(
    ("decimal", "thousands", "cell", "number"),
    [
        (",", "", "12,50", "12.5"),
        (",", ".", "1.234,5", "1234.5"),
        (",", " ", "1\u202f234\u00a0567,25 €", "1234567.25"),
        (".", ",", '"1,234,567.25"', "1234567.25"),
        (".", ",", "-$1234", "-1234"),
        (".", "'", "1'234.5", "1234.5"),
        (".", "", "1e3", "1000"),
        (".", ",", '"12,50"', None),
        (",", "", "12.50", None),
        (".", "", "1 234", "1234"),
        (".", "", "nan", None),
        (".", "", "12%", None),
    ],
)
def test_numbers_are_read_as_declared_or_refused(
    shop: Path, tmp_path: Path, decimal: str, thousands: str, cell: str, number: str | None
) -> None:
    header = HEADER.replace(",", ";")
    write(shop / "a.csv", f"1;2026-03-02;;Pen;1;{cell}\n", header)
    pull(tmp_path, sales=feed(shop, decimal=decimal, thousands=thousands))
    assert [price for _, _, price in lines(tmp_path)] == ([Decimal(number)] if number else [])
    assert len(rejects(tmp_path)) == (number is None)


@pytest.mark.parametrize(
    ("cell", "time_format", "instant"),
    [
        ("2026-03-02", "", "2026-03-01 23:00"),
        ("2026-03-02 08:26", "", "2026-03-02 07:26"),
        ("2026-07-02T08:26:00", "", "2026-07-02 06:26"),
        ("2026-03-02T08:26:00-05:00", "", "2026-03-02 13:26"),
        ("2026-03-02T08:26:00.000Z", "", "2026-03-02 08:26"),
        ("2026-03-02T08:26Z", "", "2026-03-02 08:26"),
        ("2026-03-02T08:26+0100", "", "2026-03-02 07:26"),
        ("02/03/2026 08:26", "%d/%m/%Y %H:%M", "2026-03-02 07:26"),
        ("2/3/26", "%d/%m/%y", "2026-03-01 23:00"),
        ("3/2/2026 1:26 PM", ["%d.%m.%Y", "%m/%d/%Y %I:%M %p"], "2026-03-02 12:26"),
        ("2026-03-02 08:26 +0200", "%Y-%m-%d %H:%M %z", "2026-03-02 06:26"),
        ("1772442000000", "unix_ms", "2026-03-02 09:00"),
        ("0000-00-00 00:00:00", "", None),
        ("31/02/2026", "%d/%m/%Y", None),
        ("12026-03-02", "", None),
        ("infinity", "", None),
    ],
)
def test_times_are_read_as_declared_or_refused(
    shop: Path, tmp_path: Path, cell: str, time_format: str | list[str], instant: str | None
) -> None:
    write(shop / "a.csv", f"1,{cell},,Pen,1,2\n")
    pull(tmp_path, sales=feed(shop, time_format=time_format))
    found = lines(tmp_path, "strftime(paid_at, '%Y-%m-%d %H:%M')")
    assert found == ([(instant,)] if instant else [])
    assert [field for _, _, field, _ in rejects(tmp_path)] == ([] if instant else ["paid_at"])


def test_a_feed_and_a_column_may_have_their_own_zone_and_format(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "1,2026-03-02,02.03.2026,Pen,1,2\n")
    columns = COLUMNS | {"ordered_at": {"column": "email", "time_format": "%d.%m.%Y"}}
    del columns["email_key"]
    pull(tmp_path, sales=feed(shop, columns=columns, time_zone="America/New_York"))
    times = "strftime(paid_at, '%d %H'), strftime(ordered_at, '%d %H')"
    assert lines(tmp_path, times) == [("02 05", "02 05")]


def test_parquet_keeps_its_types_and_loses_the_zero_of_a_float(tmp_path: Path) -> None:
    table = pa.table(
        {
            "order": [536365.0, None, 12345678901.0],
            "day": pa.array([NOON, NOON, NOON], pa.timestamp("ns")),
            "email": pa.array(["ada@example.com", None, ""]).dictionary_encode(),
            "item": ["85123A", "22423.0", ""],
            "units": pa.array([6, 1, -1], pa.int32()),
            "price": pa.array([2.55, float("nan"), 0.1], pa.float32()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    columns = COLUMNS | {"product_id": "item"}
    pull(tmp_path, sales=feed(tmp_path / "a.parquet", columns=columns, decimal=",", time_zone="UTC"))
    assert lines(
        tmp_path, "order_id, product_id, quantity, unit_price, email_key, paid_at = '2026-03-02 12:00:00Z'"
    ) == [
        ("536365", "85123A", 6, Decimal("2.55"), email_key("ada@example.com"), True),
        ("12345678901", None, -1, Decimal("0.1"), "", True),
    ]
    assert [(row, field) for _, row, field, _ in rejects(tmp_path)] == [(2, "order_id"), (2, "unit_price")]


def test_jsonl_is_read_line_by_line_with_nested_fields(tmp_path: Path) -> None:
    good = {"order": 1, "day": "2026-03-02", "customer": {"email": "ada@example.com"}, "units": 2, "price": 1.10}
    rows = [json.dumps(good), "", "[1]", "{", json.dumps(good | {"order": "2", "price": "1.20"})]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    columns = COLUMNS | {"email_key": "customer.email", "cancelled_at": "cancelled"}
    pull(tmp_path, sales=feed(tmp_path / "a.jsonl", columns=columns))
    assert lines(tmp_path, "row_number, order_id, unit_price, email_key, cancelled_at") == [
        (1, "1", Decimal("1.1"), email_key("ada@example.com"), None),
        (4, "2", Decimal("1.2"), email_key("ada@example.com"), None),
    ]
    assert [row for _, row, _, _ in rejects(tmp_path)] == [2, 3]


def test_a_zipped_file_is_read(shop: Path, tmp_path: Path) -> None:
    (shop / "b.csv.gz").write_bytes(gzip.compress((HEADER + "3,2026-03-02,,Pen,1,2\n").encode()))
    pull(tmp_path, sales=feed(shop))
    assert lines(tmp_path, "order_id") == [("1",), ("2",), ("3",)]


def test_values_are_renamed_and_words_for_nothing_are_nothing(shop: Path, tmp_path: Path) -> None:
    write(shop / "a.csv", "1,2026-03-02,POST,NA,1,2\n2,2026-03-02,85123A,Pen,1,2\n")
    kind = {"column": "email", "values": {"POST": "shipping"}, "otherwise": "product"}
    columns = {name: column for name, column in COLUMNS.items() if name != "email_key"} | {"kind": kind}
    pull(tmp_path, sales=feed(shop, columns=columns, empty=["NA"]))
    assert lines(tmp_path, "kind, product_name") == [("shipping", None), ("product", "Pen")]


def test_flags_currencies_and_kinds_are_read_or_refused(tmp_path: Path) -> None:
    header = "order,day,units,price,currency,test,kind\n"
    rows = "1,2026-03-02,1,2,eur,Oui,Shipping\n2,2026-03-02,1,2,euro,maybe,freight\n3,2026-03-02,1,2,USD,0,\n"
    write(tmp_path / "a.csv", rows, header)
    columns = {name: COLUMNS[name] for name in ("order_id", "paid_at", "quantity", "unit_price")}
    columns |= {"currency": "currency", "is_test": "test", "kind": "kind"}
    pull(tmp_path, sales=feed(tmp_path / "a.csv", columns=columns, constants={"tax_included": True}))
    assert lines(tmp_path, "currency, is_test, kind, tax_included") == [
        ("EUR", True, "shipping", True),
        ("USD", False, "product", True),
    ]
    assert [(row, field) for _, row, field, _ in rejects(tmp_path)] == [(2, "currency"), (2, "is_test"), (2, "kind")]


def test_every_entity_has_its_table(tmp_path: Path) -> None:
    write(tmp_path / "spend.csv", "2026-03-02,Ada,10\n", "day,channel,cost\n")
    write(tmp_path / "leads.csv", "ada@example.com,2026-03-02\n,2026-03-02\nnobody,2026-03-02\n", "email,at\n")
    spend = feed(tmp_path / "spend.csv", entity="spend")
    spend["columns"] = {"date_day": "day", "channel": "channel", "amount": "cost"}
    leads = feed(tmp_path / "leads.csv", entity="leads", constants={})
    leads["columns"] = {"email_key": "email", "opted_in_at": "at"}
    pull(tmp_path, spend=spend, leads=leads)
    assert query(tmp_path, "select date_day, channel, amount, currency from raw_files.spend") == [
        (DAY, "Ada", 10, "EUR")
    ]
    assert query(tmp_path, "select row_number, email_key from raw_files.leads order by 1") == [
        (1, email_key("ada@example.com")),
        (3, ""),
    ]
    assert rejects(tmp_path) == [("leads/leads.csv", 2, "email_key", "is empty")]
