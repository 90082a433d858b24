"""The one place that says how often and how patiently a busy vendor is asked again."""

import logging
import os
from collections.abc import Callable
from typing import Any, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from pipelines import deadline
from pipelines.connector import ConnectorError

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class VendorBusy(ConnectorError):
    """A passing fault (rate limit, 5xx, lost connection); `wait_seconds` is the vendor's own advice, if it gave one."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


def patience() -> float:
    """Scales every wait: 1 against real vendors; tests and the demo set `PARCOURS_RETRY_PATIENCE` lower."""
    return float(os.environ.get("PARCOURS_RETRY_PATIENCE", "1"))


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    advised = error.wait_seconds if isinstance(error, VendorBusy) else None
    backoff = wait_exponential_jitter(initial=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS)(state)
    return patience() * min(LONGEST_WAIT_SECONDS, backoff if advised is None else max(advised, 0.1))


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0
    log.warning("%s; asking again in %.1f s (%d of %d)", error, wait, state.attempt_number, ATTEMPTS)


def retrying(call: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
    """Call, and call again while the vendor is busy; the last `VendorBusy` is raised when patience ends.

    Ends with `BudgetSpent` when the source's time is over.
    """
    policy = Retrying(
        retry=retry_if_exception_type(VendorBusy),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        before_sleep=_say,
        sleep=deadline.sleep,
        reraise=True,
    )
    return policy(call, *args, **kwargs)
