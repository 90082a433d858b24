"""When Facebook's tokens expire: asked of the vendor over a real socket, told in days, and of no weight for a load."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.connector import CredentialRefused
from pipelines.credentials import ExpiryUnknown, expiry
from pipelines.expiry import Expiry
from pipelines.load import LoadResult, load
from pipelines.plan import Asked
from pipelines.registry import CONNECTORS
from pipelines.sources.facebook_ads import FacebookAdsOptions
from pipelines.sources.facebook_page import FacebookPageOptions
from sandbox.events import AdAccount, Page, Post, World
from sandbox.server import Running, running
from sandbox.vendors.facebook import tokens as vendor
from sandbox.vendors.facebook.graph import GraphError
from tests.adversary.proxy import Proxy, proxied
from tests.aiming import aim

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 13, 9, tzinfo=UTC)
ENDS_AT = datetime(2026, 4, 5, 9, tzinfo=UTC)  # 23 days after the vendor began, 60 after it was issued
OPTIONS = {
    "facebook_ads": FacebookAdsOptions(accounts=["1001"]),
    "facebook_page": FacebookPageOptions(pages=["2001"], metrics=[]),
}
FIGURES = "select page_id, followers_count from raw_facebook_page.pages"
EXPIRES = "select source, expires_on from raw_parcours.credentials order by 1"


@pytest.fixture
def served() -> Iterator[Running]:
    world = World(
        date(2026, 3, 2),
        date(2026, 3, 12),
        ad_accounts=[AdAccount("1001", "Boutique", "EUR", "Europe/Paris")],
        pages=[Page("2001", "Boutique", 1000, 900)],
        posts=[Post("2001_1", "2001", datetime(2026, 3, 5, 12, tzinfo=UTC), "Actualité", None)],
    )
    with running(world, NOW) as sandbox:
        yield sandbox


@pytest.fixture
def proxy(served: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the product and the vendor: it keeps each call as it was sent, with what it holds of secrets."""
    aim(served, monkeypatch)
    with proxied(served.base_url, "facebook_page") as found:
        for source in OPTIONS:
            monkeypatch.setenv(f"SOURCES__{source.upper()}__BASE_URL", f"{found.url}/facebook")
        yield found


def told(source: str) -> Expiry | None:
    return expiry(CONNECTORS[source], OPTIONS[source])


def pull(folder: Path, served: Running, as_of: datetime = NOW, source: str = "facebook_page") -> LoadResult:
    served.set_clock(as_of)
    asked = Asked(date(2026, 3, 12), as_of, PARIS, date(2026, 3, 2))
    return load(CONNECTORS[source], OPTIONS[source], folder / "warehouse.duckdb", folder / "state", asked)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def asked_of(proxy: Proxy) -> list[str]:
    return [call.request.target.split("?")[0].removeprefix("/facebook/v26.0") for call in proxy.calls]


def test_a_persons_token_has_an_end_and_a_system_users_has_none(proxy: Proxy) -> None:
    assert told("facebook_page") == Expiry(ENDS_AT)
    assert told("facebook_ads") == Expiry(None)


