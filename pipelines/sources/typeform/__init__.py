"""Typeform: responses to surveys on recommending (NPS) and on satisfaction (CSAT).

https://www.typeform.com/developers/responses/. dlt's REST client rather than its configured resources: each form has
its own question, respondent and scale, and a form that was deleted leaves the others alone.
"""

from collections.abc import Iterator
from typing import Any

import dlt
import pyarrow as pa
import requests
from dlt.extract.resource import DltResource
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BaseReferencePaginator
from pydantic import Field, field_validator

from pipelines.connector import AccessRefused, Connector, CredentialRefused, Gone, Options, Plan, Scope, Table, columns
from pipelines.http import session
from pipelines.listing import Guarded, selector
from pipelines.sources.typeform.answers import (
    KEPT,
    SCALES,
    Form,
    NoSuchQuestion,
    kept,
    names,
    refuse_unanswered,
    tell_recreated,
)

BASE_URL = "https://api.typeform.com"
AS_NOW = 1  # asked whole every time; the vendor may hold back the last half an hour
MOST_ROWS = 1000  # in one page
KINDS = {"nps_responses": "nps", "csat_responses": "csat"}
FEEDS = {"nps_answers": ("nps_responses",), "csat_answers": ("csat_responses",)}
ADVICE = (
    "Create a personal token in Typeform (Account > Personal tokens) with the scopes forms:read and responses:read, "
    "and set SOURCES__TYPEFORM__ACCESS_TOKEN to it. An account in the EU data centre also needs "
    "SOURCES__TYPEFORM__BASE_URL=https://api.eu.typeform.com."
)

Row = dict[str, Any]

# In each row, since the scale of a form is a setting, which models do not see.
SCALE: dict[str, pa.DataType] = {"satisfied_from": pa.float64(), "neutral": pa.float64()}


def _table(**scale: pa.DataType) -> Table:
    """Each form's responses, replaced whole: what was deleted at the vendor vanishes here."""
    return Table(
        columns("form_id", *KEPT, "respondent_key", answer=pa.float64(), **scale),
        key=("form_id", "token"),
        kind="slices",
        slice_by=("form_id",),
        reread_days=AS_NOW,
        emails={"respondent_key": "respondent"},
        no_time="0001-01-01T00:00:00Z",  # of a response that was not submitted
        required=("response_type", "submitted_at"),  # not the answers: somebody may have skipped every question
        enums={"response_type": frozenset({"started", "partial", "completed"})},
        dated_by=("submitted_at",),
    )


TABLES = {"nps_responses": _table(), "csat_responses": _table(**SCALE)}


class TypeformOptions(Options):
    """`forms`: the surveys to read. `page_rows`: how many responses a page holds."""

    forms: list[Form] = Field(min_length=1)
    page_rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS)

    @field_validator("forms")
    @classmethod
    def _are_different(cls, forms: list[Form]) -> list[Form]:
        if len({form.id for form in forms}) < len(forms):
            raise ValueError("a form is named twice; name each once")
        return forms

    def of(self, table: str) -> list[Form]:
        """The forms whose responses a table holds."""
        return [form for form in self.forms if form.kind == KINDS[table]]

    def gives(self, entity: str) -> bool:
        """Answers of a kind that there is a form of."""
        return any(self.of(table) for table in FEEDS.get(entity, ()))


class Before(BaseReferencePaginator):
    """Goes back from the newest response, before the last one seen, until there is none.

    A page may be short without being the last, and `before` knows no other order.
    """

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        """The response to go on before."""
        self._next_reference = data[-1]["token"] if data else None

    def update_request(self, request: requests.Request) -> None:
        """Ask for the next page."""
        request.params["before"] = self._next_reference


@dlt.source(name="typeform", section="typeform", max_table_nesting=0)
def typeform(
    options: TypeformOptions,
    plan: Plan,
    access_token: dlt.TSecretStrValue = dlt.secrets.value,
    base_url: str = BASE_URL,
) -> Iterator[DltResource]:
    """Every completed response of every form."""
    api = _api(access_token, base_url)
    for table in KINDS:
        yield dlt.resource(_responses(api, options, plan, table), name=table)


