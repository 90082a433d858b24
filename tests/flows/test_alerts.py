"""What is told to whom when something is wrong: over real sockets, from published files that were altered."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date
from pathlib import Path
from typing import Any

import apprise
import pytest

from flows.alerts import tell
from flows.places import Places
from flows.refresh import Outcome
from flows.told import read
from pipelines.settings import Settings
from tests.flows.alerting_marts import publish
from tests.flows.test_unusual import calm
from tests.listening import mail_server, web_hook

URL = "PARCOURS_ALERT_URL"


class Told:
    """A business whose refreshes tell one web hook."""

    def __init__(self, folder: Path, lines: list[str], language: str) -> None:
        self.places = Places(folder)
        self.lines = lines
        self.said: list[str] = []
        business = {"name": "Ada", "history_start": date(2026, 1, 1)}
        alerts = {"to": [URL]}
        self.settings = Settings.model_validate(
            {"business": business, "alerts": alerts, "dashboard": {"language": language}}
        )

    def refresh(self, days: Sequence[float], also: str = "", **outcome: Any) -> list[str]:
        """The lines that are told after a refresh, sorted."""
        made = publish(self.places.marts, days, also)
        self.ended = Outcome(made, made.date(), made, published=["kpi_values"], **outcome)
        self.lines.clear()
        self.ended.undelivered += tell(self.settings, self.places, self.ended, self.said.append)
        return sorted(self.lines)


@contextmanager
def hooked(folder: Path, monkeypatch: pytest.MonkeyPatch, language: str = "en") -> Iterator[Told]:
    with web_hook() as (address, lines):
        monkeypatch.setenv(URL, address)
        yield Told(folder, lines, language)


WRONG = """
update source_health set status = 'failed', error = 'busy', days_behind = 3, api_days_left = 89
where source = 'shopify';
update source_health set status = 'partial', credential_days_left = 13 where source = 'facebook_ads';
update kpi_scorecard set status = 'off track', latest_value = 2100;
insert into kpi_revisions values
    ('bounce_rate', 'month', '2026-02-01', 0.40, 0.425, 40, 100, 'rate', 'rate', true, false, false, {now}, 'shopify'),
    ('bounce_rate', 'month', '2026-01-01', 0.40, 0.43, 40, 100, 'rate', 'rate', true, false, false, {now}, 'shopify'),
    ('bounce_rate', 'month', '2025-12-01', 0.40, 0.50, 40, 100, 'rate', 'rate', false, false, false, {now}, 'open'),
    ('bounce_rate', 'month', '2025-11-01', 0.40, 0.50, 40, 100, 'rate', 'rate', true, true, false, {now}, 'moving'),
    ('bounce_rate', 'month', '2025-10-01', 0.40, 0.50, 2, 5, 'rate', 'rate', true, false, false, {now}, 'few'),
    ('purchases', 'day', '2026-03-02', 100, 106, null, null, 'count', 'count', true, false, false, {now}, 'time'),
    ('purchases', 'day', '2026-03-03', 100, 105, null, null, 'count', 'count', true, false, false, {now}, 'time'),
    ('purchases', 'week', '2026-03-02', 700, 900, null, null, 'count', 'count', true, false, false, {now}, 'time');
""".format(now="timestamptz '2026-03-27 05:00:00+00'")
STATES = [
    "Facebook ads: Loaded in part",
    "Facebook ads: The credential expires on 15 May 2026. make a new token",
    "Shopify: 3 days behind",
    "Shopify: A version of its API ends on 1 January 2027.",
    "Shopify: The last try failed: busy",
    "objective orders, off track, Purchases: 2,100 (February 2026), 3,000 expected",
    "the refresh published, but no space",
]
MOVED = [
    "Bounce rate (January 2026): 40.0% became 43.0% though the period was closed; cause: shopify; and 1 more",
    "Purchases (Monday 2 March 2026): 100 became 106 though the period was closed; cause: a window closed",
]


def test_what_is_wrong_is_told_once_and_once_when_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [100.0] * 60
    with hooked(tmp_path, monkeypatch) as told:
        assert told.refresh(days[:59]) == []
        assert told.refresh(days, WRONG, undelivered=["no space"]) == [
            f"To look at: {what}" for what in sorted(STATES + MOVED)
        ]
        assert told.refresh(days, WRONG, undelivered=["still no space"]) == []
        over = [what.replace("no space", "still no space") for what in STATES]
        assert told.refresh([*days, 100]) == [f"Over: {what}" for what in over]
        assert told.refresh([*days, 100]) == []
        assert told.said == []


def test_an_unusual_day_is_told_in_french_with_what_was_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 1,600 the root is 40, and half a tenth of it 2: 4.5 of them lower is 31² = 961; a rise is told to nobody."""
    days = [1600.0] * 56
    what = "Achats : 800 (lundi 23 mars 2026), inhabituel : d’ordinaire 1 600, et pas moins de 961"
    with hooked(tmp_path, monkeypatch, "fr") as told:
        assert told.refresh([*days, 970]) == []
        first = told.refresh([*days, 800])
        assert [line.replace("\N{NARROW NO-BREAK SPACE}", " ") for line in first] == [f"À regarder : {what}"]
        assert told.refresh([*days, 800, 700]) == []
        assert [line[:30] for line in told.refresh([*days, 800, 700, 9000])] == ["Terminé : Achats : 700 (mardi "]


