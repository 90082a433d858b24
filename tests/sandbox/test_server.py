"""The sandbox's server: clock, faults and request log, over real sockets."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import requests

from sandbox.events import Rate, World
from sandbox.faults import Fault, Faults
from sandbox.request_log import RequestLog
from sandbox.server import Running, running
from sandbox.state import Sandbox

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAILY = "/ecb/stats/eurofxref/eurofxref-daily.xml"


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    day = date(2026, 3, 2)
    with running(World(day, day, rates=[Rate(day, "USD", "1.1", NOON)]), NOON) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Running) -> Running:
    served.set_clock(NOON)
    served.sandbox.faults.clear()
    served.sandbox.requests.clear()
    return served


def get(sandbox: Running, path: str = DAILY) -> requests.Response:
    return requests.get(sandbox.base_url + path, timeout=5)


def test_the_clock_is_the_one_set_over_http(sandbox: Running) -> None:
    answer = requests.post(
        f"{sandbox.base_url}/_sandbox/clock", json={"now": "2026-03-01T09:30:00+02:00"}, timeout=5
    ).json()
    assert answer == {"now": "2026-03-01T07:30:00+00:00"}
    assert sandbox.sandbox.now() == datetime(2026, 3, 1, 7, 30, tzinfo=UTC)
    assert get(sandbox, "/_sandbox/clock").json() == answer


def test_vendors_answer_as_of_the_clock(sandbox: Running) -> None:
    assert 'currency="USD"' in get(sandbox).text
    sandbox.set_clock(NOON - timedelta(seconds=1))
    assert "currency=" not in get(sandbox).text


def test_a_clock_without_zone_is_refused(sandbox: Running) -> None:
    answer = requests.post(f"{sandbox.base_url}/_sandbox/clock", json={"now": "2026-03-01T09:30:00"}, timeout=5)
    assert answer.status_code == 422
    assert "has no zone" in answer.json()["detail"]


def test_without_a_set_clock_it_is_now() -> None:
    sandbox = Sandbox(World(date(2026, 1, 1), date(2026, 1, 1)))
    assert abs(sandbox.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fault_happens_as_often_as_declared_and_after_the_calls_that_went_well() -> None:
    faults = Faults()
    faults.add(Fault(path="/orders", kind="429", times=2, after=1))
    kinds = [fault.kind if (fault := faults.take("/shop/orders")) else None for _ in range(5)]
    assert kinds == [None, "429", "429", None, None]
    assert faults.pending() == []


def test_a_fault_of_another_path_or_kind_stays_pending() -> None:
    faults = Faults()
    faults.add(Fault(path="^/facebook/", kind="token_expired"))
    assert faults.take("/mailchimp/3.0/lists") is None
    assert faults.take("/facebook/v26.0/1001", {"429"}) is None
    assert len(faults.pending()) == 1


def test_faults_are_declared_and_dropped_over_http(sandbox: Running) -> None:
    controls = f"{sandbox.base_url}/_sandbox/faults"
    assert requests.post(controls, json={"path": "/ecb", "kind": "500", "times": 9}, timeout=5).status_code == 200
    assert get(sandbox).status_code == 500
    assert requests.get(controls, timeout=5).json()[0]["path"] == "/ecb"
    assert requests.delete(controls, timeout=5).status_code == 204
    assert get(sandbox).status_code == 200


@pytest.mark.parametrize("body", [{"path": "(", "kind": "500"}, {"path": "/", "kind": "flood"}])
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Running, body: dict[str, str]) -> None:
    assert requests.post(f"{sandbox.base_url}/_sandbox/faults", json=body, timeout=5).status_code == 422


def test_a_reset_closes_the_socket_in_mid_answer(sandbox: Running) -> None:
    sandbox.fault(DAILY, "reset")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(sandbox)
    assert get(sandbox).status_code == 200


def test_a_truncated_body_comes_with_the_length_of_the_cut(sandbox: Running) -> None:
    whole = get(sandbox)
    sandbox.fault(DAILY, "truncated")
    cut = get(sandbox)
    assert cut.status_code == 200
    assert int(cut.headers["content-length"]) == len(cut.content) == len(whole.content) // 2
    assert whole.content.startswith(cut.content)


def test_a_bad_gateway_answers_html(sandbox: Running) -> None:
    sandbox.fault(DAILY, "502_html")
    answer = get(sandbox)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


def test_a_timeout_keeps_an_impatient_client_waiting(sandbox: Running) -> None:
    sandbox.fault(DAILY, "timeout", seconds=0.5)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(sandbox.base_url + DAILY, timeout=0.1)


def test_a_slow_answer_is_whole(sandbox: Running) -> None:
    sandbox.fault(DAILY, "slow", seconds=0.3)
    started = time.monotonic()
    assert get(sandbox).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_the_log_holds_calls_in_order_without_secrets(sandbox: Running) -> None:
    get(sandbox, f"{DAILY}?access_token=hidden&since=2026-03-01")
    get(sandbox, "/ecb/nothing?apikey=hidden")
    calls = sandbox.requests()
    assert [(call.method, call.path, call.status) for call in calls] == [
        ("GET", DAILY, "200"),
        ("GET", "/ecb/nothing", "404"),
    ]
    assert calls[0].query == [("since", "2026-03-01")]
    assert "hidden" not in get(sandbox, "/_sandbox/requests").text


def test_the_log_is_emptied_over_http(sandbox: Running) -> None:
    get(sandbox)
    assert requests.delete(f"{sandbox.base_url}/_sandbox/requests", timeout=5).status_code == 204
    assert sandbox.requests() == []


def test_the_log_knows_how_many_pages_a_list_has_served() -> None:
    log = RequestLog()
    for page in (1, 2, 3):
        log.begin("GET", f"/lists/a/members?offset={page}")
        log.note("/lists/{list_id}/members", page=page, items=10)
    assert log.pages() == {"/lists/{list_id}/members": 3}


def test_the_framework_shows_no_pages_of_its_own(sandbox: Running) -> None:
    assert [get(sandbox, path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]


def test_two_sandboxes_do_not_share_a_clock(sandbox: Running) -> None:
    with running(World(date(2026, 1, 1), date(2026, 1, 1)), NOON + timedelta(days=1)) as other:
        assert other.base_url != sandbox.base_url
        assert (sandbox.sandbox.now(), other.sandbox.now()) == (NOON, NOON + timedelta(days=1))
