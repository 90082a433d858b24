"""What refreshes tell by themselves, over real sockets: a source that fails, and the digest of a week that ended."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from flows.alerts import tell
from flows.places import Places
from flows.refresh import Outcome, run_refresh
from pipelines.settings import Settings, read_settings
from sandbox.server import Running, running
from sandbox.world import generate
from tests.aiming import aim
from tests.listening import Mail, free_port, mail_server, web_hook

pytestmark = pytest.mark.slow
FIRST_DAY, LAST_DAY = date(2026, 10, 10), date(2026, 11, 24)
SATURDAY, SUNDAY, MONDAY = date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)
SETTINGS = f"""
[business]
name = "Ada"
history_start = {FIRST_DAY}

[alerts]
to = ["PARCOURS_ALERT_MAIL", "PARCOURS_ALERT_HOOK"]
digest = ["week"]

[dashboard]
language = "en"

[sources.brevo]
opt_in_attribute = "DATE_OPTIN"

[sources.zendesk]
subdomain = "boutique"
email = "agent@boutique.example"
"""


@dataclass
class Morning:
    """A refresh, and what came of it."""

    outcome: Outcome
    hooked: list[str]
    mails: list[Mail]
    kept: bytes  # for the next one
    page: str


@dataclass
class Mornings:
    """What four refreshes told: a calm one, two in which Brevo refuses the key, and one in which it does not."""

    vendors: Running
    settings: Settings
    places: Places
    lines: list[str]
    mails: list[Mail]
    all: list[Morning] = field(default_factory=list)

    def refresh(self, through: date, as_of: datetime) -> None:
        self.vendors.set_clock(as_of)
        self.lines.clear()
        self.mails.clear()
        outcome = run_refresh(self.settings, self.places, through, as_of, [], print)
        kept, page = self.places.alerts.read_bytes(), self.places.dashboard.read_text(encoding="utf-8")
        self.all.append(Morning(outcome, list(self.lines), list(self.mails), kept, page))


@pytest.fixture(scope="module")
def mornings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mornings]:
    folder = tmp_path_factory.mktemp("told")
    toml = folder / "parcours.toml"
    toml.write_text(SETTINGS)
    with (
        running(generate(first_day=FIRST_DAY, last_day=LAST_DAY, scale=0.2)) as vendors,
        pytest.MonkeyPatch.context() as monkeypatch,
        mail_server() as (mail, mails),
        web_hook() as (hook, lines),
    ):
        aim(vendors, monkeypatch)
        monkeypatch.setenv("PARCOURS_ALERT_MAIL", mail)
        monkeypatch.setenv("PARCOURS_ALERT_HOOK", hook)
        found = Mornings(vendors, read_settings(toml), Places(folder / "data"), lines, mails)
        found.refresh(SATURDAY, datetime(2026, 11, 22, 5, tzinfo=UTC))
        vendors.fault("/brevo/", "token_expired", times=10_000)
        monkeypatch.setenv("PARCOURS_ALERT_MAIL", f"mailto://127.0.0.1:{free_port()}?from=a@shop.example")
        found.refresh(SUNDAY, datetime(2026, 11, 23, 5, tzinfo=UTC))
        monkeypatch.setenv("PARCOURS_ALERT_MAIL", mail)
        found.refresh(SUNDAY, datetime(2026, 11, 23, 9, tzinfo=UTC))
        vendors.sandbox.faults.clear()
        found.refresh(MONDAY, datetime(2026, 11, 24, 5, tzinfo=UTC))
        yield found


def test_a_source_that_fails_is_told_once_and_once_when_it_loads_again(mornings: Mornings) -> None:
    calm, failed, still, over = mornings.all
    [error] = [one.error for one in failed.outcome.sources if one.status == "failed"]
    assert "Brevo" in error
    assert calm.hooked == []
    assert failed.hooked == [f"To look at: Brevo: The last try failed: {error}", "Ada: the week"]
    assert still.hooked == []
    assert over.hooked == [f"Over: Brevo: The last try failed: {error}"]
    assert [one.outcome.exit_code for one in mornings.all] == [0, 3, 3, 0]


def test_the_digest_of_a_week_is_mailed_once_with_the_page_when_the_mail_server_is_there_again(
    mornings: Mornings,
) -> None:
    calm, failed, still, over = mornings.all
    assert calm.mails == []  # weeks that had ended before the first refresh are past
    assert [fault[:22] for fault in failed.outcome.undelivered] == ["an alert was not told:", "a digest was not sent:"]
    alert, digest = still.mails
    assert [mail.subject for mail in (alert, digest)] == ["Parcours, Ada", "Ada: the week"]
    assert [mail.subject for mail in over.mails] == ["Parcours, Ada"]
    assert len(digest.body.encode()) < 100_000
    assert "<img" not in digest.body
    [(name, page)] = digest.attached.items()
    assert name == "dashboard.html"
    assert page.decode() == still.page


def test_what_a_killed_refresh_sent_but_did_not_note_is_sent_again(mornings: Mornings) -> None:
    """Killed, it leaves what was kept before the mail was sent: the file of the refresh before."""
    _, failed, still, _ = mornings.all
    mornings.lines.clear()
    mornings.mails.clear()
    mornings.places.alerts.write_bytes(failed.kept)
    for _ in range(2):
        assert tell(mornings.settings, mornings.places, still.outcome, print) == []
    assert [mail.subject for mail in mornings.mails] == ["Parcours, Ada", "Ada: the week"]
    assert [line.split(":")[0] for line in mornings.lines] == ["Over"]  # as what is published now says
