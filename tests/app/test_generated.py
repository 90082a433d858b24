"""Files that are made from the code say what the code says now."""

from pathlib import Path

import pytest

from app.generated import files, sources_of
from flows.catalog import kpis
from flows.places import PROJECT


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_generated_file_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], "run: make generated"


def test_the_catalogue_has_31_kpis_and_2_levers_each_fed_by_some_source() -> None:
    assert len(kpis()) == 33
    assert sum(kpi.stage == "levers" for kpi in kpis()) == 2
    assert {kpi.kpi_id for kpi in kpis() if not sources_of(kpi)} == set()


def test_every_kpi_is_said_in_french_too() -> None:
    assert [kpi.kpi_id for kpi in kpis() if not (kpi.declared["label_fr"] and kpi.declared["definition_fr"])] == []


def test_what_is_refused_is_found_by_its_words_under_when_it_comes_up() -> None:
    page = files()[PROJECT / "docs" / "troubleshoot.md"]
    settings, _, rest = page.partition("## A vendor's answer")
    assert "- … does not exist: name it with --settings, or make one: parcours init\n" in settings
    assert "- … gives nothing more for now; it answers again in … minutes\n" in rest.partition("## Files")[0]
    assert "- … did not answer (…)\n" in rest.partition("## Files")[0]
    assert "- The disk of … has … MB left, and a refresh needs …: make room, then run this again.\n" in rest