def test_where_access_to_data_ends_first_that_is_told(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__ACCESS_TOKEN", f"{vendor.OF_PAGE}2001")
    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__APP_SECRET", vendor.APP_SECRET)
    found = told("facebook_page")
    assert found == Expiry(datetime(2026, 5, 5, 9, tzinfo=UTC), "the token's access to data")  # 90 days after the issue


@pytest.mark.parametrize(
    ("now", "said", "warns"),
    [
        ("2026-03-13T10:00:00+01:00", "token valid, 23 days left (until 2026-04-05)", False),
        ("2026-03-22T23:59:00+01:00", "token valid, 14 days left (until 2026-04-05)", False),
        ("2026-03-23T00:00:00+01:00", "token valid, 13 days left (until 2026-04-05)", True),
        ("2026-04-04T00:00:00+02:00", "token valid, 1 day left (until 2026-04-05)", True),
        ("2026-04-05T10:59:00+02:00", "token valid, 0 days left (until 2026-04-05)", True),
        ("2026-04-05T11:00:00+02:00", "token expired on 2026-04-05", True),
    ],
)
def test_days_left_are_those_of_the_business(now: str, said: str, warns: bool) -> None:
    here = datetime.fromisoformat(now)
    assert Expiry(ENDS_AT).told(here) == said
    assert Expiry(ENDS_AT).warning(here, "do this.") == (f"{said}. To renew it: do this." if warns else "")
    assert Expiry(None).told(here) == "token valid, never expires"
    assert Expiry(None).warning(here, "do this.") == ""


def test_a_load_keeps_the_day_and_warns_in_time(proxy: Proxy, served: Running, tmp_path: Path) -> None:
    assert pull(tmp_path, served).warnings == []
    pull(tmp_path, served, source="facebook_ads")
    assert rows(tmp_path, EXPIRES) == [("facebook_ads", None), ("facebook_page", date(2026, 4, 5))]
    (warning,) = pull(tmp_path, served, datetime(2026, 3, 27, 9, tzinfo=UTC)).warnings
    assert warning.startswith("facebook_page: token valid, 9 days left (until 2026-04-05). To renew it: Give SOURCES__")
    assert rows(tmp_path, EXPIRES) == [("facebook_ads", None), ("facebook_page", date(2026, 4, 5))]


def test_an_expired_token_is_refused_with_the_way_to_renew_it_and_its_day_stays(
    proxy: Proxy, served: Running, tmp_path: Path
) -> None:
    pull(tmp_path, served)
    before = rows(tmp_path, FIGURES)
    with pytest.raises(CredentialRefused, match=r"expired on Sunday, 05-Apr-26.*FACEBOOK_PAGE__ACCESS_TOKEN a token"):
        pull(tmp_path, served, datetime(2026, 4, 6, 9, tzinfo=UTC))
    assert rows(tmp_path, FIGURES) == before
    assert rows(tmp_path, EXPIRES) == [("facebook_page", date(2026, 4, 5))]


def test_the_app_says_so_too_of_a_token_that_is_over(
    proxy: Proxy, served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked by the app it is no error of the vendor's, but a token that is not valid."""
    monkeypatch.setattr(vendor.Tokens, "check", lambda *_: None)
    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__APP_SECRET", vendor.APP_SECRET)
    served.set_clock(datetime(2026, 4, 6, 9, tzinfo=UTC))
    with pytest.raises(CredentialRefused, match="is not valid: Error validating access token: Session has expired on"):
        told("facebook_page")


def test_without_a_role_in_the_app_the_app_itself_is_asked_where_its_secret_is_known(
    proxy: Proxy, served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(vendor, "HAVE_A_ROLE", set())
    assert pull(tmp_path, served).rows["pages"] == 1
    assert rows(tmp_path, EXPIRES) == [("facebook_page", None)]
    assert "You must provide an app access token" in caplog.text
    assert "Set SOURCES__FACEBOOK_PAGE__APP_SECRET, and the app itself asks." in caplog.text
    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__APP_SECRET", vendor.APP_SECRET)
    proxy.calls.clear()
    pull(tmp_path, served)
    assert rows(tmp_path, EXPIRES) == [("facebook_page", date(2026, 4, 5))]
    assert asked_of(proxy)[:2] == ["/app", "/debug_token"]


@pytest.mark.parametrize("kind", ["429", "500", "502_html", "timeout", "reset", "truncated", "quota_gone"])
def test_a_question_that_fails_costs_nothing_else(
    proxy: Proxy, served: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    pull(tmp_path, served)
    before = rows(tmp_path, FIGURES)
    served.fault("/debug_token$", kind, times=100, seconds=0.01)
    assert pull(tmp_path, served).refused == []
    assert rows(tmp_path, FIGURES) == before
    assert rows(tmp_path, EXPIRES) == [("facebook_page", None)]
    assert "facebook_page: when its credential expires is not known: Facebook: debug_token" in caplog.text


def test_a_vendor_that_is_slow_to_say_is_not_waited_for(
    proxy: Proxy, served: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.credentials.ASKING_SECONDS", 0.2)
    served.fault("/debug_token$", "slow", times=100, seconds=3)
    assert pull(tmp_path, served).rows["pages"] == 1
    assert "is not known: the vendor did not answer in time" in caplog.text


@pytest.mark.parametrize("changed", [
    {"is_valid": None}, {"is_valid": "true"}, {"expires_at": None}, {"expires_at": "1775379600"}, {"expires_at": -1},
    {"expires_at": True}, {"expires_at": 10**12}, {"data_access_expires_at": 1.5}, {"data_access_expires_at": {}},
])  # fmt: skip
def test_what_is_no_answer_is_taken_for_none(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    honest = vendor.Tokens._told
    monkeypatch.setattr(vendor.Tokens, "_told", lambda desk, token: honest(desk, token) | changed)
    with pytest.raises(ExpiryUnknown, match="is not known: Facebook: debug_token"):
        told("facebook_page")


def test_what_the_vendor_quotes_is_told_without_the_token(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the app asks, the token asked about is not the one that is sent."""

    def quoting(desk: vendor.Tokens, token: str) -> None:
        raise GraphError(200, f"Of {token}, with {vendor.APP_ID}|{vendor.APP_SECRET}")

    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__APP_SECRET", vendor.APP_SECRET)
    monkeypatch.setattr(vendor.Tokens, "_told", quoting)
    with pytest.raises(ExpiryUnknown, match=r"Of …, with …") as unknown:
        told("facebook_page")
    assert vendor.USER_TOKEN not in f"{unknown.value}{caplog.text}"


def test_the_token_is_in_no_address_and_in_no_log(
    proxy: Proxy, served: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("SOURCES__FACEBOOK_PAGE__APP_SECRET", vendor.APP_SECRET)
    pull(tmp_path, served)
    served.fault("/debug_token$", "token_expired", times=100)
    pull(tmp_path, served)
    assert asked_of(proxy).count("/debug_token") == 2
    written = "\n".join([call.request.target for call in proxy.calls] + [caplog.text])
    for secret in (vendor.USER_TOKEN, vendor.APP_SECRET, "input_token"):
        assert secret not in written
