"""How people's tables look beside their data: blank edges, totals, odd headers, ids that a spreadsheet rounded."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources.files import CONNECTOR
from pipelines.sources.files.settings import FilesOptions
from tests.pipelines.files_feeds import pull, query, rejects
from tests.staging import stage, staged

SPEND = {"entity": "spend", "columns": {"date_day": "d", "amount": "a"}, "constants": {"currency": "EUR"}}
MENTIONS = {"entity": "mentions", "columns": {"mention_id": "i", "mentioned_at": "t"}}


def spent(folder: Path) -> list[tuple[Any, ...]]:
    return query(folder, "select date_day::varchar, amount from raw_files.spend where filtered_by = '' order by all")


@pytest.mark.parametrize(
    "text",
    [
        "d;a;;;\n2024-03-01;1;;;\n2024-03-02;2;;;\n",
        "d;a\n2024-03-01;1;\n2024-03-02;2;;;\n",
        "d;a;\n2024-03-01;1\n2024-03-02;2\n",
        "d;a\n;\n2024-03-01;1\n \t\n\u00a0; \n2024-03-02;2\n;;;;\n",
        'd;a;n\n2024-03-01;1;"said\nnothing";\n;;\n2024-03-02;2;;\n',
    ],
)
def test_blank_edges_and_lines_are_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv")})
    assert spent(tmp_path) == [("2024-03-01", 1), ("2024-03-02", 2)]
    assert (result.warnings, rejects(tmp_path)) == ([], [])


def test_a_quote_swallows_no_rows_that_end_on_a_delimiter(tmp_path: Path) -> None:
    rows = ["d;a;n;m;", "2024-03-01;1;x;y;", '2024-03-02;2;"x;y;', "2024-03-03;3;x;y;", '2024-03-04;4;x";y;']
    (tmp_path / "a.csv").write_text("\n".join(rows))
    [told] = pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv")}).warnings
    assert "has a quote in row 2 (line 3) that is closed some lines below" in told


def test_a_header_is_read_as_it_looks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('d;"Cou\u0302t\n\u00a0(EUR) "\n2024-03-01;1\n', encoding="utf-8")
    columns = {"date_day": "d", "amount": "Coût  (EUR)"}
    pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv"), "columns": columns})
    assert spent(tmp_path) == [("2024-03-01", 1)]


@pytest.mark.parametrize(
    "total",
    [
        "Total",
        "TOTAL: Account",
        "Total\u00a0: Compte",
        "Totaux",
        "Gesamtsumme",
        "Totale generale",
        "Totaal",
        "Total (2)",
    ],
)
def test_a_line_of_totals_does_not_count_twice(tmp_path: Path, total: str) -> None:
    lines = ["2024-03-01;Spring;1", "2024-03-01;Totality;2", f"2024-03-01;{total};3", f"{total};;3", f";{total};3"]
    (tmp_path / "a.csv").write_text("\n".join(["d;c;a", *lines]), encoding="utf-8")
    columns = {"date_day": "d", "campaign": "c", "amount": "a"}
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv"), "columns": columns})
    assert spent(tmp_path) == [("2024-03-01", 1), ("2024-03-01", 2)]
    assert result.warnings == ["files: ads/a.csv: 3 rows left out by 'total lines'"]


def test_an_id_whose_last_digits_a_spreadsheet_lost_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "i;t\n" + "".join(f"{i};2024-03-01\n" for i in ("1.23457E+18", "1,2E+15", "12E5", "7.0"))
    )
    pull(tmp_path, seen=MENTIONS | {"location": str(tmp_path / "a.csv")})
    assert query(tmp_path, "select mention_id from raw_files.mentions") == [("12E5",), ("7",)]
    reason = "is a number whose last digits are lost: export the column as text"
    assert [(row, said) for _, row, _, said in rejects(tmp_path)] == [
        (1, f"'1.23457E+18' {reason}"),
        (2, f"'1,2E+15' {reason}"),
    ]


def test_a_spreadsheets_days_may_stand_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("i;t\n1;45356.5993055556\n2;45356\n3;2024-03-05\n4;0\n")
    said = {"location": str(tmp_path / "a.csv"), "time_format": ["excel", ""], "time_zone": "UTC"}
    pull(tmp_path, seen=MENTIONS | said)
    found = query(tmp_path, "select mention_id, strftime(mentioned_at, '%m-%d %H:%M') from raw_files.mentions")
    assert found == [("1", "03-05 14:23"), ("2", "03-05 00:00"), ("3", "03-05 00:00")]


def test_what_a_folder_holds_beside_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("d;a\n2024-03-01;1\n")
    (tmp_path / "in" / "~$a.xlsx").write_bytes(b"open in Excel")
    (tmp_path / "in" / "b.json").write_text("{}")
    with zipfile.ZipFile(tmp_path / "in" / "c.zip", "w") as archive:
        archive.writestr("x/y/c.csv", "d;a\n2024-03-02;2\n")
        archive.writestr("__MACOSX/x/._c.csv", "x")
    feed = SPEND | {"location": str(tmp_path / "in")}
    passed = "1 files are passed over, whose ending tells no format (b.json)"
    assert pull(tmp_path, ads=feed).warnings == [f"files: feed ads: {passed}"]
    assert spent(tmp_path) == [("2024-03-01", 1), ("2024-03-02", 2)]
    [line] = CONNECTOR.check(FilesOptions.model_validate({"feeds": {"ads": feed}}))
    assert line == f"ads/a.csv and 1 more as spend; {passed}"


def test_an_amount_that_names_another_currency_is_told(tmp_path: Path) -> None:
    amounts = ("12 €", "$12", "12 USD", "EUR 12", "£12", "12", "CHF 12")
    (tmp_path / "a.csv").write_text("d;a\n" + "".join(f"2024-03-0{n};{a}\n" for n, a in enumerate(amounts, 1)))
    result = pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "a.csv")})
    assert [amount for _, amount in spent(tmp_path)] == [12] * 7
    assert result.warnings == [
        "files: ads/a.csv: 4 rows name another currency in an amount than they are in, which is not converted"
    ]


# --- the same thing more than once ------------------------------------------------------------------------------------


def test_rows_that_differ_about_one_order_are_told_and_equal_ones_are_one(tmp_path: Path) -> None:
    rows = "A;2024-03-01;10\nA;2024-03-01;90\nB;2024-03-02;5\nB;2024-03-02;5.00\nC;2024-03-02;5\n"
    (tmp_path / "a.csv").write_text("o;d;a\n" + rows)
    columns = {"order_id": "o", "paid_at": "d", "amount": "a"}
    orders = {"entity": "orders", "columns": columns, "constants": {"currency": "EUR"}}
    result = pull(tmp_path, shop=orders | {"location": str(tmp_path / "a.csv")})
    assert result.warnings == [
        "files: shop/a.csv: 1 rows say something else than a later one of the same key, which counts"
    ]
    assert query(tmp_path, "select caveat, detail from raw_parcours.caveats") == [("rows_differ", "1 rows")]
    stage(tmp_path / "data", CONNECTOR)
    assert staged(tmp_path / "data", "stg_files__orders", "order_id, given_amount") == [("A", 90), ("B", 5), ("C", 5)]


def test_a_day_of_a_campaign_that_two_exports_hold_counts_once(tmp_path: Path) -> None:
    (tmp_path / "ads.csv").write_text("d;c;a\n2024-03-01;B;1\n2024-03-02;B;2\n2024-03-02;B;2\n2024-03-02;C;3\n")
    (tmp_path / "ads (2).csv").write_text("d;c;a\n2024-03-02;B;50\n2024-03-03;B;4\n")
    (tmp_path / "ads (10).csv").write_text("d;c;a\n2024-03-02;B;5\n2024-03-02;B;6\n")
    columns = {"date_day": "d", "campaign": "c", "amount": "a"}
    pull(tmp_path, ads=SPEND | {"location": str(tmp_path / "*.csv"), "columns": columns})
    stage(tmp_path / "data", CONNECTOR)
    found = staged(tmp_path / "data", "stg_files__spend", "date_day::varchar, campaign, amount")
    assert found == [
        ("2024-03-01", "B", 1),
        ("2024-03-02", "B", 5),
        ("2024-03-02", "B", 6),
        ("2024-03-02", "C", 3),
        ("2024-03-03", "B", 4),
    ]
