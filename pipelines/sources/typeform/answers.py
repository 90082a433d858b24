"""What a response of Typeform says: the score of a survey, and whose it is.

https://www.typeform.com/developers/responses/
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pipelines.connector import ConnectorError, Plan, Section
from pipelines.rows import SchemaDrift

KEPT = ("token", "response_type", "landed_at", "submitted_at")
SCALES = frozenset({"nps", "opinion_scale", "rating", "number", "yes_no"})  # types of questions that hold a score
YES = 1.0

Row = dict[str, Any]


class Form(Section):
    """A survey. `question`: the reference or id of the one that holds the score. `former_questions`: those that it was
    asked by before, where somebody made it anew.

    `respondent`: the hidden field, or the question, that holds the e-mail address; none when left out. Of a csat
    form: the lowest score that is satisfied, and the score that is neither.
    """

    id: str = Field(pattern="^[A-Za-z0-9_-]+$")
    kind: Literal["nps", "csat"]
    question: str
    former_questions: list[str] = Field(default_factory=list)
    respondent: str = ""
    satisfied_from: float = 4
    neutral: float | None = None


class NoSuchQuestion(ConnectorError):
    """The form is there, but not with this question, or it holds no score."""


def refuse_unanswered(form: Form, rows: list[Row]) -> None:
    """A question that nobody answered was renamed or deleted, or the vendor tells answers in another way."""
    if rows and all(row["answer"] is None for row in rows):
        raise NoSuchQuestion(f"has no response that answers its question {form.question}")


def kept(form: Form, response: Row) -> Row:
    """One score and whose it is: of other answers, hidden fields and traces of a visit nothing but the name is kept."""
    address = (response.get("hidden") or {}).get(form.respondent) or _said(response, form.respondent)
    answer = _answer(response, form.question, *form.former_questions)
    is_yes_no = form.kind == "csat" and answer.get("type") == "boolean"
    return {
        **{name: value if name in KEPT else None for name, value in response.items()},
        "form_id": form.id,
        "answer": _score(form, answer),
        "respondent": address,
        "satisfied_from": YES if is_yes_no else form.satisfied_from,
        "neutral": None if is_yes_no else form.neutral,
    }


def _score(form: Form, answer: Row) -> float | None:
    """The number that was given; of a question on satisfaction that asks for yes or no, yes is satisfied."""
    kind = answer.get("type")
    value = answer.get(kind) if kind else None
    if kind == "boolean" and form.kind == "csat":
        return YES if value else 1 - YES
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise NoSuchQuestion(f"answers its question {form.question} by a {kind}, which is no score")
    return value


def tell_recreated(form: Form, responses: list[Row], plan: Plan, table: str) -> None:
    """Warn where all newer (or all older) responses answer another scale in place of the question: it was made anew."""
    asked: list[Row] = []
    others: list[Row] = []
    for response in responses:
        is_of_form = bool(_answer(response, form.question, *form.former_questions))
        (asked if is_of_form else others).append(response)
    beside = {name for response in asked for name in _scales(response)}
    found: dict[str, list[str]] = {}
    for response in others:
        for name in _scales(response) - beside:
            found.setdefault(name, []).append(str(response.get("submitted_at")))
    times = sorted(str(response.get("submitted_at")) for response in asked)
    for name, answered in sorted(found.items()):
        if times[-1] < min(answered) or max(answered) < times[0]:
            day = datetime.fromisoformat(max(times[0], min(answered))).astimezone(plan.zone).date()
            told = f"{len(answered)} responses answer question {name} in place of {form.question} and do not count"
            plan.caveat(table, form.id, "series_break", told, day)
            plan.warn(
                f"typeform: form {form.id}: {told}; if it is the same one made anew, name it in former_questions."
            )


def _scales(response: Row) -> set[str]:
    """The questions that a response answers by a score."""
    fields = [answer.get("field") or {} for answer in response.get("answers") or ()]
    return {str(field.get("ref") or field.get("id")) for field in fields if field.get("type") in SCALES}


def _said(response: Row, question: str) -> Any:
    """The answer to a question; it stands under the name of its own type."""
    answer = _answer(response, question)
    return answer.get(str(answer.get("type")))


def _answer(response: Row, *questions: str) -> Row:
    """What a response says to the first of these questions that it answers."""
    for answer in response.get("answers") or ():
        if any(one and one in names(answer.get("field") or {}) for one in questions):
            return dict(answer)
    return {}


def names(field: Row) -> tuple[Any, Any]:
    """How a question may be called: by its reference or its id."""
    found = field.get("ref"), field.get("id")
    for one in found:
        if one is not None and not isinstance(one, str):
            raise SchemaDrift(
                f"typeform: a question is called by a {type(one).__name__}, not by a text, so which answers count is "
                "not known; nothing of its table was loaded. Upgrade Parcours, or report it."
            )
    return found
