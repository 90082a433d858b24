"""What real exports hold that no clean table does: each is read, or refused by name, and nothing is lost on the way."""

import json
import zipfile
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.connector import ConnectorError
from pipelines.identity import email_key
from pipelines.sources.files import CONNECTOR
from pipelines.sources.files.places import natural
from pipelines.sources.files.settings import FilesOptions
from tests.pipelines.files_feeds import feed, lines, pull, query, rejects, write

SHOPIFY = (
    "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n"
    "#1001,one@example.com,paid,2024-03-05 14:22:10 +0100,EUR,120.00,5.00,20.00,125.00,2024-03-05 14:22:09 +0100,"
    "1,Lamp,100.00,LAMP-1\n"
    "#1001,one@example.com,,,,,,,,2024-03-05 14:22:09 +0100,2,Bulb,10.00,BULB-1\n"
    '#1002,two@example.com,paid,2024-03-06 09:00:00 +0100,EUR,50.00,0.00,8.33,50.00,2024-03-06 08:59:00 +0100,1,"Vase\n'
    'of glass",50.00,VASE-1\n'
    "#1003,three@example.com,pending,,EUR,80.00,0.00,13.33,80.00,2024-03-07 10:00:00 +0100,1,Chair,80.00,CHAIR-1\n"
)
ORDER = {
    "order_id": "Name",
    "paid_at": "Paid at",
    "ordered_at": "Created at",
    "email_key": "Email",
    "currency": "Currency",
    "quantity": "Lineitem quantity",
    "unit_price": "Lineitem price",
}
SPEND = {"entity": "spend", "columns": {"date_day": "d", "amount": "a"}, "constants": {"currency": "EUR"}}


def options(**feeds: dict[str, Any]) -> FilesOptions:
    return FilesOptions.model_validate({"feeds": feeds})


def spent(folder: Path) -> list[tuple[Any, ...]]:
    return query(folder, "select date_day::varchar, amount from raw_files.spend where filtered_by = '' order by all")


# --- orders over several lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("filters", [{}, {"paid": "\"Financial Status\" = 'paid'"}])
def test_what_stands_on_an_orders_first_line_holds_for_all(tmp_path: Path, filters: dict[str, str]) -> None:
    (tmp_path / "a.csv").write_text(SHOPIFY)
    pull(
        tmp_path, shop=feed(tmp_path / "a.csv", columns=ORDER | {"tax_amount": "Taxes"}, constants={}, filters=filters)
    )
    assert query(
        tmp_path,
        "select order_id, sum(quantity * unit_price), sum(quantity), sum(tax_amount), count(tax_amount), "
        "min(strftime(paid_at, '%d %H:%M')), count(paid_at) from raw_files.order_lines "
        "where order_id < '#1003' and filtered_by = '' group by 1 order by 1",
    ) == [
        ("#1001", 120, 3, 20, 2, "05 13:22", 2),
        ("#1002", 50, 1, Decimal("8.33"), 1, "06 08:00", 1),
    ]
    assert rejects(tmp_path) == []


def test_an_order_number_on_the_first_line_only_is_filled_down_where_the_feed_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "A,2026-03-02,,Pen,1,2\n,,,Ink,1,3\nB,2026-03-02,,Pen,1,4\n")
    pull(tmp_path, sales=feed(tmp_path / "a.csv", fill_down=True))
    assert lines(tmp_path) == [("A", 1, 2), ("A", 1, 3), ("B", 1, 4)]


def test_an_order_with_a_refused_line_is_marked_and_told(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "A,2026-03-02,,Pen,1,2\nA,2026-03-02,,Ink,x,3\nB,2026-03-02,,Pen,1,4\nB,2026-03-02,1\n")
    result = pull(tmp_path, sales=feed(tmp_path / "a.csv"))
    assert lines(tmp_path, "order_id, is_partial") == [("A", True), ("B", True)]
    assert "files: 2 orders of sales/a.csv have a refused line, and so no value" in result.warnings
    caveats = query(tmp_path, "select account_id, caveat, detail from raw_parcours.caveats")
    assert caveats == [("sales/a.csv", "rows_refused", "2 orders with a refused line have no value")]