def _responses(api: RESTClient, options: TypeformOptions, plan: Plan, table: str) -> Iterator[list[Row]]:
    # The vendor's choice of fields names questions by id alone, and would give nothing for a reference.
    asked = {"page_size": options.page_rows, "response_type": "completed"}
    for form in options.of(table):
        path = f"/forms/{form.id}/responses"
        guarded = Guarded(Before(), "typeform", "items", "total_items", key=("token",), total_is_first=True)
        pages = api.paginate(path, params=dict(asked), paginator=guarded, data_selector=selector("items"))
        try:
            responses = [response for page in pages for response in page]
            rows = [kept(form, response) for response in responses]
            refuse_unanswered(form, rows)
        except (Gone, NoSuchQuestion) as error:
            reason = f"typeform: form {form.id} {'does not exist' if isinstance(error, Gone) else error}"
            plan.fail(table, form.id, reason)
            plan.warn(f"{reason}; correct [[sources.typeform.forms]]. Its former responses stay.")
        except CredentialRefused:
            raise  # no form can be read with this token
        except AccessRefused as error:
            plan.fail(table, form.id, str(error))
            plan.warn(f"typeform: form {form.id} may not be read with this token. Its former responses stay.")
        else:
            tell_recreated(form, responses, plan, table)
            yield rows


def _api(access_token: str, base_url: str) -> RESTClient:
    if not access_token:
        raise AccessRefused(f"typeform: there is no access token. {ADVICE}")
    return RESTClient(base_url, auth=BearerTokenAuth(access_token), session=session("typeform", ADVICE))


def scopes(options: TypeformOptions, table: str) -> list[Scope]:
    """The forms of the table's kind; a kind without a form is not connected."""
    return [Scope(form.id) for form in options.of(table)]


def check(options: TypeformOptions) -> list[str]:
    """Each form's title and what of its settings it does not have."""
    access_token = dlt.secrets.get("sources.typeform.access_token", str) or ""
    api = _api(access_token, dlt.config.get("sources.typeform.base_url", str) or BASE_URL)
    return [line for form in options.forms for line in _checked(api, form)]


def _checked(api: RESTClient, form: Form) -> Iterator[str]:
    try:
        found: Row = api.get(f"/forms/{form.id}").json()
    except Gone:
        yield f"form {form.id} does not exist: correct [[sources.typeform.forms]] id"
        return
    yield f"form {form.id}, {found.get('title')}: {form.kind}"
    questions = {name: one for one in _questions(found) for name in names(one)}
    if form.question not in questions:
        yield f"form {form.id} has no question {form.question}: correct [[sources.typeform.forms]] question"
    elif form.kind == "nps" and not _is_nps(questions[form.question]):
        yield f"form {form.id}: question {form.question} is no scale from 0 to 10"
    elif questions[form.question].get("type") == "yes_no":
        yield f"form {form.id}: question {form.question} asks for yes or no: a yes is satisfied"
    elif questions[form.question].get("type") not in SCALES:
        yield f"form {form.id}: question {form.question} holds no score: name a rating, a scale, a number or a yes/no"
    if form.respondent not in ("", *questions, *(found.get("hidden") or ())):
        yield f"form {form.id} has no {form.respondent}: correct [[sources.typeform.forms]] respondent"


def _questions(holder: Row) -> Iterator[Row]:
    """The questions of a form, those in groups too."""
    for one in holder.get("fields") or ():
        yield one
        yield from _questions(one.get("properties") or {})


def _is_nps(question: Row) -> bool:
    scale = question.get("properties") or {}
    is_wide = scale.get("steps") == 11 and not scale.get("start_at_one")
    return question.get("type") == "nps" or (question.get("type") == "opinion_scale" and is_wide)


CONNECTOR = Connector(
    name="typeform",
    title="Typeform",
    tables=TABLES,
    options=TypeformOptions,
    source=typeform,
    scopes=scopes,
    lists="forms",
    account_columns=dict.fromkeys(TABLES, "form_id"),
    check=check,
    feeds=FEEDS,
    secrets=("access_token",),
    advice=ADVICE,
    permissions=("forms:read", "responses:read"),
    docs_url="https://www.typeform.com/developers/responses/",
)
