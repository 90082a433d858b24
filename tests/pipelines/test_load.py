"""Loading: slices replaced whole, keys merged, refusals that name their place, and a log that says what was covered."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import duckdb
import pyarrow as pa
import pytest
from dlt.extract.resource import DltResource

from pipelines.casts import OBJECTS, Inside, nested
from pipelines.connector import Connector, ConnectorError, Options, Plan, Scope, Table
from pipelines.identity import email_key, keyed_hash
from pipelines.load import LoadResult, create_empty
from pipelines.plan import Asked, plan_load
from pipelines.rows import RowRefused, SchemaDrift, to_arrow
from tests.pipelines.loads import load_whole

PARIS = ZoneInfo("Europe/Paris")
TEXT, DAY = pa.string(), pa.date32()


def columns(**types: pa.DataType) -> pa.Schema:
    return pa.schema(list(types.items()))


REPORT = Table(
    columns(account_id=TEXT, date_day=DAY, campaign=TEXT, clicks=TEXT),
    key=("account_id", "date_day", "campaign"),
    kind="slices",
    reread_days=3,
    slice_by=("account_id", "date_day"),
)
TOTALS = Table(
    columns(account_id=TEXT, date_day=DAY, clicks=TEXT),
    key=("account_id", "date_day"),
    kind="slices",
    reread_days=3,
    slice_by=("account_id", "date_day"),
)
CONTACTS = Table(
    columns(id=TEXT, tags=TEXT, score=pa.int64(), at=pa.timestamp("us", "UTC")),
    key=("id",),
    kind="entities",
    reread_days=1,
    newest_by="at",
    nested=("tags",),
)


class Vendor:
    """A vendor in memory: what it holds now, and how to read it."""

    def __init__(self) -> None:
        self.report: dict[date, dict[str, str]] = {}
        self.contacts: list[dict[str, Any]] = []
        self.times_shown = 1  # how often each row of the report comes
        self.differs = False  # whether it is another one each time

    def connector(self) -> Connector:
        @dlt.source(name="toy", section="toy", max_table_nesting=0)
        def toy(_options: Options, plan: Plan) -> list[DltResource]:
            def report() -> Iterator[dict[str, Any]]:
                for pull in plan.of("report"):
                    for day in pull.days():
                        shown = [*self.report.get(day, {}).items()] * self.times_shown
                        for number, (campaign, clicks) in enumerate(shown):
                            yield {
                                "account_id": pull.account_id,
                                "date_day": day.isoformat(),
                                "campaign": campaign,
                                "clicks": f"{clicks}.{number}" if self.differs else clicks,
                                "a_field_nobody_declared": {"new": True},
                            }

            def totals() -> Iterator[dict[str, Any]]:
                for row in report():
                    if row["campaign"] == min(self.report[date.fromisoformat(row["date_day"])]):
                        yield row | {"campaign": None}

            return [
                dlt.resource(report, name="report"),
                dlt.resource(totals, name="totals"),
                dlt.resource(lambda: iter(self.contacts), name="contacts"),
            ]

        scopes = {"report": [Scope("7")], "totals": [Scope("7")], "contacts": [Scope("")]}
        tables = {"report": REPORT, "totals": TOTALS, "contacts": CONTACTS}
        return Connector("toy", "Toy", tables, Options, toy, lambda _, table: scopes[table], lambda _: [])


def day(number: int) -> date:
    return date(2026, 1, number)


class Stage:
    """One vendor and one warehouse."""

    def __init__(self, folder: Path) -> None:
        self.vendor = Vendor()
        self.warehouse = folder / "warehouse.duckdb"
        self.state = folder / "dlt"

    def asked(self, through: int, hour: int = 8) -> Asked:
        return Asked(day(through), datetime(2026, 1, through + 1, hour, tzinfo=UTC), PARIS, day(1))

    def load(self, through: int, hour: int = 8) -> LoadResult:
        return load_whole(self.vendor.connector(), Options(), self.warehouse, self.state, self.asked(through, hour))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(query).fetchall()

    def report(self) -> list[tuple[Any, ...]]:
        return self.rows("select date_day, campaign, clicks from raw_toy.report order by all")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_row_and_a_day_that_vanished_at_the_vendor_vanish_here(stage: Stage) -> None:
    stage.vendor.report = {day(1): {"a": "1", "b": "2"}, day(2): {"a": "5"}, day(3): {"a": "6"}}
    stage.load(3)
    stage.vendor.report = {day(1): {"a": "1"}, day(3): {"c": "9"}}
    stage.load(4)
    stage.load(4, hour=9)  # half of the rows: believed at the second time
    assert stage.report() == [(day(1), "a", "1"), (day(3), "c", "9")]
    assert stage.rows("select date_day, rows from raw_parcours.slices where table_name = 'report' order by 1") == [
        (day(1), 1),
        (day(2), 0),
        (day(3), 1),
        (day(4), 0),
    ]


def test_a_report_with_one_row_a_day_keeps_every_day(stage: Stage) -> None:
    stage.vendor.report = {day(number): {"a": str(number)} for number in range(1, 31)}
    stage.load(30)
    assert stage.rows("select count(*), sum(clicks::int) from raw_toy.totals") == [(30, 465)]
    stage.vendor.report = {day(29): {"a": "1"}}
    stage.load(30, hour=9)
    stage.load(30, hour=10)
    assert stage.rows("select date_day, clicks from raw_toy.totals where date_day >= '2026-01-27' order by 1") == [
        (day(27), "27"),
        (day(29), "1"),
    ]


def test_a_row_that_the_vendor_repeats_is_kept_once(stage: Stage) -> None:
    stage.vendor.report = {day(1): {"a": "1", "b": "2"}, day(2): {"a": "3"}}
    stage.vendor.times_shown = 2
    assert stage.load(2).rows["report"] == 3
    assert stage.report() == [(day(1), "a", "1"), (day(1), "b", "2"), (day(2), "a", "3")]


def test_two_rows_of_a_key_that_differ_are_refused_and_what_was_stored_stays(stage: Stage) -> None:
    stage.vendor.report = {day(1): {"a": "1"}}
    stage.load(1)
    stage.vendor.times_shown, stage.vendor.differs = 2, True
    said = "toy: report has two rows of account_id .*, date_day 2026-01-01, campaign a that are not the same"
    with pytest.raises(SchemaDrift, match=said):
        stage.load(1)
    assert stage.report() == [(day(1), "a", "1")]


def test_days_before_the_re_read_window_are_kept(stage: Stage) -> None:
    stage.vendor.report = {day(number): {"a": str(number)} for number in range(1, 8)}
    stage.load(7)
    stage.vendor.report = {day(8): {"a": "8"}}
    stage.load(8)
    stage.load(8, hour=9)
    assert [row[0] for row in stage.report()] == [day(1), day(2), day(3), day(4), day(8)]


def test_the_window_counts_from_what_was_loaded_so_that_a_gap_is_read_whole(stage: Stage) -> None:
    stage.load(4)
    pulls = plan_load(stage.vendor.connector(), Options(), stage.warehouse, stage.asked(20), deep=False).pulls
    assert [(pull.first_day, pull.last_day) for pull in pulls if pull.table == "report"] == [(day(2), day(20))]


def test_an_older_through_only_reads_again(stage: Stage) -> None:
    stage.vendor.report = {day(number): {"a": str(number)} for number in range(1, 11)}
    stage.load(10)
    pulls = plan_load(stage.vendor.connector(), Options(), stage.warehouse, stage.asked(5)).pulls
    assert [(pull.first_day, pull.last_day) for pull in pulls if pull.table == "report"] == [(day(3), day(5))]


def test_a_second_run_adds_nothing_and_keeps_the_coverage(stage: Stage) -> None:
    stage.vendor.report = {day(number): {"a": str(number)} for number in range(1, 6)}
    stage.vendor.contacts = [{"id": "1", "tags": ["x"], "score": "3", "at": "2026-01-01T10:00:00+0200"}]
    stage.load(5)
    before = (stage.report(), stage.rows("from raw_toy.contacts"), stage.rows("from raw_parcours.slices order by all"))
    stage.load(5)
    after = (stage.report(), stage.rows("from raw_toy.contacts"), stage.rows("from raw_parcours.slices order by all"))
    assert after == before
    covered = stage.rows("select min(first_day), max(last_day) from raw_parcours.loads where table_name = 'report'")
    assert covered == [(day(1), day(5))]


def test_entities_are_replaced_on_their_key_and_nested_values_kept_as_json(stage: Stage) -> None:
    stage.vendor.contacts = [{"id": "1", "tags": ["x"], "score": 1, "at": None}, {"id": "2", "tags": "", "score": 2}]
    stage.load(1)
    stage.vendor.contacts = [{"id": "1", "tags": {"b": 1, "a": None}, "score": "7", "at": "2026-01-01T00:00:00Z"}]
    stage.load(2)
    assert stage.rows("select id, tags, score from raw_toy.contacts order by 1") == [
        ("1", '{"a": null, "b": 1}', 7),
        ("2", "", 2),
    ]


def test_a_source_that_is_not_connected_still_has_its_tables(stage: Stage) -> None:
    create_empty(stage.vendor.connector(), stage.warehouse)
    assert stage.report() == []
    stage.vendor.report = {day(1): {"a": "1"}}
    stage.load(1)
    assert stage.report() == [(day(1), "a", "1")]


def test_a_changed_type_is_refused_with_its_place_and_nothing_is_lost(stage: Stage) -> None:
    stage.vendor.contacts = [{"id": "1", "score": 1}]
    stage.load(1)
    stage.vendor.contacts = [{"id": "1", "score": 2}, {"id": "2", "score": "many"}]
    with pytest.raises(RowRefused, match="toy: contacts row 2: score is a str that is no int64"):
        stage.load(2)
    assert stage.rows("select id, score from raw_toy.contacts") == [("1", 1)]
    stage.vendor.contacts = [{"id": "2", "score": 3}]
    stage.load(3)
    assert stage.rows("select id, score from raw_toy.contacts order by 1") == [("1", 1), ("2", 3)]


def test_a_missing_key_is_refused() -> None:
    with pytest.raises(RowRefused, match="toy: contacts row 1: id is missing"):
        to_arrow("toy", "contacts", CONTACTS, [{"score": 1}])


def test_another_identity_key_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.load(1)
    monkeypatch.setenv("PARCOURS_IDENTITY_KEY", "quite-another-key-0123456789")
    with pytest.raises(ConnectorError, match="not the key this warehouse was built with"):
        stage.load(2)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_in_one_load_the_newest_stays(stage: Stage, order: int) -> None:
    versions = [{"id": "1", "score": score, "at": f"2026-01-0{score}T10:00:00Z"} for score in (1, 2, 3)]
    stage.vendor.contacts = versions[::order]
    stage.load(3)
    assert stage.rows("select id, score from raw_toy.contacts") == [("1", 3)]


NESTED = Table(
    columns(id=TEXT, email_key=TEXT, author_key=TEXT, created_at=TEXT, customer__country_code_v2=TEXT),
    key=("id",),
    kind="entities",
    reread_days=1,
    emails={"email_key": "customer__email"},
    hashes={"author_key": "customer__id"},
)


def test_nested_and_camel_case_fields_are_found_and_personal_ones_hashed() -> None:
    customer = {"email": " Ada.L@gmail.com", "id": 7, "countryCodeV2": "FR", "name": "Ada"}
    rows = to_arrow("toy", "nested", NESTED, [{"id": "1", "createdAt": "2026", "customer": customer}, {"id": "2"}])
    assert rows.to_pylist() == [
        {
            "id": "1",
            "email_key": email_key("adal@gmail.com"),
            "author_key": keyed_hash("7"),
            "created_at": "2026",
            "customer__country_code_v2": "FR",
        },
        {"id": "2", "email_key": "", "author_key": "", "created_at": None, "customer__country_code_v2": None},
    ]


@pytest.mark.parametrize("column", ["email_key", "phone_key"])
def test_a_personal_field_that_is_required_is_missed(column: str) -> None:
    table = Table(
        columns(id=TEXT, email_key=TEXT, phone_key=TEXT), ("id",), "entities", 1,
        emails={"email_key": "email"}, hashes={"phone_key": "phone"}, required=(column,),
    )  # fmt: skip
    sent = {"id": "1", "email": None, "phone": None}
    to_arrow("toy", "people", table, [sent])
    lacking = {name: value for name, value in sent.items() if f"{name}_key" != column}
    with pytest.raises(SchemaDrift, match=f"people row 2: the vendor no longer sends {column}"):
        to_arrow("toy", "people", table, [sent, lacking])


def test_a_nested_field_under_something_else_is_refused_without_its_value() -> None:
    with pytest.raises(RowRefused, match=r"nested row 1: email_key is a field of something else") as refused:
        to_arrow("toy", "nested", NESTED, [{"id": "1", "customer": "ada@mail.example"}])
    assert "ada" not in str(refused.value)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"id": {"value": "1"}}, "id"),  # an object in a column of single values would be loaded as its JSON text
        ({"id": "1", "tags": "x"}, "tags"),
        ({"id": "1", "score": True}, "score"),
        ({"id": "1", "score": 10**40}, "score"),
        ({"id": "1", "score": float("nan")}, "score"),
        ({"id": "1", "at": "0001-01-01T00:00:00Z"}, "at"),
        ({"id": "1", "at": "9999-12-31T23:59:59Z"}, "at"),
        ({"id": "9999-12-31 23:59:59"}, "id"),  # a time in a text column
    ],
)
def test_a_value_of_another_kind_is_refused_with_its_place(row: dict[str, Any], column: str) -> None:
    with pytest.raises(RowRefused, match=rf"toy: contacts row 2: {column} is a "):
        to_arrow("toy", "contacts", CONTACTS, [{"id": "0"}, row])


def test_half_a_character_does_not_stop_a_load() -> None:
    (row,) = to_arrow("toy", "contacts", CONTACTS, [{"id": "a\ud83d", "score": 1}]).to_pylist()
    assert row["id"] == "a?"


@pytest.mark.parametrize(
    "told",
    [{"lists": "12"}, {"lists": ["news"]}, {"lists": [None]}, {"rows": "one"}, {"rows": ["one"]}, {"rows": [None]}],
)
def test_a_list_inside_a_column_that_holds_something_else_is_refused(told: dict[str, Any]) -> None:
    convert = nested({"lists": pa.list_(pa.int64()), "rows": OBJECTS})
    assert (
        convert({"of": {"lists": [12], "rows": [{"lists": []}]}}) == '{"of": {"lists": [12], "rows": [{"lists": []}]}}'
    )
    assert convert({"lists": None, "rows": None}) == '{"lists": null, "rows": null}'
    with pytest.raises(Inside):
        convert({"of": told})
    with pytest.raises(Inside):
        convert([{}, *told])


def test_dlt_keeps_nothing_of_a_load_that_is_done(stage: Stage) -> None:
    for number in (1, 2):
        stage.vendor.report[day(number)] = {"a": "1"}
        stage.load(number)
        assert list((stage.state / "parcours_toy" / "load" / "loaded").iterdir()) == []


@pytest.mark.parametrize("damaged", ["state.json", "load/.version", "schemas/parcours_toy.schema.json"])
def test_a_damaged_working_directory_of_dlt_is_named_and_can_be_removed(stage: Stage, damaged: str) -> None:
    stage.vendor.report = {day(1): {"a": "1"}}
    stage.load(1)
    folder = stage.state / "parcours_toy"
    (folder / damaged).write_bytes(b"\xff\x00")
    stage.vendor.report[day(2)] = {"a": "2"}
    with pytest.raises(ConnectorError, match=f"{folder}, where dlt works, is damaged: remove it and refresh again"):
        stage.load(2)
    assert stage.report() == [(day(1), "a", "1")]
    shutil.rmtree(folder)
    stage.load(2)
    assert stage.report() == [(day(1), "a", "1"), (day(2), "a", "2")]
