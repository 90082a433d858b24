"""A source of which one table cannot be read: what it gives otherwise is published, and its health says so."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.refresh import PARTIAL
from sandbox import events as e
from tests.end_to_end.small_business import Small, served

SETTINGS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n[sources.brevo]\nopt_in_attribute = "DATE_OPTIN"\n'
NOW = datetime(2026, 3, 9, 5, tzinfo=UTC)


@pytest.mark.slow
def test_what_a_source_gives_is_published_when_a_table_of_it_cannot_be_read(tmp_path: Path) -> None:
    joined = datetime(2026, 3, 4, 10, tzinfo=UTC)
    world = e.World(
        date(2026, 3, 2),
        date(2026, 3, 9),
        people=[e.Person(1, "", (), "Ada", "Byron", "", "", "FR")],
        mail_lists=[e.MailList("12", "brevo", "Letter", joined)],
        contacts=[e.Contact("c", "brevo", "12", 1, "ada@mail.example", "subscriber", joined)],
        contact_events=[e.ContactEvent("c", "confirm", joined)],
        mailings=[e.Mailing("71", "brevo", "12", "regular", None, None, "", joined)],
        mail_sends=[e.MailSend(1, "71", "c", joined, "")],
    )
    with served(world, NOW) as vendors:
        small = Small(vendors, tmp_path, SETTINGS)
        vendors.fault("/brevo/v3/emailCampaigns", "changed_type", times=100)
        outcome = small.tried(NOW, date(2026, 3, 8))
        assert outcome.exit_code == PARTIAL, outcome
        assert small.rows("select status from source_health where source = 'brevo'") == [("partial",)]
        assert small.by_day("new_prospects", "kpi_capture")["03-04"] == 1