def test_a_line_total_stands_in_place_of_a_unit_price(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "A,2026-03-02,3,10\n", "o,d,q,t\n")
    columns = {"order_id": "o", "paid_at": "d", "quantity": "q", "line_total": "t"}
    pull(tmp_path, sales=feed(tmp_path / "a.csv", columns=columns))
    assert lines(tmp_path, "quantity, unit_price, line_total") == [(3, None, 10)]


def test_refunds_name_the_feed_of_their_orders(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "A,2026-03-02,,Pen,1,2\n")
    write(tmp_path / "r.csv", "R1,A,2026-03-05,(1.50)\n", "r,o,d,a\n")
    back = {"entity": "refunds", "location": str(tmp_path / "r.csv"), "constants": {"currency": "EUR"}}
    back["columns"] = {"refund_id": "r", "order_id": "o", "refunded_at": "d", "amount": "a"}
    pull(tmp_path, sales=feed(tmp_path / "a.csv"), back=back)
    found = query(tmp_path, "select refund_id, order_id, orders_feed, amount from raw_files.refunds")
    assert found == [("R1", "A", "sales", Decimal("-1.5"))]
    with pytest.raises(ValueError, match="say in `constants` of which feed the orders are"):
        options(one=feed("a.csv"), two=feed("b.csv"), back=back)


# --- where the table is -----------------------------------------------------------------------------------------------


def test_titles_totals_and_sep_lines_are_found(tmp_path: Path) -> None:
    report = 'Campaign report\n"March 1, 2024 - March 3, 2024"\nd,Campaign,a\n2024-03-01,Brand,"1,020.50"\n'
    (tmp_path / "a.csv").write_text(report + '2024-03-02,Brand,20.50\nTotal: Campaigns, --,"1,041.00"\nTotal,1041\n')
    (tmp_path / "b.csv").write_text("sep=;\nd;a\n20240303;30\n")
    (tmp_path / "c.csv").write_text("# my exploration\n\n# ---\nd,a\n2024-03-04,1\nGrand total,99\n")
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path)})
    assert spent(tmp_path) == [
        ("2024-03-01", Decimal("1020.5")),
        ("2024-03-02", Decimal("20.5")),
        ("2024-03-03", 30),
        ("2024-03-04", 1),
    ]
    assert rejects(tmp_path) == []
    assert result.warnings == ["files: 2 files of ads (a.csv, c.csv): 3 rows left out by 'total lines'"]


def test_a_header_that_is_not_plain_asks_for_skip_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("My report\n\nday;amount\n2024-03-01;1\n")
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv")})
    assert "say how many in `skip_rows`" in result.warnings[0]
    (tmp_path / "b.csv").write_text("d,a\nthe real header follows\nd,a\n2024-03-01,1\n")
    pull(tmp_path, 1, ads=SPEND | {"location": str(tmp_path / "b.csv"), "skip_rows": 2})
    assert spent(tmp_path) == [("2024-03-01", 1)]


def test_a_filtered_row_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("d;c;a\n;;60,5\n2024-03-01;Spring;20,25\n")
    said = {"location": str(tmp_path / "a.csv"), "decimal": ",", "filters": {"no totals": "c is not null"}}
    result = pull(tmp_path, ads=SPEND | said)
    assert spent(tmp_path) == [("2024-03-01", Decimal("20.25"))]
    assert rejects(tmp_path) == []
    assert result.warnings == ["files: ads/a.csv: 1 rows left out by 'no totals'"]


