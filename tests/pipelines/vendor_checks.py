"""What tests of several connectors ask: where a first request would go, and which fields came later than the others."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import requests

from pipelines.connector import ConnectorError
from pipelines.http import VendorSession


def first_address(monkeypatch: pytest.MonkeyPatch, ask: Callable[[], object]) -> str:
    """The address of the first request, which is not sent."""
    asked: list[str] = []

    def keep(_: VendorSession, request: requests.PreparedRequest, **__: object) -> requests.Response:
        asked.append(request.url or "")
        raise ConnectorError("not sent")

    monkeypatch.setattr(VendorSession, "send", keep)
    with pytest.raises(ConnectorError, match="not sent"):
        ask()
    return asked[0]


def later_fields(folder: Path, table: str) -> list[str]:
    """The fields of a table's rows that no row of its first load had."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        found = warehouse.execute(
            "select field from raw_parcours.fields where table_name = ? "
            "qualify first_seen_at > min(first_seen_at) over () order by field",
            [table],
        ).fetchall()
    return [field for (field,) in found]
