"""The example of a real shop's data: the published figures come out."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from flows.places import PROJECT
from tests.pipelines.files_feeds import pull, query, rejects

DATA_SET = PROJECT.parent / "shared" / "data" / "online_retail_uci.parquet"


def online_retail(**changes: Any) -> dict[str, Any]:
    """The feed of the example, changed."""
    settings = tomllib.loads((PROJECT / "examples" / "online_retail" / "parcours.toml").read_text(encoding="utf-8"))
    sales: dict[str, Any] = settings["sources"]["files"]["feeds"]["sales"]
    return sales | {"time_zone": "Europe/London"} | changes


def kept(folder: Path, where: str = "true") -> list[tuple[Any, ...]]:
    """Purchases, customers and value of the kept rows."""
    return query(
        folder,
        "select count(distinct order_id), count(distinct customer_id), "
        "cast(sum(quantity * unit_price) as decimal(18, 2)) "
        f"from raw_files.order_lines where filtered_by = '' and {where}",
    )


@pytest.mark.skipif(not DATA_SET.exists(), reason=f"{DATA_SET} is not here")
def test_online_retail_gives_the_published_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONLINE_RETAIL", str(DATA_SET))
    pull(tmp_path, sales=online_retail())
    assert query(
        tmp_path,
        "select count(*), count(distinct order_id), count(distinct customer_id), "
        "count(distinct order_id) filter (order_id like 'C%') from raw_files.order_lines",
    ) == [(541_909, 25_900, 4_372, 3_836)]
    assert rejects(tmp_path) == []
    assert kept(tmp_path) == [(18_532, 4_338, Decimal("8911407.90"))]
    assert query(
        tmp_path,
        "with customers as (select count(distinct order_id) as purchases from raw_files.order_lines "
        "where filtered_by = '' group by customer_id) select round(100 * avg((purchases > 1)::int), 2) from customers",
    ) == [(65.58,)]


@pytest.mark.skipif(not DATA_SET.exists(), reason=f"{DATA_SET} is not here")
def test_online_retail_with_guests_and_with_postage_as_shipping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLINE_RETAIL", str(DATA_SET))
    feed = online_retail()
    codes = {"POST": "shipping", "DOT": "shipping", "C2": "shipping"}
    feed["columns"]["kind"] = {"column": "StockCode", "values": codes, "otherwise": "product"}
    del feed["filters"]["identified only"]
    pull(tmp_path, sales=feed)
    assert [(orders, value) for orders, _, value in kept(tmp_path)] == [(19_960, Decimal("10666684.54"))]
    postage = kept(tmp_path, "customer_id is not null and kind = 'shipping'")
    assert postage[0][2] == Decimal("96396.32")
