"""The Typeform connector against the Typeform API, over a real socket; what it feeds, through its staging models."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.identity import email_key
from pipelines.load import LoadResult
from pipelines.rows import SchemaDrift
from pipelines.sources.typeform import CONNECTOR, TypeformOptions
from pipelines.sources.typeform.answers import Form, kept
from sandbox.events import Answer, World
from sandbox.server import Running
from tests.pipelines.vendors import First, Vendor, copied, passing_faults, queries, unsent, written
from tests.staging import stage, staged

FIRST_DAY, THROUGH = date(2026, 1, 1), date(2026, 3, 15)
NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)
COMMENT = "Un emballage soigné"
NPS = {"id": "npsForm1", "kind": "nps", "question": "score", "respondent": "email"}
CSAT = {"id": "csatForm1", "kind": "csat", "question": "csatScore001", "respondent": "email", "neutral": 3}
ADA, BOB = email_key("adalovelace@gmail.com"), email_key("bob@example.com")


def at(day: int, month: int = 3) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def options(*forms: dict[str, Any], **more: Any) -> TypeformOptions:
    return TypeformOptions.model_validate({"forms": list(forms or (NPS, CSAT)), **more})


def answer(
    answer_id: str,
    score: int | None,
    happened: datetime,
    email: str = "bob@example.com",
    deleted: datetime | None = None,
) -> Answer:
    return Answer(answer_id, answer_id[:-1], 1, email, score, COMMENT, happened, deleted)


def survey() -> World:
    return World(
        FIRST_DAY,
        THROUGH,
        answers=[
            answer("nps1", 9, at(1), " Ada.Lovelace@Gmail.com "),
            answer("nps2", 0, at(2)),
            answer("nps3", 10, at(3), ""),
            answer("nps4", None, at(4)),
            answer("nps5", 7, at(5), "adalovelace+shop@gmail.com"),
            answer("csat1", 5, at(1), deleted=at(17)),
            answer("csat2", 3, at(2), ""),
            answer("csat3", 1, at(16), "ada.lovelace@gmail.com"),  # seven hours after the load
            answer("csat4", 4, at(4), "ada.lovelace@gmail.com"),
        ],
    )


def asked(which: Callable[[Answer], bool], **change: Any) -> World:
    """The same, but some answers are to a question that is another."""
    world = survey()
    world.answers = [replace(one, **change) if which(one) else one for one in world.answers]
    return world


VENDOR = Vendor(CONNECTOR, options, survey, NOW, FIRST_DAY)
rows, everything = VENDOR.rows, VENDOR.everything


@pytest.fixture(scope="module")
def models(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Staging over a first load."""
    folder = copied(loaded, tmp_path_factory.mktemp("models"))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        for kind in ("nps", "csat"):  # a response that was not submitted, should the vendor give one all the same
            warehouse.execute(
                f"insert into raw_typeform.{kind}_responses by name "
                "select 'f' as form_id, 't' as token, '0001-01-01T00:00:00Z' as submitted_at, 4 as answer"
            )
    stage(folder, CONNECTOR)
    return folder


def pull(folder: Path, *forms: dict[str, Any], now: datetime = NOW, **more: Any) -> LoadResult:
    return VENDOR.pull(folder, now, **more, **({"forms": list(forms)} if forms else {}))


def test_whole_responses_arrive_with_their_score_and_whose_they_are(loaded: Path) -> None:
    columns = "answer, submitted_at, respondent_key, response_type"
    assert rows(loaded, f"select {columns} from nps_responses order by submitted_at") == [
        (9, "2026-03-01T12:00:00Z", ADA, "completed"),
        (0, "2026-03-02T12:00:00Z", BOB, "completed"),
        (10, "2026-03-03T12:00:00Z", "", "completed"),
        (7, "2026-03-05T12:00:00Z", ADA, "completed"),  # another spelling of the same address
    ]
    columns = "form_id, answer, respondent_key, satisfied_from, neutral"
    assert rows(loaded, f"select {columns} from csat_responses order by submitted_at") == [
        ("csatForm1", 5, BOB, 4.0, 3.0),
        ("csatForm1", 3, "", 4.0, 3.0),
        ("csatForm1", 4, ADA, 4.0, 3.0),
    ]


def test_all_pages_arrive(served: Running, loaded: Path, tmp_path: Path) -> None:
    pull(tmp_path, page_rows=2)
    assert everything(tmp_path) == everything(loaded)
    calls = queries(served, "/npsForm1/responses")
    assert ["before" in call for call in calls] == [False, True, True]  # two, two, none
    assert {call["response_type"] for call in calls} == {"completed"}
    assert not any({"sort", "after"} & set(call) for call in calls)


def test_a_second_run_adds_nothing(served: Running, first: First, again: Path) -> None:
    assert first.result.rows == {"nps_responses": 4, "csat_responses": 3}
    pull(again)
    assert everything(again) == everything(first.folder)


