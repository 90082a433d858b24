"""What the settings say of objectives, stages and notes, and how a mistake in it is pointed at."""

from datetime import date
from pathlib import Path

import pytest

from pipelines.settings import Settings, SettingsError, read_settings

BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n'
OBJECTIVE = """
[[objectives]]
id = "prospects"
stage = "capture"
sentence = "From 60 to 100 new prospects a month."
serves = "new_prospects"
owner = "Alice"
"""
PATH = """
[[objectives.kpis]]
kpi = "new_prospects"
start_value = 60
start_day = 2026-01-01
target_value = 100
target_day = 2026-06-30
"""
PERIODS = """
[[objectives.kpis]]
kpi = "new_prospects"
per_period = 100
cumulated = "quarter"
"""


def read(folder: Path, text: str) -> Settings:
    path = folder / "parcours.toml"
    path.write_text(BUSINESS + text, encoding="utf-8")
    return read_settings(path)


def refused(folder: Path, text: str) -> list[str]:
    """What is said of a file that cannot be, without where it lies."""
    with pytest.raises(SettingsError) as error:
        read(folder, text)
    return [line.removeprefix(f"{folder}/parcours.toml: ") for line in str(error.value).splitlines()]


def test_nothing_is_wanted_unless_it_is_said(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert (settings.objectives, settings.annotations) == ([], [])
    assert (settings.dashboard.language, settings.dashboard.stages, settings.dashboard.focus) == ("fr", {}, {})


def test_an_objective_is_reviewed_each_month_by_the_values_of_months(tmp_path: Path) -> None:
    [objective] = read(tmp_path, OBJECTIVE + PATH + PERIODS.replace("new_p", "other_p")).objectives
    assert (objective.review, objective.contributors) == ("monthly", [])
    path, periods = objective.kpis
    assert (path.grain, path.start_value, path.target_day) == ("month", 60, date(2026, 6, 30))
    assert (periods.grain, periods.per_period, periods.cumulated) == ("month", 100, "quarter")


def test_a_note_may_lie_in_the_future_and_belongs_to_all_kpis(tmp_path: Path) -> None:
    [note] = read(tmp_path, '[[annotations]]\nday = 2099-01-01\ntext = "Open"\n').annotations
    assert (note.day, note.kpis) == (date(2099, 1, 1), [])


KPIS = "objectives.0.kpis"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OBJECTIVE, f"{KPIS}: is missing"),
        (
            OBJECTIVE + "".join(PATH.replace("new", name) for name in "abcd"),
            f"{KPIS}: has 4 KPIs, but should have 1 to 3: choose those that matter most",
        ),
        (OBJECTIVE + "kpis = []", f"{KPIS}: has 0 KPIs, but should have 1 to 3: choose those that matter most"),
        (OBJECTIVE + PATH + PATH, f"{KPIS}: has new_prospects twice"),
        (
            OBJECTIVE + PATH + 'per_period = 5\ncumulated = "year"\n',
            f"{KPIS}.0: should have either start_value, start_day, target_value, target_day, or per_period and "
            "cumulated; both are said",
        ),
        (
            OBJECTIVE + '[[objectives.kpis]]\nkpi = "new_prospects"\n',
            f"{KPIS}.0: should have either start_value, start_day, target_value, target_day, or per_period and "
            "cumulated; neither is said",
        ),
        (OBJECTIVE + PATH.replace("start_day", "# "), f"{KPIS}.0: lacks start_day"),
        (OBJECTIVE + PERIODS.replace("cumulated", "# "), f"{KPIS}.0: lacks cumulated"),
        (OBJECTIVE + PERIODS.replace("per_period", "# "), f"{KPIS}.0: lacks per_period"),
        (
            OBJECTIVE + PATH.replace("2026-06-30", "2026-01-01"),
            f"{KPIS}.0: target_day 2026-01-01 should come after start_day 2026-01-01",
        ),
        (
            OBJECTIVE + PATH.replace("= 100", "= 60.0"),
            f"{KPIS}.0: target_value is the start_value, 60: there is no way to go",
        ),
        (OBJECTIVE + PATH.replace("= 100", "= nan"), f"{KPIS}.0.target_value: is nan, which cannot be"),
        (
            OBJECTIVE + PERIODS + 'grain = "quarter"\n',
            f"{KPIS}.0: a quarter is not made of whole periods of grain quarter; choose day or month",
        ),
        (
            OBJECTIVE + PERIODS.replace('"quarter"', '"year"') + 'grain = "week"\n',
            f"{KPIS}.0: a year is not made of whole periods of grain week; choose day or month or quarter",
        ),
        (OBJECTIVE + PERIODS.replace("100", "0"), f"{KPIS}.0.per_period: is 0, but should be more than 0"),
        (
            OBJECTIVE + PATH + 'grain = "months"\n',
            f"{KPIS}.0.grain: is 'months', but should be 'day', 'week', 'month', 'quarter' or 'year'",
        ),
        (OBJECTIVE.replace('"prospects"', '"new prospects"') + PATH, "objectives.0.id: 'new prospects' should be let"),
        (OBJECTIVE.replace("capture", "captur") + PATH, "objectives.0.stage: is 'captur', but should be 'awareness', "),
        (OBJECTIVE + 'review = "daily"\n' + PATH, "objectives.0.review: is 'daily', but should be 'weekly', 'monthly"),
        (OBJECTIVE.replace("owner", "# ") + PATH, "objectives.0.owner: is missing"),
        ('[dashboard.stages]\nfan = " "\n', "dashboard.stages: the name of fan is empty"),
        ('[dashboard.stages]\nfans = "A"\n', "dashboard.stages.fans: is 'fans', but should be 'awareness', "),
        ('[dashboard.focus]\nfan = ["a", "b", "c", "d"]\n', "dashboard.focus: fan has 4 KPIs, but should have 1 to 3"),
        ('[dashboard.focus]\nfan = ["nps", "nps"]\n', "dashboard.focus: fan has nps twice"),
        ('[dashboard]\nlanguage = "de"\n', "dashboard.language: is 'de', but should be 'fr' or 'en'"),
        ('[[annotations]]\nday = "soon"\ntext = "Open"\n', "annotations.0.day: is 'soon', but should be a date, such"),
    ],
)
def test_a_mistake_is_pointed_at_by_key_and_reason(tmp_path: Path, text: str, said: str) -> None:
    [line] = refused(tmp_path, text)
    assert line.startswith(said)


def test_mistakes_of_several_objectives_are_said_together(tmp_path: Path) -> None:
    said = refused(tmp_path, OBJECTIVE + PATH.replace("start_day", "# ") + OBJECTIVE.replace("owner", "# ") + PATH)
    assert said == [f"{KPIS}.0: lacks start_day", "objectives.1.owner: is missing"]
