"""The real data set through the files connector and all models: the published figures, read from `kpi_values`."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows import business_tables, definition, transform
from flows.places import PROJECT, Places
from pipelines.load import create_empty, load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, read_settings

DATA = PROJECT.parent / "shared" / "data" / "online_retail_uci.parquet"
EXAMPLE = PROJECT / "examples" / "online_retail" / "parcours.toml"
THROUGH = date(2011, 12, 9)  # the last day that the data set holds
AS_OF = datetime(2011, 12, 10, 8, tzinfo=UTC)
IDENTIFIED = '"identified only" = "CustomerID is not null"\n'
PRODUCT_ID = 'product_id = "StockCode"\n'
POSTAGE = (
    'kind = {column = "StockCode", values = {POST = "shipping", DOT = "shipping", C2 = "shipping"}, '
    'otherwise = "product"}\n'
)

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"the data set is not ours to copy, and {DATA} is not here")


class Shop:
    """The example's business in a folder of its own, whose mapping a test may change."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder)
        self.file = folder / "parcours.toml"

    def refresh(self, old: str = "", new: str = "") -> None:
        """Load and build with the example's mapping, a line of it replaced."""
        text = EXAMPLE.read_text(encoding="utf-8")
        assert old in text
        self.file.write_text(text.replace(old, new) if old else text, encoding="utf-8")
        settings = read_settings(self.file)
        asked = Asked(THROUGH, AS_OF, settings.business.zone, settings.business.history_start)
        defined = definition.definition(settings)
        business_tables.write(self.places, settings, asked, defined)
        self._load(settings, asked)
        anew = definition.is_anew(self.places, defined)
        for layer in transform.LAYERS:
            transform.build(self.places, layer, anew)
        definition.keep_build(self.places, defined, AS_OF)

    def _load(self, settings: Settings, asked: Asked) -> None:
        for connector in CONNECTORS.values():
            create_empty(connector, self.places.warehouse)
        load(CONNECTORS["files"], settings.sources["files"], self.places.warehouse, self.places.state, asked)

    def one(self, query: str) -> object:
        with duckdb.connect(str(self.places.warehouse), read_only=True) as warehouse:
            found = warehouse.execute(query).fetchone()
        assert found is not None
        return found[0] if len(found) == 1 else found

    def purchases_and_value(self) -> object:
        """Over the months of `kpi_values`."""
        return self.one(
            "select sum(value) filter (kpi_id = 'purchases')::int, "
            "cast(round(sum(numerator) filter (kpi_id = 'average_basket'), 2) as double) "
            "from marts.kpi_values where grain = 'month'"
        )


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A new one for each test, so that only the first build of a run waits for dbt."""
    monkeypatch.setenv("ONLINE_RETAIL", str(DATA))
    return Shop(tmp_path)


def test_identified_customers_meet_the_published_figures(shop: Shop) -> None:
    shop.refresh()
    assert shop.one("select count(*) from raw_files.order_lines") == 541_909
    assert shop.one("select count(*) from raw_files.rejects") == 0
    invoices = "count(distinct order_id), count(distinct order_id) filter (order_id like 'C%')"
    assert shop.one(f"select {invoices} from raw_files.order_lines") == (25_900, 3_836)
    assert shop.one("select count(distinct customer_id) from raw_files.order_lines") == 4_372
    assert shop.purchases_and_value() == (18_532, 8_911_407.90)
    by_buyer = "(select buyer_key, count(*) as purchases from marts.fct_orders group by 1)"
    assert shop.one(f"select count(*), round(100 * avg((purchases > 1)::int), 2) from {by_buyer}") == (4_338, 65.58)


def test_with_guests_in(shop: Shop) -> None:
    shop.refresh(IDENTIFIED, "")
    assert shop.purchases_and_value() == (19_960, 10_666_684.54)


def test_with_postage_declared_as_shipping_its_value_leaves_the_basket(shop: Shop) -> None:
    shop.refresh(PRODUCT_ID, PRODUCT_ID + POSTAGE)
    assert shop.purchases_and_value() == (18_532, round(8_911_407.90 - 96_396.32, 2))
