"""Paths to what is shown under them, for vendors whose every path is refused and answered in one way."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response

Shown = TypeVar("Shown")


def routed(prefix: str, paths: Mapping[str, Shown], answer: Callable[[Request, Shown], Response]) -> APIRouter:
    """A route per path, answered by `answer` with what the path shows."""
    routes = APIRouter(prefix=prefix)
    for path, shown in paths.items():
        routes.add_api_route(path, _endpoint(answer, shown))
    return routes


def _endpoint(answer: Callable[[Request, Shown], Response], shown: Shown) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return answer(request, shown)

    return endpoint