def test_the_last_file_by_name_counts_numbers_as_numbers() -> None:
    names = ["x/export.csv", "x/export (10).csv", "x/export (2).csv", "x/export 2026-1.csv", "x/export 2026-12.csv"]
    assert sorted(names, key=natural) == [
        "x/export.csv",
        "x/export (2).csv",
        "x/export (10).csv",
        "x/export 2026-1.csv",
        "x/export 2026-12.csv",
    ]


# --- amounts and times ------------------------------------------------------------------------------------------------

AMOUNTS = {
    "$1,234.50": "1234.5",
    "1,234.50 USD": "1234.5",
    "US$12": "12",
    "CHF 12.50": "12.5",
    "R 12.50": "12.5",
    "12.50 kr": "12.5",
    "£12": "12",
    "1'234.50": "1234.5",
    "1\u2009234.50\u00a0€": "1234.5",
    "(12.50)": "-12.5",
    "($1,234.50)": "-1234.5",
    "-$12.50": "-12.5",
    "$-12.50": "-12.5",
    "12.50-": "-12.5",
    "EUR -12.50": "-12.5",
    "\u221212.50": "-12.5",
    "1,234,567": "1234567",
    "1e3": "1000",
    "0": "0",
    "12.": "12",
    ".5": "0.5",
    "1,234": None,
    "1.234,50": None,
    "12,50": None,
    "1,23": None,
    "12.50%": None,
    "12.-": None,
    "12 .50": None,
    "3 pcs": None,
    "٣": None,
    "½": None,
    "--": None,
}


def test_amounts_are_read_in_one_way_or_refused(tmp_path: Path) -> None:
    said = "".join(f"2024-03-05;{amount}\n" for amount in AMOUNTS)
    (tmp_path / "a.csv").write_text("d;a\n" + said)
    pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv")})
    found = dict(query(tmp_path, "select row_number, amount from raw_files.spend"))
    read = {amount: found.get(number) for number, amount in enumerate(AMOUNTS, start=1)}
    assert read == {amount: None if value is None else Decimal(value) for amount, value in AMOUNTS.items()}
    assert len(rejects(tmp_path)) == sum(value is None for value in AMOUNTS.values())


def test_counts_are_whole_and_scores_are_of_ten(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("d;n\n2024-03-01;12\n2024-03-02;0\n2024-03-03;1.5\n2024-03-04;-3\n")
    (tmp_path / "b.csv").write_text(
        "i;d;n\n" + "".join(f"{n};2024-03-01;{n}\n" for n in ("8.5", "10", "11", "-1", "75"))
    )
    totals = {"entity": "lead_totals", "location": str(tmp_path / "a.csv"), "columns": {"date_day": "d", "leads": "n"}}
    nps = {"entity": "nps_answers", "location": str(tmp_path / "b.csv"), "constants": {"survey": "nps"}}
    pull(tmp_path, totals=totals, nps=nps | {"columns": {"answer_id": "i", "answered_at": "d", "score": "n"}})
    assert query(tmp_path, "select leads from raw_files.lead_totals order by row_number") == [(12,), (0,)]
    assert query(tmp_path, "select score from raw_files.nps_answers order by row_number") == [(Decimal("8.5"),), (10,)]
    assert [(row, reason) for _, row, _, reason in rejects(tmp_path)] == [
        (3, "'11' is no score from 0 to 10"),
        (4, "'-1' is no score from 0 to 10"),
        (5, "'75' is no score from 0 to 10"),
        (3, "'1.5' is no whole number from 0 on"),
        (4, "'-3' is no whole number from 0 on"),
    ]


TIMES = {
    "2024-03-05 14:22:10 +0100": "2024-03-05 13:22:10",
    "2024-03-05 14:22 +01": "2024-03-05 13:22:00",
    "20240305": "2024-03-04 23:00:00",
    "20240305T142210Z": "2024-03-05 14:22:10",
    "20240305T142210+0100": "2024-03-05 13:22:10",
    "20240305T1422": "2024-03-05 13:22:00",
    "2024-03-05 14:22:10 UTC": "2024-03-05 14:22:10",
    "epoch": None,
    "infinity": None,
    "0001-01-01": None,
    "9999-12-31": None,
    "2101-01-01": None,
    "1969-12-31": None,
    "-0044-03-15": None,
    "0044-03-15 (BC)": None,
}


def test_times_are_read_or_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "".join(f"1,{time},,Pen,1,2\n" for time in TIMES))
    pull(tmp_path, sales=feed(tmp_path / "a.csv"))
    found = dict(lines(tmp_path, "row_number, strftime(paid_at, '%Y-%m-%d %H:%M:%S')"))
    assert {time: found.get(number) for number, time in enumerate(TIMES, start=1)} == TIMES


