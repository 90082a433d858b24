"""An account that goes, of every source that lists accounts: what stays is what a load without it leaves."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines import disconnection, load_log
from pipelines.disconnection import Part
from pipelines.registry import CONNECTORS
from sandbox.events import Page, Post, World
from tests.pipelines import files_feeds
from tests.pipelines.test_facebook_page import VENDOR as FACEBOOK_PAGE
from tests.pipelines.test_google_analytics import THROUGH
from tests.pipelines.test_google_analytics import VENDOR as GOOGLE_ANALYTICS
from tests.pipelines.test_mailchimp import VENDOR as MAILCHIMP
from tests.pipelines.test_typeform import CSAT, NPS
from tests.pipelines.test_typeform import VENDOR as TYPEFORM
from tests.pipelines.vendors import Rows, Vendor

PARIS = ZoneInfo("Europe/Paris")
AT = datetime(2026, 7, 1, tzinfo=UTC)
LOG = {
    # warnings are those of a load, whatever account they are of; so are the rows of one that several accounts share
    "loads": "* exclude (warnings) replace (case when account_id != '' then rows end as rows)",
    "slices": "* exclude (as_of)",  # one that several accounts share was worked out anew
    "caveats": "*",
    "fields": "*",
    "account_terms": "*",
    "held_back": "*",
}


def two_pages() -> World:
    world = FACEBOOK_PAGE.world()
    world.pages.append(Page("2002", "Le club", 10, 9))
    world.posts.append(Post("2002_1", "2002", datetime(2026, 3, 5, 9, tzinfo=UTC), "Salut", None))
    return world


@dataclass(frozen=True)
class Case:
    """The options with all accounts and without one, and the account."""

    vendor: Vendor
    whole: dict[str, Any]
    left: dict[str, Any]
    account: str
    world: World | None = None


CASES = {
    "google_analytics": Case(GOOGLE_ANALYTICS, {"through": THROUGH}, {"through": THROUGH, "properties": ["1"]}, "2"),
    "facebook_page": Case(FACEBOOK_PAGE, {"pages": ["2001", "2002"]}, {"pages": ["2001"]}, "2002", two_pages()),
    "mailchimp": Case(MAILCHIMP, {"lists": ["L1", "L2"]}, {"lists": ["L1"]}, "L2"),
    "typeform": Case(TYPEFORM, {"forms": [NPS, CSAT]}, {"forms": [NPS]}, str(CSAT["id"])),
}


def removed(folder: Path, part: Part, warehouse: str = "warehouse.duckdb") -> disconnection.Rows:
    with load_log.connect(folder / warehouse) as connection:
        counted = disconnection.count(connection, part)
        disconnection.remove(connection, part, PARIS, AT)
        assert set(disconnection.count(connection, part)) == set()
        return counted


def left_in(folder: Path, source: str, warehouse: str = "warehouse.duckdb") -> dict[str, Rows]:
    """Every row of the source's tables and of what the load log says of it."""
    found = {}
    with duckdb.connect(str(folder / warehouse), read_only=True) as connection:
        for name, table in CONNECTORS[source].tables.items():
            columns = ", ".join(table.columns.names)
            found[name] = connection.execute(f"select {columns} from raw_{source}.{name} order by all").fetchall()
        for name, columns in LOG.items():
            asked = f"select {columns} from raw_parcours.{name} where source = '{source}' order by all"
            found[f"log of {name}"] = connection.execute(asked).fetchall()
    return found


@pytest.mark.parametrize("source", CASES)
def test_what_stays_is_what_a_load_without_the_account_leaves(source: str, tmp_path: Path) -> None:
    case = CASES[source]
    whole, never = tmp_path / "whole", tmp_path / "never"
    with case.vendor.served(case.world):
        case.vendor.pull(whole, **case.whole)
    with case.vendor.served(case.world):
        case.vendor.pull(never, **case.left)
    before = left_in(whole, source)
    counted = removed(whole, Part(source, case.account))
    assert any(name.startswith(f"raw_{source}.") for name in counted)
    assert before != left_in(whole, source) == left_in(never, source)


def test_a_feed_goes_with_what_was_refused_of_it(tmp_path: Path) -> None:
    whole, never = tmp_path / "whole", tmp_path / "never"
    for folder in (whole, never):
        folder.mkdir()
        files_feeds.write(folder / "shop.csv", "1,2026-03-02,ada@mail.example,soap,1,5\n2,yesterday,,soap,1,5\n")
        files_feeds.write(folder / "fair.csv", "3,2026-03-02,bob@mail.example,soap,2,5\n4,tomorrow,,soap,1,5\n")
    shop, fair = files_feeds.feed(whole / "shop.csv"), files_feeds.feed(whole / "fair.csv")
    files_feeds.pull(whole, shop=shop, fair=fair)
    files_feeds.pull(never, shop=shop)
    counted = removed(whole / "data", Part("files", "fair"))
    assert {name: rows for name, rows in counted.items() if name.startswith("raw_files")} == {
        "raw_files.order_lines": 1,
        "raw_files.rejects": 1,
    }
    assert left_in(whole / "data", "files") == left_in(never / "data", "files")


def test_of_a_source_that_goes_nothing_is_left_but_its_empty_tables(tmp_path: Path) -> None:
    with MAILCHIMP.served():
        MAILCHIMP.pull(tmp_path)
    removed(tmp_path, Part("mailchimp"))
    assert {name: rows for name, rows in left_in(tmp_path, "mailchimp").items() if rows} == {}
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw_mailchimp'")
        assert {name for (name,) in tables.fetchall()} == set(CONNECTORS["mailchimp"].tables)
        assert disconnection.is_noted(connection, "mailchimp")


def test_which_accounts_a_source_lists_is_declared_of_each_that_has_an_option_for_it() -> None:
    listing = {name: one for name, one in CONNECTORS.items() if one.lists}
    assert set(listing) == {*CASES, "facebook_ads", "files"}
    for connector in listing.values():
        assert connector.lists in connector.options.model_fields
        for name, column in connector.account_columns.items():
            assert column in connector.tables[name].columns.names
