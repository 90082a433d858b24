"""`parcours disconnect`: what it refuses, with what to do first; what it does: tests/end_to_end/test_disconnect.py."""

from pathlib import Path

import pytest

from flows.places import Places
from pipelines import load_log
from pipelines.load import add_tables
from pipelines.registry import CONNECTORS
from tests.app.commands import BUSINESS, run, words

SECTIONS = """orders_from = ["woocommerce"]
[sources.woocommerce]
site = "shop.example"
[sources.stripe]
[sources.mailchimp]
[sources.facebook_ads]
accounts = ["1"]
[sources.facebook_page]
pages = ["1", "2"]
[sources.google_analytics]
properties = ["3", "4"]
primary = "3"
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A warehouse in which a list of Mailchimp's and a section of before have rows."""
    places = Places(tmp_path / "data")
    places.data.mkdir()
    (tmp_path / "parcours.toml").write_text(BUSINESS + SECTIONS)
    with load_log.connect(places.warehouse) as connection:
        for connector in CONNECTORS.values():
            add_tables(connection, connector)
        connection.execute("insert into raw_mailchimp.members by name select 'l1' as list_id, 'm' as member_key")
        connection.execute("insert into raw_brevo.opt_ins by name select 7 as id")
    return places


def refused(places: Places, what: str) -> str:
    """Why, on the error stream; nothing is written."""
    before = {path: path.read_bytes() for path in places.data.parent.rglob("*") if path.is_file()}
    usual = ["--settings", places.data.parent / "parcours.toml", "--data", places.data]
    result = run("disconnect", what, *usual, "--yes", "--out", places.data.parent)
    assert result.exit_code == 1
    assert {path: path.read_bytes() for path in before} == before
    assert not list(places.data.parent.glob("*.zst"))
    return words(result.stderr)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            "mailchmp",
            "'mailchmp' is not connected. Connected are: google_analytics, google_analytics/3, google_analytics/4, "
            "facebook_ads, facebook_ads/1, facebook_page, facebook_page/1, facebook_page/2, mailchimp, mailchimp/l1, "
            "brevo, woocommerce, stripe; did you mean mailchimp?",
        ),
        ("1", "1 is an account of several sources: give facebook_ads/1 or facebook_page/1."),
        ("facebook_ads/1", "1 is all that [sources.facebook_ads] accounts holds: disconnect the source, facebook_ads."),
        ("l1", "[sources.mailchimp] lists is empty, which means all: name those to keep there, then run this again."),
        (
            "woocommerce",
            "The settings do not hold without woocommerce. Change this first: {settings}: business.orders_from names "
            "woocommerce, but what is connected and tells orders is: stripe.",
        ),
        (
            "google_analytics/3",
            "The settings do not hold without google_analytics/3. Change this first: {settings}: "
            "sources.google_analytics: primary '3' is not among the properties: add it there",
        ),
        ("brevo", "There was no refresh yet that could have come of it: parcours refresh"),
    ],
)
def test_what_cannot_go_is_refused_with_what_to_do_first(places: Places, what: str, said: str) -> None:
    assert said.format(settings=places.data.parent / "parcours.toml") in refused(places, what)


def test_without_a_warehouse_the_section_is_all_there_is(places: Places) -> None:
    places.warehouse.unlink()
    assert "does not exist yet: nothing came of it" in refused(places, "stripe")


@pytest.mark.parametrize("what", ["zendesk", "typeform/f1", "f1"])
def test_what_went_before_is_no_error(places: Places, what: str) -> None:
    (places.data / "disconnecting").mkdir()
    with load_log.connect(places.warehouse) as connection:
        connection.execute("insert into raw_parcours.disconnections values ('zendesk', now()), ('typeform/f1', now())")
    usual = ["--settings", places.data.parent / "parcours.toml", "--data", places.data]
    result = run("disconnect", what, *usual, "--yes")
    assert words(result.stdout) == f"{what} was disconnected before, and nothing of it is left."
    assert result.exit_code == 0
    assert not (places.data / "disconnecting").exists()
