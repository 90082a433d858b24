"""Typeform: two forms, one on recommending and one on satisfaction, and their responses.

https://www.typeform.com/developers/responses/. The first form knows its respondent by a hidden field, the second asks.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.events import Answer
from sandbox.faults import Fault
from sandbox.routes import routed
from sandbox.state import Sandbox

ACCESS_TOKEN = "tfp_sandbox"  # noqa: S105
ENVIRONMENT = {"SOURCES__TYPEFORM__BASE_URL": "{url}", "SOURCES__TYPEFORM__ACCESS_TOKEN": ACCESS_TOKEN}
NPS_FORM, CSAT_FORM = "npsForm1", "csatForm1"
PRIVATE_FORM = "privateForm1"  # of a workspace that the token's owner has left
SATISFIED = 4  # what says yes where a question asks for yes or no
SURVEYS = {NPS_FORM: "nps", CSAT_FORM: "csat"}
DEFAULT_ROWS, MOST_ROWS = 25, 1000
NOT_SUBMITTED = "0001-01-01T00:00:00Z"
TAKES = timedelta(minutes=3)  # from landing on a form to submitting it
NEW_FIELD = {"thankyou_screen_ref": "default_tys"}  # what the fault `new_column` adds
MISSING = "submitted_at"  # what `missing_column` takes out
NEW_NAME = {"response_type": "finished"}  # what `renamed_enum` puts in

SCORE = {
    "nps": {"id": "npsScore0001", "ref": "score", "type": "nps", "title": "Nous recommanderiez-vous ?"},
    "csat": {"id": "csatScore001", "ref": "score", "type": "rating", "title": "Êtes-vous satisfait ?"},
}
STEPS = {"nps": {"steps": 11, "start_at_one": False}, "csat": {"steps": 5}}
COMMENT = {"id": "comment00001", "ref": "comment", "type": "long_text", "title": "Pourquoi ?"}
EMAIL = {"id": "email0000001", "ref": "email", "type": "email", "title": "Votre adresse ?"}

Item = dict[str, Any]
Shown = Callable[[Request, datetime], Item]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"code": code, "description": description}


class Api:
    """What each path shows at an instant."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        newest_first = sorted(sandbox.world.answers, key=lambda one: (one.happened_at, one.answer_id), reverse=True)
        self.answers = {
            form: [(_token(one), one) for one in newest_first if one.survey == survey]
            for form, survey in SURVEYS.items()
        }

    def form(self, request: Request, now: datetime) -> Item:
        """A form with its questions."""
        form_id = _form(request)
        survey = SURVEYS[form_id]
        score = SCORE[survey] | {"properties": STEPS[survey]}
        is_hidden = form_id == NPS_FORM
        return {
            "id": form_id,
            "type": "quiz",
            "title": f"Enquête {survey}",
            "fields": [score, COMMENT] if is_hidden else [score, COMMENT, EMAIL],
            **({"hidden": ["email", "order"]} if is_hidden else {}),
            "_links": {"display": f"https://boutique.typeform.com/to/{form_id}"},
        }

    def responses(self, request: Request, now: datetime) -> Item:
        """The responses to a form: newest first, or next to a token."""
        form_id = _form(request)
        size = _page_size(request)
        types = request.query_params.get("response_type", "completed").split(",")
        there = [(token, one) for token, one in self.answers[form_id] if _is_there(one, now)]
        found = [(token, one) for token, one in there if _type(one) in types]
        beside = _beside(request, found)
        page = beside[:size]
        first = found.index(page[0]) if page else len(found)
        self.sandbox.requests.note("/forms/{form_id}/responses", first // size + 1, len(page))
        items = [_response(form_id, token, one) for token, one in page]
        return {"total_items": len(beside), "page_count": -(-len(beside) // size), "items": items}


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /typeform, with the paths of api.typeform.com."""
    api = Api(sandbox)
    paths: dict[str, Shown] = {"/forms/{form_id}": api.form, "/forms/{form_id}/responses": api.responses}
    return routed("", paths, partial(_answer, sandbox))


def _answer(sandbox: Sandbox, request: Request, shown: Shown) -> Response:
    """What the API shows now, or its refusal."""
    fault = sandbox.faults.take(request.url.path)
    try:
        _refuse(request, fault)
        return JSONResponse(_spoilt(shown(request, sandbox.now()), fault))
    except Refusal as refusal:
        return JSONResponse(refusal.body, refusal.status)


def _refuse(request: Request, fault: Fault | None) -> None:
    kind = fault.kind if fault else ""
    if kind == "429":
        raise Refusal(429, "TOO_MANY_REQUESTS", "Too many requests")
    if kind == "token_expired" or request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
        raise Refusal(401, "AUTHENTICATION_FAILED", "Authentication credentials not found on the Request Headers")


def _form(request: Request) -> str:
    form_id: str = request.path_params["form_id"]
    if form_id == PRIVATE_FORM:
        raise Refusal(403, "AUTHORIZATION_FAILED", "You don't have permission to access this form")
    if form_id not in SURVEYS:
        raise Refusal(404, "FORM_NOT_FOUND", f"Non existing form with uid {form_id}")
    return form_id


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(DEFAULT_ROWS))
    if not text.isdigit() or not 1 <= int(text) <= MOST_ROWS:
        raise Refusal(400, "VALIDATION_ERROR", f"page_size must be a number between 1 and {MOST_ROWS}")
    return int(text)


def _beside(request: Request, found: list[tuple[str, Answer]]) -> list[tuple[str, Answer]]:
    """What lies before or after a token in time, the token itself left out."""
    before, after = request.query_params.get("before"), request.query_params.get("after")
    if (before or after) and "sort" in request.query_params:
        raise Refusal(400, "VALIDATION_ERROR", "sort cannot be used together with before or after")
    tokens = [token for token, _ in found]
    if any(one and one not in tokens for one in (before, after)):
        raise Refusal(400, "VALIDATION_ERROR", "unknown token")
    first = tokens.index(before) + 1 if before else 0
    return found[first : tokens.index(after) if after else None]


def _is_there(answer: Answer, now: datetime) -> bool:
    return answer.happened_at <= now and (answer.deleted_at is None or answer.deleted_at > now)


def _token(answer: Answer) -> str:
    return hashlib.md5(answer.answer_id.encode(), usedforsecurity=False).hexdigest()


def _type(answer: Answer) -> str:
    return "partial" if answer.score is None else "completed"


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _response(form_id: str, token: str, answer: Answer) -> Item:
    """An item of the responses: without what was not answered, with everything that a visit leaves."""
    said = [_said(COMMENT, "text", answer.comment)] if answer.comment else []
    if answer.score is not None:
        said.insert(0, _scored(answer, answer.score))
    hidden = {"email": answer.email, "order": "1001"} if form_id == NPS_FORM else {}
    if not hidden and answer.email:
        said.append(_said(EMAIL, "email", answer.email))
    return {
        "landing_id": token,
        "token": token,
        "response_id": token,
        "response_type": _type(answer),
        "landed_at": _instant(answer.happened_at - TAKES),
        "submitted_at": NOT_SUBMITTED if answer.score is None else _instant(answer.happened_at),
        "metadata": {
            "user_agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
            "platform": "other",
            "referer": f"https://boutique.typeform.com/to/{form_id}",
            "network_id": "5f1c0e7e49",
            "browser": "default",
        },
        "hidden": hidden,
        "calculated": {"score": 0},
        "answers": said,
        "variables": [{"key": "score", "type": "number", "number": 0}],
    }


def _scored(answer: Answer, score: float) -> Item:
    """The score as the question asked for it then: by yes or no, or under the names of before it was made anew."""
    question = SCORE[answer.survey]
    if answer.asked_as == "yes_no":
        return _said(question | {"type": "yes_no"}, "boolean", score >= SATISFIED)
    if answer.asked_as == "former":
        question = question | {"id": "oldScore0001", "ref": "old_score"}
    return _said(question, "number", score)


def _said(question: Item, kind: str, value: Any) -> Item:
    return {"field": {name: question[name] for name in ("id", "ref", "type")}, "type": kind, kind: value}


def _spoilt(body: Item, fault: Fault | None) -> Item:
    """The same answer with every response as the fault wants it."""
    kind = fault.kind if fault else ""
    return body | {"items": [_spoilt_item(one, kind) for one in body["items"]]} if "items" in body else body


def _spoilt_item(item: Item, kind: str) -> Item:
    """A response with a field more or less, a new name for what it is, or numbers as words."""
    if kind == "missing_column":
        return {name: value for name, value in item.items() if name != MISSING}
    if kind == "changed_type":
        for answer in item["answers"]:
            answer |= {"type": "choice", "choice": {"label": "top"}} if answer["type"] == "number" else {}
    return item | {"new_column": NEW_FIELD, "renamed_enum": NEW_NAME}.get(kind, {})
