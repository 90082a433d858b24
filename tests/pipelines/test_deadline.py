"""A source's time: what waits, calls and writes do when it is over."""

import time
from threading import Event

import pytest

from pipelines import deadline
from pipelines.connector import BudgetSpent
from pipelines.deadline import Budget, supervised
from pipelines.retry import VendorBusy, retrying


def test_without_a_budget_nothing_ends() -> None:
    assert deadline.remaining() == float("inf")
    deadline.check()
    deadline.sleep(0.01)


def test_a_block_within_a_block_keeps_the_shorter_time() -> None:
    with deadline.budget("ecb", 5), deadline.budget("ecb", 60):
        assert 4 < deadline.remaining() <= 5
    assert deadline.remaining() == float("inf")


def test_a_spent_budget_names_the_source_and_the_setting() -> None:
    with deadline.budget("mailchimp", 0), pytest.raises(BudgetSpent, match=r"mailchimp .* source_minutes"):
        deadline.check()


def test_a_busy_vendor_is_not_waited_for_beyond_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_RETRY_PATIENCE", "1")

    def busy() -> None:
        raise VendorBusy("busy", 30)

    started = time.monotonic()
    with deadline.budget("brevo", 2), pytest.raises(BudgetSpent):
        retrying(busy)
    assert time.monotonic() - started < 1


def test_a_load_that_hangs_is_left_behind_and_writes_nothing_any_more() -> None:
    answered, written, ended = Event(), Event(), Event()

    def load() -> None:
        answered.wait()  # a client library that knows of no budget
        try:
            with deadline.writing():
                written.set()
        finally:
            ended.set()

    started = time.monotonic()
    with pytest.raises(BudgetSpent):
        supervised(Budget("stripe", 0.2), load, margin=0.1)
    assert time.monotonic() - started < 2
    answered.set()
    assert ended.wait(5)
    assert not written.is_set()


def test_a_write_that_has_begun_is_waited_for() -> None:
    def load() -> str:
        with deadline.writing():
            time.sleep(0.5)
        return "whole"

    assert supervised(Budget("stripe", 0.1), load, margin=0.1) == "whole"


def test_what_a_load_gives_or_raises_comes_through() -> None:
    assert supervised(Budget("stripe", 5), lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        supervised(Budget("stripe", 5), lambda: 1 / 0)
