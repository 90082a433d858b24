"""What the connectors of affiliate tools have in common."""

from pathlib import Path
from types import ModuleType

import pytest

from pipelines.affiliates import AffiliateOptions
from tests.pipelines import test_rewardful, test_tapfiliate
from tests.pipelines.vendors import passing_faults

TOOLS = [(test_rewardful, test_rewardful.AFFILIATES), (test_tapfiliate, test_tapfiliate.PARTNERS)]
both_tools = pytest.mark.parametrize(("tool", "path"), TOOLS, ids=["rewardful", "tapfiliate"])
PAGES: list[list[dict[str, str | None]]] = [[{"id": "p1", "title": "Partenaires"}], [{"id": "p2", "title": None}]]


def test_partners_are_told_of_only_where_their_programmes_are_named() -> None:
    assert AffiliateOptions().gives("affiliates")
    assert not AffiliateOptions().gives("partners")
    assert AffiliateOptions(partner_programmes=["p1"]).gives("partners")


def test_a_programme_that_does_not_exist_is_named() -> None:
    told = AffiliateOptions(partner_programmes=["p1", "p9"]).told("tool", "programme", PAGES, "title")
    assert told == [
        "programme p1, Partenaires",
        "programme p2, None",
        "programme p9 does not exist: correct [sources.tool] partner_programmes",
    ]


@both_tools
def test_a_repeated_page_is_asked_for_again(tool: ModuleType, path: str, tmp_path: Path) -> None:
    with tool.VENDOR.served() as served:
        served.fault(path, "repeat_page", after=1)
        tool.pull(tmp_path)
    assert tool.rows(tmp_path) == tool.SHOWN


@both_tools
def test_passing_faults_are_survived(tool: ModuleType, path: str, tmp_path: Path) -> None:
    with tool.VENDOR.served() as served:
        passing_faults(served, path, after=1)
        tool.pull(tmp_path)
        assert served.sandbox.faults.pending() == []
    assert tool.rows(tmp_path) == tool.SHOWN
