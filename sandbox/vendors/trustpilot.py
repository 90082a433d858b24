"""Trustpilot's public API (https://developers.trustpilot.com/business-units-api): a business unit and its reviews.

A page beyond the last one is empty. Reported reviews come only when they are asked for; which ones were reported
follows from their ids, as the world does not say. An edited review stays where it was, with other stars; a removed one
is gone. The bodies of errors are not documented: only their status counts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox.events import Person, Review
from sandbox.state import Sandbox

API_KEY = "sandbox-key"
ENVIRONMENT = {"SOURCES__TRUSTPILOT__BASE_URL": "{url}", "SOURCES__TRUSTPILOT__API_KEY": API_KEY}
UNIT = "507f191e810c19729de860ea"
DEFAULT_ROWS, MOST_ROWS, MOST_REVIEWS = 20, 100, 100_000
REPORTED_OF, REPORTED_AFTER = 7, timedelta(hours=1)  # one of so many reviews is reported, so long after it was written
MISSING = "stars"  # what the fault `missing_column` takes out
# What the other faults put in.
SPOILS: Mapping[str, dict[str, Any]] = {
    "new_column": {"mood": "sunny"},
    "changed_type": {"stars": "five"},
    "renamed_enum": {"status": "published"},
}
REPORT = {"source": "Trustpilot", "reason": "consumer_is_competitor", "reviewVisibility": "visible"}
NAMED = {"id": UNIT, "identifyingName": "boutique.example", "displayName": "La boutique"}

Row = dict[str, Any]


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /trustpilot, with the paths of api.trustpilot.com."""
    routes = APIRouter(prefix="/v1/business-units")
    people = {person.person_id: person for person in sandbox.world.people}

    @routes.get("/{unit}")
    def business_unit(request: Request, unit: str) -> JSONResponse:
        return _refusal(sandbox, request, unit) or JSONResponse(_unit(_shown(sandbox), sandbox.now()))

    @routes.get("/{unit}/reviews")
    def reviews(request: Request, unit: str) -> JSONResponse:
        return _refusal(sandbox, request, unit) or _listed(sandbox, request, people)

    return routes


def _refusal(sandbox: Sandbox, request: Request, unit: str) -> JSONResponse | None:
    fault = sandbox.faults.take(request.url.path)
    request.state.fault = fault.kind if fault else ""
    given = request.headers.get("apikey") or request.query_params.get("apikey")
    if given != API_KEY or request.state.fault == "token_expired":
        return JSONResponse({"message": "Invalid ApiKey"}, 401)
    if request.state.fault == "429":
        return JSONResponse({"message": "Too many requests"}, 429)
    return None if unit == UNIT else JSONResponse({"message": "Business unit was not found"}, 404)


def _shown(sandbox: Sandbox) -> list[Review]:
    """The reviews that are public now."""
    now = sandbox.now()
    return [
        review
        for review in sandbox.world.reviews
        if review.platform == "trustpilot"
        and review.created_at <= now
        and (review.removed_at is None or review.removed_at > now)
    ]


def _unit(shown: list[Review], now: datetime) -> Row:
    stars = [_stars(review, now) for review in shown]
    mean = round(sum(stars) / len(stars), 1) if stars else 0
    names = ("oneStar", "twoStars", "threeStars", "fourStars", "fiveStars")
    counts: Row = {name: stars.count(number) for number, name in enumerate(names, start=1)}
    return {
        "id": UNIT,
        "displayName": NAMED["displayName"],
        "name": {"identifying": NAMED["identifyingName"], "referring": [NAMED["identifyingName"]]},
        "websiteUrl": "https://boutique.example",
        "country": "FR",
        "numberOfReviews": {"total": len(stars), "usedForTrustScoreCalculation": len(stars)} | counts,
        "status": "active",
        "score": {"stars": round(mean * 2) / 2, "trustScore": mean},
        "links": [],
    }


def _listed(sandbox: Sandbox, request: Request, people: Mapping[int, Person]) -> JSONResponse:
    page, rows = _number(request, "page", 1), _number(request, "perPage", DEFAULT_ROWS)
    if page < 1 or not 1 <= rows <= MOST_ROWS:
        return JSONResponse({"message": f"perPage must be between 1 and {MOST_ROWS}"}, 400)
    if request.state.fault == "repeat_page":
        page = max(1, page - 1)
    now = sandbox.now()
    found = [one for one in _shown(sandbox) if _wanted(request, one, now)]
    key, _, direction = request.query_params.get("orderBy", "createdat.desc").partition(".")
    found.sort(
        key=lambda one: (_stars(one, now), one.created_at) if key == "stars" else (one.created_at, one.review_id),
        reverse=direction != "asc",
    )
    found = found[:MOST_REVIEWS][(page - 1) * rows : page * rows]
    sandbox.requests.note("/business-units/{unit}/reviews", page, len(found))
    items = [_spoilt(_review(one, people, now), request.state.fault) for one in found]
    return JSONResponse({"links": [], "reviews": items})


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    return int(text) if text.isdigit() else 0


def _wanted(request: Request, review: Review, now: datetime) -> bool:
    """With the reported ones only where they are asked for."""
    return not _is_reported(review, now) or request.query_params.get("includeReportedReviews") == "true"


def _is_reported(review: Review, now: datetime) -> bool:
    return crc32(review.review_id.encode()) % REPORTED_OF == 0 and review.created_at + REPORTED_AFTER <= now


def _is_edited(review: Review, now: datetime) -> bool:
    return review.edited_at is not None and review.edited_at <= now


def _stars(review: Review, now: datetime) -> int:
    return review.edited_stars if review.edited_stars is not None and _is_edited(review, now) else review.stars


def _written(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _review(review: Review, people: Mapping[int, Person], now: datetime) -> Row:
    person, stars = people.get(review.person_id), _stars(review, now)
    written = _written(review.created_at)
    return {
        "links": [],
        "id": review.review_id,
        "consumer": {
            "links": [],
            "id": f"{review.person_id:024x}",
            "displayName": f"{person.first_name} {person.last_name}" if person else "Somebody",
            "displayLocation": "Lyon, FR",
            "numberOfReviews": 3,
        },
        "businessUnit": NAMED | {"links": []},
        "location": None,
        "stars": stars,
        "title": review.text,
        "text": review.text,
        "language": "fr",
        "createdAt": written,
        "experiencedAt": written,
        "updatedAt": _written(review.edited_at) if _is_edited(review, now) else None,
        "companyReply": {"text": "Merci", "createdAt": written, "updatedAt": None} if stars < 3 else None,
        "isVerified": review.stars > 1,
        "reviewVerificationLevel": "invited" if review.stars > 1 else "not-verified",
        "numberOfLikes": 0,
        "status": "active",
        "reportData": REPORT if _is_reported(review, now) else None,
        "complianceLabels": [],
        "countsTowardsTrustScore": True,
    }


def _spoilt(row: Row, fault: str) -> Row:
    if fault == "missing_column":
        return {name: value for name, value in row.items() if name != MISSING}
    return row | SPOILS.get(fault, {})