def test_a_day_and_its_time_may_stand_apart_and_a_column_may_have_other_names(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "1,05/03/2024,14:22,2\n2,05/03/2024,,2\n", "id,Jour,Heure,q\n")
    columns = {"order_id": ["Order", "id"], "paid_at": {"column": ["Day", "Jour"], "time": "Heure"}, "quantity": "q"}
    constants = {"currency": "EUR", "unit_price": 1}
    formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y"]
    pull(tmp_path, sales=feed(tmp_path / "a.csv", columns=columns, constants=constants, time_format=formats))
    assert lines(tmp_path, "strftime(paid_at, '%d %H:%M')") == [("05 13:22",), ("04 23:00",)]


# --- persons and totals of leads --------------------------------------------------------------------------------------


def test_leads_without_one_address_fail_and_another_key_can_be_declared(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mql_id,day\nA1B2,2024-03-05\nC3D4,2024-03-06\n")
    leads = {"entity": "leads", "location": str(tmp_path / "a.csv")}
    result = pull(tmp_path, leads=leads | {"columns": {"email_key": "mql_id", "opted_in_at": "day"}})
    assert "has no e-mail address in 'mql_id'" in result.warnings[0]
    pull(tmp_path, 1, leads=leads | {"columns": {"person_id": "mql_id", "opted_in_at": "day"}})
    keys = [key for (key,) in query(tmp_path, "select person_id from raw_files.leads")]
    assert len(set(keys)) == 2
    assert all(len(key) == 64 for key in keys)
    assert email_key("A1B2@example.com") not in keys


def test_leads_of_nobody_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mail,day\nada@example.com,2024-03-05\nnobody,2024-03-06\n")
    columns = {"email_key": "mail", "opted_in_at": "day"}
    result = pull(tmp_path, leads={"entity": "leads", "location": str(tmp_path / "a.csv"), "columns": columns})
    assert result.warnings == [
        "files: leads/a.csv: 1 rows have no e-mail address where it should be, and count for nobody"
    ]


# --- spreadsheets, archives, and files that fail ----------------------------------------------------------------------


def workbook(rows: list[str]) -> bytes:
    """A spreadsheet of one sheet, its rows as XML."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="'
        'application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType='
        f'"{sheet}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{sheet}.worksheet+xml"'
        "/></Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="{office}'
        '/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" Type="'
        f'{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{''.join(rows)}</sheetData></worksheet>",
    }
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def row(number: int, *cells: str | float) -> str:
    """A row of a spreadsheet: texts inline, numbers as numbers."""
    said = [
        f'<c r="{"ABCD"[place]}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        if isinstance(cell, str)
        else f'<c r="{"ABCD"[place]}{number}"><v>{cell}</v></c>'
        for place, cell in enumerate(cells)
    ]
    return f'<row r="{number}">{"".join(said)}</row>'


def test_spreadsheets_are_read_with_their_own_numbers(tmp_path: Path) -> None:
    rows = [row(1, "Dépenses"), row(3, "d", "a"), row(4, "01/09/2026", 12.5), row(5, "02/09/2026", "1 234,5")]
    (tmp_path / "a.xlsx").write_bytes(workbook([*rows, row(6, "Total", 1247)]))
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04fake")
    said = {"location": str(tmp_path), "time_format": "%d/%m/%Y", "decimal": ","}
    result = pull(tmp_path, ads=SPEND | said)
    assert spent(tmp_path) == [("2026-09-01", Decimal("12.5")), ("2026-09-02", Decimal("1234.5"))]
    assert any("ads/b.xlsx is no whole spreadsheet" in warning for warning in result.warnings)


def test_the_files_of_an_archive_are_files_and_a_broken_one_fails_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.csv", "d,a\n2024-03-01,1\n")
        archive.writestr("two.csv", "d,a\n2024-03-02,2\n")
        archive.writestr("__MACOSX/one.csv", "x")
    data = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(data.replace(b"2024-03-02,2", b"2024-03-02,3"))
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 not an archive")
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path)})
    assert query(tmp_path, "select file_id, amount from raw_files.spend") == [("ads/a.zip/one.csv", 1)]
    assert sorted(warning.split(" (")[0] for warning in result.warnings) == [
        "files: ads/a.zip/two.csv cannot be unpacked",
        "files: ads/b.zip cannot be unpacked",
    ]


def test_a_file_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    table = {"d": ["2024-03-01"], "a": pa.array([1.5], pa.float16())}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("x" * 10_000_001 + "\n2024-03-01,1\n")
    (tmp_path / "c.csv").write_text("d,a\n2024-03-02,2\n")
    (tmp_path / "d.jsonl").write_text(json.dumps({"d": "2024-03-03", "a": 3}) + "\n")
    files = {"location": str(tmp_path / "[abcd].*")}
    sixteen = {"location": str(tmp_path / "c.csv"), "encoding": "utf-16"}
    rot = {"location": str(tmp_path / "c.csv"), "encoding": "rot13"}
    result = pull(tmp_path, ads=SPEND | files, sixteen=SPEND | sixteen, rot=SPEND | rot)
    assert spent(tmp_path) == [("2024-03-01", Decimal("1.5")), ("2024-03-02", 2), ("2024-03-03", 3)]
    failed = {warning.split(" ")[1] for warning in result.warnings}
    assert failed == {"ads/b.csv", "sixteen/c.csv", "rot/c.csv"}
    covered = query(tmp_path, "select account_id from raw_parcours.loads where table_name = 'spend' order by 1")
    assert covered == [("ads/a.parquet",), ("ads/c.csv",), ("ads/d.jsonl",)]


def test_a_reason_is_told_once_for_all_files_of_a_feed(tmp_path: Path) -> None:
    for number in range(1, 31):
        (tmp_path / f"{number}.csv").write_text("d,a\n2024-03-01,1\nx,2\n")
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path)})
    assert result.warnings == [
        "files: 30 rows of 30 files of ads (1.csv, 2.csv, 3.csv, …) refused, see raw_files.rejects"
    ]


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_reads_rows_as_a_load_would_and_tells_all_bad_feeds(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("d,a\n1.3.24,1\n")
    (tmp_path / "part.csv").write_text("d,a\n2024-03-01,1\n2024-03-01,x\n")
    bad, none = SPEND | {"location": str(tmp_path / "bad.csv")}, SPEND | {"location": str(tmp_path / "no.csv")}
    part = SPEND | {"location": str(tmp_path / "part.csv")}
    with pytest.raises(ConnectorError) as error:
        CONNECTOR.check(options(bad=bad, none=none, part=part))
    first, second = str(error.value).splitlines()
    assert first.startswith(
        "files: bad/bad.csv: 1 of the first 1 rows would be refused, such as row 1: date_day '1.3.24'"
    )
    assert second.startswith("files: feed none: nothing to read at")
    [line] = CONNECTOR.check(options(part=part))
    assert line.startswith("part/part.csv as spend; 1 of the first 2 rows would be refused, such as row 2: amount 'x'")