def test_a_new_response_comes_and_one_deleted_weeks_later_goes(served: Running, again: Path) -> None:
    VENDOR.pull_at(served, again, at(17))
    assert rows(again, "select answer from csat_responses order by submitted_at") == [(3,), (4,), (1,)]


def test_a_changed_scale_holds_for_all_responses(served: Running, again: Path) -> None:
    pull(again, NPS, CSAT | {"satisfied_from": 3, "neutral": None})
    assert rows(again, "select distinct satisfied_from, neutral from csat_responses") == [(3.0, None)]


def test_a_kind_without_a_form_is_not_connected(served: Running, tmp_path: Path) -> None:
    pull(tmp_path, NPS)
    assert rows(tmp_path, "select table_name, account_id from raw_parcours.loads") == [("nps_responses", "npsForm1")]
    assert CONNECTOR.scopes(options(NPS), "csat_responses") == []
    assert [options(NPS).gives(entity) for entity in ("nps_answers", "csat_answers")] == [True, False]


def test_a_form_that_is_gone_leaves_the_others_alone(served: Running, tmp_path: Path) -> None:
    result = pull(tmp_path, NPS, CSAT | {"id": "gone"}, CSAT)
    assert result.warnings == [
        "typeform: form gone does not exist; correct [[sources.typeform.forms]]. Its former responses stay."
    ]
    assert len(rows(tmp_path, "select token from csat_responses")) == 3
    assert rows(tmp_path, "select account_id from raw_parcours.loads order by 1") == [("csatForm1",), ("npsForm1",)]


def test_a_question_that_nobody_answered_is_not_the_right_one(served: Running, again: Path) -> None:
    result = pull(again, NPS | {"question": "renamed"}, CSAT, now=at(17))
    assert result.warnings == [
        "typeform: form npsForm1 has no response that answers its question renamed; "
        "correct [[sources.typeform.forms]]. Its former responses stay."
    ]
    assert len(rows(again, "select token from nps_responses where answer is not null")) == 4
    covered = rows(again, "select account_id, max(last_day) from raw_parcours.loads group by 1 order by 1")
    assert covered == [("csatForm1", date(2026, 3, 16)), ("npsForm1", THROUGH)]


def test_no_address_comment_or_trace_of_a_visit_reaches_the_disk(loaded: Path) -> None:
    found = written(loaded)
    assert BOB.encode() in found
    for text in ("bob@example.com", "lovelace", COMMENT, "mozilla", "5f1c0e7e49", "referer"):
        assert text.lower().encode() not in found


def test_passing_faults_are_survived(served: Running, loaded: Path, tmp_path: Path) -> None:
    passing_faults(served, "/npsForm1/responses", after=1)
    assert pull(tmp_path, page_rows=2).warnings == []
    assert served.sandbox.faults.pending() == []
    assert everything(tmp_path) == everything(loaded)


def test_an_unknown_field_does_no_harm_and_is_noted(served: Running, again: Path) -> None:
    served.fault("/typeform", "new_column", times=9)
    pull(again, now=at(17))
    assert len(rows(again, "select token from nps_responses")) == 4
    assert VENDOR.later_fields(again, "nps_responses") == ["thankyou_screen_ref"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing_column", "the vendor no longer sends submitted_at"),
        ("renamed_enum", "response_type is 'finished', and whether"),
    ],
)
def test_what_figures_rest_on_is_refused_where_it_is_gone(
    served: Running, loaded: Path, again: Path, kind: str, said: str
) -> None:
    served.fault("/typeform/forms/csatForm1", kind, times=9)
    with pytest.raises(SchemaDrift, match=f"typeform: csat_responses row 1: {said}"):
        pull(again, now=at(17))
    assert everything(again) == everything(loaded)


def failures(folder: Path) -> set[str]:
    """The forms that no load has covered."""
    covered = {row[0] for row in rows(folder, "select account_id from raw_parcours.loads")}
    return {"npsForm1", "csatForm1"} - covered


def test_a_form_whose_answers_are_no_scores_fails_alone(served: Running, tmp_path: Path) -> None:
    served.fault("/typeform/forms/npsForm1", "changed_type", times=9)
    (warning,) = pull(tmp_path).warnings
    assert "form npsForm1 answers its question score by a choice, which is no score; correct" in warning
    assert failures(tmp_path) == {"npsForm1"}
    assert len(rows(tmp_path, "select token from csat_responses")) == 3


@pytest.mark.parametrize("field", [{"ref": {"value": "score"}, "id": "q1"}, {"ref": None, "id": 7}])
def test_a_question_that_is_not_called_by_a_text_is_refused(field: dict[str, Any]) -> None:
    form = Form.model_validate(NPS)
    answer = {"type": "number", "number": 9}
    assert kept(form, {"answers": [{"field": {"ref": "score"}, **answer}]})["answer"] == 9
    with pytest.raises(SchemaDrift, match=r"a question is called by a (dict|int), not by a text"):
        kept(form, {"answers": [{"field": field, **answer}]})


