"""What the connectors of affiliate tools have in common."""

from pipelines.affiliates import AffiliateOptions

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