def test_days_that_have_no_past_of_their_age_are_not_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was reported weeks later, as by a first load, was riper: it is no measure of what is a day old."""
    ripe = "update kpi_history set reported_from = timestamptz '2026-03-24 05:00:00+00'"
    with hooked(tmp_path, monkeypatch) as told:
        assert told.refresh([*[1600.0] * 56, 100], ripe) == []
        assert told.refresh([*[1600.0] * 40, 100]) == []  # five days of the same weekday


def test_calm_days_tell_nothing_and_a_break_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hooked(tmp_path, monkeypatch) as told:
        for seed in range(10):
            days = calm(seed)
            days[55:57] = [days[55] * 0.1, days[56] * 0.1]
            heard = [(day, line.split(":")[0]) for day in range(54, 60) for line in told.refresh(days[:day])]
            assert heard == [(56, "To look at"), (58, "Over")], seed


def test_a_refresh_that_published_nothing_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hooked(tmp_path, monkeypatch) as told:
        told.refresh([100.0] * 60, WRONG)
        assert told.refresh([100.0] * 60, error="dbt failed") == [
            "To look at: the refresh published nothing. dbt failed"
        ]
        assert told.refresh([100.0] * 60, WRONG) == ["Over: the refresh published nothing. dbt failed"]
        [line] = told.refresh([100.0] * 60, WRONG, error="KeyError: hidden", is_explained=False)
        assert line.endswith("An unexpected error; for its cause: parcours status")


def test_what_did_not_arrive_is_told_at_the_next_refresh_and_the_address_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    down = "update source_health set status = 'failed', error = 'busy' where source = 'shopify'"
    with hooked(tmp_path, monkeypatch) as told:
        monkeypatch.setenv(URL, "json://127.0.0.1:1/hidden-path")
        assert told.refresh([100.0] * 60, down) == []
        assert told.ended.exit_code == 3
        assert told.ended.undelivered == told.said
        assert told.said[0].startswith(f"an alert was not told: the service behind {URL} did not take it")
        monkeypatch.setenv(URL, "nonsense://hidden-path")
        told.refresh([100.0] * 60, down)
        assert f"{URL} holds no address that is known" in told.said[-1]
        monkeypatch.delenv(URL)
        told.refresh([100.0] * 60, down)
        assert f"{URL} is not set" in told.said[-1]
        seen = "".join([*capfd.readouterr(), caplog.text, *told.said, told.places.alerts.read_text()])
        assert "hidden" not in seen
    with hooked(tmp_path, monkeypatch) as told:
        assert told.refresh([100.0] * 60, down) == ["To look at: Shopify: The last try failed: busy"]
        assert told.ended.exit_code == 0
        assert told.refresh([100.0] * 60, down) == []


def test_a_mail_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server() as (address, mails):
        monkeypatch.setenv(URL, address)
        told = Told(tmp_path, [], "fr")
        told.refresh(
            [100.0] * 60, "update source_health set status = 'failed', error = 'é [x]' where source = 'shopify'"
        )
    [mail] = mails
    assert (mail.subject, mail.attached) == ("Parcours, Ada", {})
    assert mail.body.strip() == "À regarder : Shopify : Le dernier essai a échoué : é [x]"


def test_a_damaged_file_of_what_is_known_tells_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hooked(tmp_path, monkeypatch) as told:
        told.refresh([100.0] * 60, WRONG)
        for damage in ("[]", "{", json.dumps({"incidents": {"a": 1}})):
            told.places.alerts.write_text(damage)
            assert len(told.refresh([100.0] * 60, WRONG)) == len(STATES) - 1 + len(MOVED)


def test_a_file_that_cannot_be_read_is_a_fault_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hooked(tmp_path, monkeypatch) as told:
        told.refresh([100.0] * 60, WRONG)
        assert told.refresh([100.0] * 60, WRONG + "drop table kpi_revisions;") == []
        assert told.ended.undelivered[0].startswith("an alert was not told: what is wrong could not be found out: ")
        assert len(read(told.places).incidents) == len(STATES) - 1
        assert read(told.places).incidents["stale:shopify"].since.astimezone(UTC).hour == 5


@pytest.mark.parametrize(
    "address",
    [
        "slack://TokenA12345/TokenB1234567/TokenC123456789012345678/#general",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        "workflows://prod-00.westeurope.logic.azure.com:443/643a03c5f4b34b1e8c5f/signature",
        "ntfy://my-topic",
        "mailtos://user:password@smtp.example:587?from=parcours@shop.example&to=ada@shop.example",
    ],
)
def test_the_addresses_of_the_documentation_are_known(address: str) -> None:
    """That their services take a message is not proven."""
    assert apprise.Apprise().add(address)
    documented = Path(__file__).parent.parent.parent / "docs" / "alerts.md"
    assert address.split(":")[0] + "://" in documented.read_text()