def test_a_form_that_may_not_be_read_fails_alone(served: Running, tmp_path: Path) -> None:
    (warning,) = pull(tmp_path, NPS | {"id": "privateForm1"}, CSAT).warnings
    assert "form privateForm1 may not be read with this token" in warning
    assert failures(tmp_path) == {"npsForm1"}


@pytest.mark.parametrize("world", [asked(lambda one: one.happened_at < at(3), asked_as="former")], ids=["made anew"])
@pytest.mark.parametrize("question", ["score", "old_score"])
def test_a_question_made_anew_is_warned_of_and_breaks_the_series(
    served: Running, tmp_path: Path, question: str
) -> None:
    nps = NPS | {"question": question}
    (warning,) = pull(tmp_path, nps).warnings
    other = "old_score" if question == "score" else "score"
    told = f"2 responses answer question {other} in place of {question} and do not count"
    assert warning == f"typeform: form npsForm1: {told}; if it is the same one made anew, name it in former_questions."
    caveats = "select table_name, account_id, caveat, detail, date_day from raw_parcours.caveats"
    assert rows(tmp_path, caveats) == [("nps_responses", "npsForm1", "series_break", told, date(2026, 3, 3))]
    assert len(rows(tmp_path, "select token from nps_responses where answer is not null")) == 2
    assert pull(tmp_path, nps | {"former_questions": [other]}, now=at(17)).warnings == []
    assert rows(tmp_path, "select sum(answer), count(answer) from nps_responses") == [(26, 4)]  # 9, 0, 10 and 7


@pytest.mark.parametrize("world", [asked(lambda one: one.survey == "csat", asked_as="yes_no")], ids=["yes or no"])
def test_a_yes_is_satisfied(served: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    stage(tmp_path, CONNECTOR)
    assert staged(tmp_path, "stg_typeform__csat_answers", "answered_at, score, is_satisfied") == [
        (at(1), Decimal(1), True),
        (at(2), Decimal(0), False),
        (at(4), Decimal(1), True),
    ]


@pytest.mark.parametrize("world", [asked(lambda one: one.score == 7, score=6.5)], ids=["decimal"])
def test_a_decimal_is_a_score(served: Running, tmp_path: Path) -> None:
    pull(tmp_path)
    stage(tmp_path, CONNECTOR)
    scores = [Decimal(one) for one in ("0", "6.5", "9", "10")]
    assert staged(tmp_path, "stg_typeform__nps_answers", "score") == [(one,) for one in scores]


def test_check_says_what_a_form_does_not_have(served: Running) -> None:
    assert CONNECTOR.check(options()) == [
        "form npsForm1, Enquête nps: nps",
        "form csatForm1, Enquête csat: csat",
    ]
    wrong = options(
        {"id": "gone", "kind": "nps", "question": "score"},
        {"id": "csatForm1", "kind": "nps", "question": "score"},
        {"id": "npsForm1", "kind": "csat", "question": "rating", "respondent": "mail"},
    )
    assert CONNECTOR.check(wrong) == [
        "form gone does not exist: correct [[sources.typeform.forms]] id",
        "form csatForm1, Enquête csat: nps",
        "form csatForm1: question score is no scale from 0 to 10",
        "form npsForm1, Enquête nps: csat",
        "form npsForm1 has no question rating: correct [[sources.typeform.forms]] question",
        "form npsForm1 has no mail: correct [[sources.typeform.forms]] respondent",
    ]


def test_without_a_base_url_it_is_typeform_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__TYPEFORM__BASE_URL", raising=False)
    monkeypatch.setenv("SOURCES__TYPEFORM__ACCESS_TOKEN", "f00dcafe")
    [asked] = unsent(monkeypatch, lambda: CONNECTOR.check(options()))
    assert asked.url == "https://api.typeform.com/forms/npsForm1"


@pytest.mark.parametrize(
    ("forms", "said"),
    [([], "at least 1"), ([NPS, NPS], "a form is named twice"), ([NPS | {"id": "a/b"}], "pattern")],
)
def test_forms_are_named_once_and_well(forms: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        TypeformOptions.model_validate({"forms": forms})


def test_whole_answers_on_recommending(models: Path) -> None:
    found = staged(models, "stg_typeform__nps_answers", "answered_at, survey, respondent_key = answer_id, score")
    assert found == [
        (at(1), "npsForm1", False, 9),
        (at(2), "npsForm1", False, 0),
        (at(3), "npsForm1", True, 10),  # anonymous: its own respondent
        (at(5), "npsForm1", False, 7),
    ]
    assert len(staged(models, "stg_typeform__nps_answers", "distinct respondent_key")) == 3


def test_answers_on_satisfaction_by_the_scale_of_their_form(models: Path) -> None:
    found = staged(models, "stg_typeform__csat_answers", "answered_at, survey, score, is_satisfied")
    assert found == [
        (at(1), "csatForm1", Decimal(5), True),
        (at(2), "csatForm1", Decimal(3), None),  # neutral
        (at(4), "csatForm1", Decimal(4), True),
    ]
