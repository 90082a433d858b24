"""What the settings say of KPIs fits the KPIs that there are, or is refused with what was meant."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.ready import ready
from flows import objectives
from flows.objectives import BadObjective
from flows.places import PROJECT
from pipelines.settings import SettingsError, read_settings
from tests.pipelines.test_objectives import BUSINESS, OBJECTIVE, PATH, PERIODS


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + text, encoding="utf-8")
    return list(objectives.faults(read_settings(path)))


@pytest.mark.parametrize(
    "text",
    [
        OBJECTIVE + PATH,
        OBJECTIVE + PERIODS,
        OBJECTIVE + PATH.replace("new_prospects", "gross_margin_rate"),  # a lever, which any stage may follow
        OBJECTIVE.replace('serves = "new_prospects"', 'serves = "north_star"') + PATH,
        '[dashboard.focus]\nfan = ["customer_reviews", "nps"]\n',
        '[[annotations]]\nday = 2026-03-01\ntext = "Open"\nkpis = ["bounce_rate", "nps"]\n',
    ],
)
def test_what_fits_is_taken(tmp_path: Path, text: str) -> None:
    assert faults(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            OBJECTIVE + PATH.replace("new_prospects", "new_prospect"),
            "objectives.0.kpis.0.kpi: 'new_prospect' is no KPI of capture and no lever; did you mean new_prospects?",
        ),
        (
            OBJECTIVE + PATH.replace("new_prospects", "bounce_rate"),  # of engagement
            "objectives.0.kpis.0.kpi: 'bounce_rate' is no KPI of capture and no lever; ",
        ),
        (
            OBJECTIVE + PERIODS.replace("new_prospects", "cost_per_prospect"),
            "objectives.0.kpis.0.per_period: cost_per_prospect is ratio: its periods cannot be added up; give start_v",
        ),
        (
            OBJECTIVE.replace('serves = "new_prospects"', 'serves = "nps"') + PATH,
            "objectives.0.serves: 'nps' is not known; known are: north_star, new_prospects, purchase_frequency, ",
        ),
        (OBJECTIVE + PATH + OBJECTIVE + PATH, "objectives.1.id: 'prospects' is that of an objective above; each needs"),
        (
            '[dashboard.focus]\nfan = ["nps", "purchases"]\n',
            "dashboard.focus.fan: 'purchases' is not known; known are: brand_mentions, nps, customer_reviews",
        ),
        (
            '[[annotations]]\nday = 2026-03-01\ntext = "Open"\nkpis = ["bounce_rates"]\n',
            "annotations.0.kpis: 'bounce_rates' is not known; did you mean bounce_rate? known are: unique_visitors, ",
        ),
    ],
)
def test_what_does_not_fit_is_said_with_what_was_meant(tmp_path: Path, text: str, said: str) -> None:
    [line] = faults(tmp_path, text)
    assert line.startswith(said)
    with pytest.raises(BadObjective):
        objectives.check(read_settings(tmp_path / "parcours.toml"))


def test_the_template_holds_when_it_is_uncommented(tmp_path: Path) -> None:
    template = (PROJECT / "parcours.toml").read_text(encoding="utf-8")
    begins, ends = template.index("# [dashboard]"), template.index("# [sources.google_analytics]")
    uncommented = re.sub(r"^# ", "", template[begins:ends], flags=re.MULTILINE)
    assert faults(tmp_path, uncommented) == []
    [objective] = read_settings(tmp_path / "parcours.toml").objectives
    assert [target.kpi for target in objective.kpis] == ["capture_page_conversion_rate", "new_prospects"]


def test_a_command_refuses_it_with_all_else_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + 'north_star = "sales"\n' + OBJECTIVE + PATH.replace("new_prospects", "leads"))
    with pytest.raises(SettingsError) as error:
        ready(path, datetime(2026, 4, 1, tzinfo=UTC))
    said = [line.removeprefix(f"{path}: ").split(": ")[0] for line in str(error.value).splitlines()]
    assert said == ["business.north_star", "objectives.0.kpis.0.kpi"]
