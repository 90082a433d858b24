"""Runs a query of a stranger over the published file, within bounds of time, memory and length."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.bounded_query import SECONDS
from dashboard.published import opened
from pipelines.connector import ConnectorError


class QueryRefused(ConnectorError):
    """The query does what is not allowed, is wrong, or takes too much; the message says which."""


def run_query(marts: Path, query: str) -> dict[str, Any]:
    """Columns and rows of the answer, and whether there are more. Raises `QueryRefused`."""
    command = [sys.executable, "-I", "-m", "app.bounded_query", str(marts)]
    with opened(marts):  # says what to do where there is none
        pass
    try:
        ended = subprocess.run(command, input=query.encode(), capture_output=True, timeout=SECONDS, env={}, check=False)
    except subprocess.TimeoutExpired:
        raise QueryRefused(f"The query took longer than {SECONDS} seconds: ask for less.") from None
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        raise QueryRefused("The query took too much memory or time: ask for less.") from None
    if "refused" in answer:
        raise QueryRefused(answer["refused"])
    return answer
