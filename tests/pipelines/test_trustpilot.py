"""The Trustpilot connector against the public API, over a real socket."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.connector import AccessRefused, ConnectorError
from pipelines.retry import VendorBusy
from pipelines.rows import RowRefused, SchemaDrift
from pipelines.sources import trustpilot as product
from pipelines.sources.trustpilot import CONNECTOR, TrustpilotOptions
from sandbox.events import Person, Review, World
from sandbox.server import Running
from sandbox.vendors.trustpilot import UNIT
from tests.pipelines.vendors import First, Rows, Vendor, passing_faults, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 3, 2), date(2026, 3, 12)
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
KEY = "SOURCES__TRUSTPILOT__API_KEY"
REVIEWS = f"/trustpilot/v1/business-units/{UNIT}/reviews"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def small_world() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        people=[Person(1, "ada@mail.example", (), "Augusta", "Byron", "", "", "FR")],
        reviews=[
            *(Review(f"rv{number}", 1, at(2 + number), 1 + number % 5, "Secret de texte", None) for number in range(7)),
            Review("gone", 1, at(4), 1, "Retiré", at(5)),
            Review("soon", 1, at(3), 2, "Bientôt retiré", at(14)),
            Review("late", 1, at(14), 4, "Plus tard", None),
            Review("fb1", 1, at(4), 5, "Ailleurs", None, "facebook"),
        ],
    )


VENDOR = Vendor(CONNECTOR, lambda: TrustpilotOptions(business_unit=UNIT, page_rows=3), small_world, NOW, FIRST_DAY)
pull = VENDOR.pull


def rows(folder: Path, columns: str = "id") -> Rows:
    return VENDOR.rows(folder, f"select {columns} from reviews order by all")


SHOWN = [*(f"rv{number}" for number in range(7)), "soon"]


def test_every_public_review_arrives_from_all_pages(first: First) -> None:
    assert rows(first.folder) == [(one,) for one in SHOWN]
    assert first.result.rows == {"reviews": 8}
    asked = [dict(call.query) for call in first.requests()]
    assert [call["page"] for call in asked] == ["1", "2", "3", "4"]  # eight reviews, three a page, then none
    assert asked[0]["includeReportedReviews"] == "true"


def test_a_review_is_kept_as_the_vendor_says_it(loaded: Path) -> None:
    assert rows(loaded, "business_unit, id, stars, created_at, language, status, is_verified")[0] == (
        UNIT, "rv0", 1, "2026-03-02T12:00:00Z", "fr", "active", False,
    )  # fmt: skip


def test_a_second_run_adds_nothing_and_a_removed_review_vanishes(served: Running, again: Path) -> None:
    pull(again)
    assert rows(again) == [(one,) for one in SHOWN]
    VENDOR.pull_at(served, again, at(15, 9))
    assert rows(again) == sorted([("late",), *((one,) for one in SHOWN if one != "soon")])


def test_a_review_that_was_edited_later_has_its_new_stars(served: Running, world: World, tmp_path: Path) -> None:
    world.reviews[0] = replace(world.reviews[0], edited_at=at(14), edited_stars=5)
    pull(tmp_path)
    assert rows(tmp_path, "id, stars, updated_at")[0] == ("rv0", 1, None)
    VENDOR.pull_at(served, tmp_path, at(15, 9))
    assert rows(tmp_path, "id, stars, updated_at, created_at")[1] == (
        "rv0", 5, "2026-03-14T12:00:00Z", "2026-03-02T12:00:00Z",
    )  # fmt: skip


def test_a_list_that_the_vendor_cuts_off_is_said_to_be(
    served: Running, again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"select account_id, caveat, detail from raw_parcours.caveats where account_id = '{UNIT}'"
    assert VENDOR.rows(again, said) == []
    monkeypatch.setattr(product, "MOST_REVIEWS", 8)
    pull(again)
    assert VENDOR.rows(again, said) == [(UNIT, "truncated", "Trustpilot lists the newest 8 reviews only")]


def test_a_repeated_page_counts_once(served: Running, tmp_path: Path) -> None:
    served.fault(REVIEWS, "repeat_page", after=3)
    assert pull(tmp_path).rows == {"reviews": 8}


def test_passing_faults_are_survived(served: Running, tmp_path: Path) -> None:
    passing_faults(served, REVIEWS, after=1)
    pull(tmp_path)
    assert served.sandbox.faults.pending() == []
    assert len(rows(tmp_path)) == 8


def test_a_lasting_fault_is_named_and_keeps_what_was_there(served: Running, again: Path) -> None:
    served.fault(REVIEWS, "500", times=100, after=1)
    with pytest.raises(VendorBusy, match=r"trustpilot: .*/reviews is busy"):
        pull(again)
    assert len(rows(again)) == 8


def test_a_wrong_key_is_refused_with_advice(served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "f00dcafe")
    for refused_by in (lambda: pull(tmp_path), lambda: CONNECTOR.check(TrustpilotOptions(business_unit=UNIT))):
        with pytest.raises(AccessRefused, match=f"Set {KEY}") as refused:
            refused_by()
        assert "f00dcafe" not in str(refused.value)
    assert not any(value == "f00dcafe" for call in served.requests() for _, value in call.query)


def test_a_new_field_does_no_harm_and_a_changed_type_is_refused(served: Running, again: Path) -> None:
    served.fault(REVIEWS, "new_column", times=4)
    pull(again, at(13, 15))
    assert len(rows(again)) == 8
    assert VENDOR.later_fields(again, "reviews") == ["mood"]
    served.fault(REVIEWS, "changed_type", times=4)
    with pytest.raises(RowRefused, match="trustpilot: reviews row 1: stars is a str that is no int64"):
        pull(again)


def test_reviews_without_stars_are_refused(served: Running, again: Path) -> None:
    served.fault(REVIEWS, "missing_column", times=9)
    with pytest.raises(SchemaDrift, match="trustpilot: reviews row 1: the vendor no longer sends stars"):
        pull(again, at(14, 9))
    assert len(rows(again)) == 8


def test_a_listed_review_counts_whatever_its_status(served: Running, tmp_path: Path) -> None:
    served.fault(REVIEWS, "renamed_enum", times=9)
    pull(tmp_path)
    assert rows(tmp_path, "distinct status") == [("published",)]
    stage(tmp_path, CONNECTOR)
    assert len(staged(tmp_path, "stg_trustpilot__reviews", "review_id")) == 8


def test_no_text_and_no_name_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert b"rv0" in found
    for private in (b"secret", b"augusta", b"byron", b"lyon", b"sandbox-key"):
        assert private not in found


def test_check_names_the_unit_or_says_that_there_is_none(served: Running) -> None:
    # 1 + 2 + 3 + 4 + 5 + 1 + 2 + 2 = 20 stars of eight reviews.
    said = CONNECTOR.check(TrustpilotOptions(business_unit=UNIT))
    assert said == ["business unit La boutique: 8 reviews, TrustScore 2.5"]
    with pytest.raises(ConnectorError, match=r"correct \[sources\.trustpilot\] business_unit"):
        CONNECTOR.check(TrustpilotOptions(business_unit="000"))


def test_without_a_base_url_it_is_trustpilot_over_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SOURCES__TRUSTPILOT__BASE_URL", raising=False)
    monkeypatch.setenv(KEY, "f00dcafe")
    [asked] = unsent(monkeypatch, lambda: pull(tmp_path))
    assert str(asked.url).startswith(f"https://api.trustpilot.com/v1/business-units/{UNIT}/reviews?perPage=3&")


def test_reviews_are_staged(again: Path) -> None:
    stage(again, CONNECTOR)
    found = staged(again, "stg_trustpilot__reviews", "review_id, reviewed_at, rating")
    assert found[0] == ("rv0", at(2), Decimal(1))
    assert found[-1] == ("soon", at(3), Decimal(2))
    assert len(found) == 8
