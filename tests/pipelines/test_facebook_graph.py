"""How Facebook's errors, limits and lists are read, over a real socket, with Facebook's own client."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from pipelines.connector import AccessRefused, ConnectorError, CredentialRefused, QuotaExhausted
from pipelines.listing import ListingRefused
from pipelines.retry import ATTEMPTS, VendorBusy
from pipelines.sources.facebook.graph import Graph, ObjectGone
from pipelines.sources.facebook.limits import used_of_limits
from sandbox.events import AdAccount, CustomAudience, Page, World
from sandbox.server import Running, running
from sandbox.vendors.facebook.ads import AdsDesk
from sandbox.vendors.facebook.graph import Call, GraphError, Row

NOW = datetime(2026, 3, 12, 9, tzinfo=UTC)
AUDIENCES = ("act_1001", "customaudiences")


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    day = date(2026, 3, 12)
    world = World(
        day,
        day,
        ad_accounts=[AdAccount("1001", "Boutique", "EUR", "Europe/Paris")],
        custom_audiences=[CustomAudience(f"26{number}", "1001", "Panier", NOW) for number in range(10, 20)],
        pages=[Page("2001", "Boutique", 1000, 900)],
    )
    with running(world, NOW) as sandbox:
        yield sandbox


@pytest.fixture
def facebook(served: Running) -> Running:
    served.sandbox.faults.clear()
    served.sandbox.requests.clear()
    return served


@pytest.fixture
def graph(facebook: Running) -> Graph:
    return Graph(f"{facebook.base_url}/facebook", "sandbox-token", "a-secret", "Do this.")


def test_a_list_goes_on_through_short_pages_to_its_end(graph: Graph, facebook: Running) -> None:
    pages = [[row["id"] for row in page] for page in graph.pages(*AUDIENCES, limit=10)]
    assert pages == [["2610", "2611", "2612"], ["2613", "2614", "2615"], ["2616", "2617", "2618"], ["2619"]]


def test_an_empty_page_is_no_end(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = AdsDesk.answer

    def with_an_empty_page(desk: AdsDesk, call: Call) -> Row:
        answer = whole(desk, call)
        return answer if "after" in call.params else answer | {"data": []}

    monkeypatch.setattr(AdsDesk, "answer", with_an_empty_page)
    assert [len(page) for page in graph.pages(*AUDIENCES, limit=16)] == [0, 4, 2]


def test_a_list_holds_as_many_rows_as_the_vendor_counts(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = list(graph.pages(*AUDIENCES, limit=10, summary="total_count"))
    assert [len(page) for page in counted] == [3, 3, 3, 1]
    whole = AdsDesk.answer

    def shrunk(desk: AdsDesk, call: Call) -> Row:
        answer = whole(desk, call)
        return answer if "after" in call.params else answer | {"data": answer["data"][:1]}

    monkeypatch.setattr(AdsDesk, "answer", shrunk)
    with pytest.raises(ListingRefused, match="gave 8 rows, but is said to have 10"):
        list(graph.pages(*AUDIENCES, limit=10, summary="total_count"))


def test_a_page_that_is_too_large_is_asked_for_in_halves(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = AdsDesk.answer

    def overwhelmed(desk: AdsDesk, call: Call) -> Row:
        if int(call.params["limit"]) > 4:
            raise GraphError(1, "Please reduce the amount of data you're asking for, then retry your request")
        return whole(desk, call)

    monkeypatch.setattr(AdsDesk, "answer", overwhelmed)
    assert sum(len(page) for page in graph.pages(*AUDIENCES, limit=16)) == 10


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("429", r"\(#17\) User request limit reached"),
        ("500", r"gave an answer that is not whole \(HTTP 500\)"),
        ("502_html", r"gave an answer that is not whole \(HTTP 502\)"),
        ("429_gateway", r"gave an answer that is not whole \(HTTP 429\)"),
        ("reset", "did not answer"),
        ("truncated", "gave an answer that is not whole"),
    ],
)
def test_a_lasting_fault_is_named(graph: Graph, facebook: Running, kind: str, said: str) -> None:
    facebook.fault("/customaudiences$", kind, times=100)
    with pytest.raises(VendorBusy, match="Facebook: act_1001/customaudiences.*" + said):
        graph.get(*AUDIENCES)
    assert len(facebook.requests()) == ATTEMPTS


def test_a_spent_quota_says_when_it_returns(graph: Graph, facebook: Running) -> None:
    facebook.fault("/customaudiences$", "quota_gone")
    with pytest.raises(QuotaExhausted, match="answers again in 42 minutes"):
        graph.get(*AUDIENCES)


def test_the_highest_share_of_each_limit_is_told_and_an_unreadable_one_is_not() -> None:
    of_page = '{"3001": [{"type": "pages", "call_count": 1, "total_cputime": 45, "total_time": 3}]}'
    app = '{"call_count": 28, "total_cputime": 25, "total_time": 25}'
    said = used_of_limits({"X-App-Usage": app, "X-Business-Use-Case-Usage": of_page})
    assert said == {"all calls of the app": "28 % used", "pages of 3001": "45 % used"}
    assert used_of_limits({"X-App-Usage": "soon"}) == used_of_limits({"X-App-Usage": '{"calls": 1}'}) == {}


@pytest.mark.parametrize(("code", "error"), [
    (2, VendorBusy), (4, VendorBusy), (32, VendorBusy), (341, VendorBusy), (613, VendorBusy), (80014, VendorBusy),
    (10, AccessRefused), (102, CredentialRefused), (190, CredentialRefused), (200, AccessRefused), (299, AccessRefused),
    (3018, ConnectorError),
])  # fmt: skip
def test_each_code_is_an_error_of_its_kind(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, code: int, error: type[ConnectorError]
) -> None:
    def refuse(desk: AdsDesk, call: Call) -> Row:
        raise GraphError(code, "Of https://graph.facebook.com/x?access_token=sandbox-token&limit=1 with sandbox-token")

    monkeypatch.setattr(AdsDesk, "answer", refuse)
    with pytest.raises(ConnectorError, match="Of https://") as raised:
        graph.get("act_1001")
    assert type(raised.value) is error
    assert "sandbox-token" not in str(raised.value)
    assert ("Do this." in str(raised.value)) == issubclass(error, AccessRefused)


def test_what_is_not_there_is_named(graph: Graph) -> None:
    with pytest.raises(ObjectGone, match=r"act_77.*does not exist, cannot be loaded due to missing permissions"):
        graph.get("act_77")


def test_a_version_that_ended_asks_for_an_upgrade(facebook: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.sources.facebook.graph.API_VERSION", "v24.0")
    graph = Graph(f"{facebook.base_url}/facebook", "sandbox-token", None, "Do this.")
    with pytest.raises(ConnectorError, match=r"the API version v24\.0 ended: upgrade Parcours"):
        graph.get("act_1001")


def test_the_token_and_the_secret_are_in_no_address(
    graph: Graph, facebook: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    facebook.fault("/customaudiences$", "429")
    graph.get(*AUDIENCES)
    assert "customaudiences" in caplog.text
    assert "sandbox-token" not in caplog.text
    assert "a-secret" not in caplog.text
