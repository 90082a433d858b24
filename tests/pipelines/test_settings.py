"""The settings file: what it may say, and how a mistake in it is pointed at."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, SettingsError, read_settings
from pipelines.sources.files.settings import FilesOptions
from pipelines.sources.google_analytics import GoogleAnalyticsOptions

PROJECT = Path(__file__).parent.parent.parent
BUSINESS = '[business]\nname = "Ada"\nhistory_start = 2026-03-02\n'
ANALYTICS = '[sources.google_analytics]\nproperties = ["1"]\nprimary = "1"\n'


def read(folder: Path, text: str, **business: Any) -> Settings:
    path = folder / "parcours.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, **business)


def refused(folder: Path, text: str) -> str:
    """What is said of a file that cannot be, without where it lies."""
    with pytest.raises(SettingsError) as error:
        read(folder, text)
    return str(error.value).replace(f"{folder}/", "")


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    business = read(tmp_path, BUSINESS).business
    assert (business.time_zone, business.currency, business.week_start) == ("Europe/Paris", "EUR", "monday")
    assert (business.history_start, business.prospect_window_days) == (date(2026, 3, 2), 90)


def test_nothing_is_connected_unless_it_is_named(tmp_path: Path) -> None:
    assert read(tmp_path, BUSINESS).connected == []
    assert read(tmp_path, BUSINESS + "[sources.ecb]\n").connected == ["ecb"]


def test_connected_sources_come_in_the_order_of_the_registry(tmp_path: Path) -> None:
    found = read(tmp_path, BUSINESS + "[sources.files]\n[sources.ecb]\n[sources.mailchimp]\n").connected
    assert found == [name for name in CONNECTORS if name in ("mailchimp", "ecb", "files")]


def test_a_caller_replaces_keys_of_the_business(tmp_path: Path) -> None:
    found = read(tmp_path, BUSINESS, history_start=date(2025, 1, 1), currency="USD").business
    assert (found.name, found.history_start, found.currency) == ("Ada", date(2025, 1, 1), "USD")


def test_sources_share_the_zone_and_the_week_of_the_business(tmp_path: Path) -> None:
    said = 'time_zone = "America/New_York"\nweek_start = "sunday"\n'
    sources = read(tmp_path, BUSINESS + said + ANALYTICS + "[sources.files]\n").sources
    analytics, files = sources["google_analytics"], sources["files"]
    assert isinstance(analytics, GoogleAnalyticsOptions)
    assert analytics.week_start == "sunday"
    assert isinstance(files, FilesOptions)
    assert files.time_zone == "America/New_York"


def test_what_a_source_says_itself_wins(tmp_path: Path) -> None:
    files = read(tmp_path, BUSINESS + '[sources.files]\ntime_zone = "Asia/Tokyo"\n').sources["files"]
    assert isinstance(files, FilesOptions)
    assert files.time_zone == "Asia/Tokyo"


def test_options_keep_what_is_theirs_when_written_out(tmp_path: Path) -> None:
    settings = read(tmp_path, BUSINESS + ANALYTICS)
    assert settings.model_dump()["sources"]["google_analytics"]["primary"] == "1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[business]\nname = "Ada"\n', "parcours.toml: business.history_start: is missing"),
        (
            BUSINESS + 'zone = "Europe/Paris"\n',
            "parcours.toml: business.zone: is not known: correct its name, or take it out",
        ),
        (
            BUSINESS + ANALYTICS.replace('primary = "1"', 'primary = "2"'),
            "parcours.toml: sources.google_analytics: primary '2' is not among the properties: add it there",
        ),
        (BUSINESS + 'time_zone = "Paris"\n', "parcours.toml: business.time_zone: 'Paris' is no IANA time"),
        (BUSINESS + 'currency = "euro"\n', "parcours.toml: business.currency: 'euro' is no currency of today"),
        (
            BUSINESS + 'week_start = "lundi"\n',
            "parcours.toml: business.week_start: is 'lundi', but should be 'monday' or 'sund",
        ),
        (
            BUSINESS + "prospect_window_days = 0\n",
            "parcours.toml: business.prospect_window_days: is 0, but should be at least 1",
        ),
        (BUSINESS + "[shops]\n", "parcours.toml: shops: is not known"),
        (BUSINESS + "[sources.hubspot]\n", "parcours.toml: sources.hubspot is unknown; known are google_analytics, f"),
        (BUSINESS + "[sources.ecb]\nkey = 1\n", "parcours.toml: sources.ecb.key: is not known"),
        (BUSINESS + "[sources.google_analytics]\n", "parcours.toml: sources.google_analytics.properties: is missing"),
        (
            BUSINESS + '[sources.files.feeds.shop]\nentity = "sales"\nlocation = "x.csv"\n',
            "parcours.toml: sources.files.feeds.shop.entity: 'sales' is no entity; known are: ",
        ),
        (BUSINESS + 'currency = "XYZ"\n', "parcours.toml: business.currency: 'XYZ' is no currency of today (ISO 4217)"),
        (BUSINESS + "name_2 = 1\nhistory_start_2 = 1\n", "parcours.toml: business.name_2: is not known"),
        ('[business]\nname = "A"\nhistory_start = "soon"\n', "parcours.toml: business.history_start: is 'soon', but"),
        ("business = 3\n", "parcours.toml: business: is 3, but should be a section"),
        ("sources = 3\n" + BUSINESS, "parcours.toml: sources is 3, but should be a section: [sources]."),
        (BUSINESS + "[sources]\necb = 3\n", "parcours.toml: sources.ecb is 3, but should be a section: [sources.ecb]."),
        (
            BUSINESS + "[sources.facebook_ads]\naccounts = []\n",
            "parcours.toml: sources.facebook_ads.accounts: is empty",
        ),
        (
            BUSINESS + '[sources.facebook_ads]\naccounts = ["1001", "act_1002"]\n',
            "parcours.toml: sources.facebook_ads.accounts.1: is 'act_1002', but should be the id alone",
        ),
        (
            BUSINESS + '[sources.facebook_page]\npages = ["https://www.facebook.com/2001"]\n',
            "parcours.toml: sources.facebook_page.pages.0: is 'https://www.facebook.com/2001', but should be the id",
        ),
        (BUSINESS + '[published]\nmode = "rw"\n', "parcours.toml: published.mode: is 'rw', which is not written as"),
        (
            BUSINESS + '[published]\nfolder = "shared"\n',
            "parcours.toml: published.folder: 'shared' is no absolute path",
        ),
        (
            BUSINESS + '[published]\ncopy_to = ["/srv/share", "share"]\n',
            "parcours.toml: published.copy_to: 'share' is no absolute path",
        ),
        (
            BUSINESS + '[published]\ncommand = "rsync -a"\n',
            "parcours.toml: published.command: is 'rsync -a', but should be a list",
        ),
        (
            BUSINESS + "[published]\ncommand_minutes = 0\n",
            "parcours.toml: published.command_minutes: is 0, but should be more than 0",
        ),
        (
            BUSINESS + "[sources.brevo]\nfrom = 2026-04-02\nuntil = 2026-04-01\n",
            "parcours.toml: sources.brevo.until: is 2026-04-01, before the source begins: from is 2026-04-02",
        ),
        (
            BUSINESS + "[sources.brevo]\nfrom = 4\n",
            "parcours.toml: sources.brevo.from: is 4, but should be a date",
        ),
        (
            BUSINESS + "[sources.brevo]\nform = 2026-04-02\n",
            "parcours.toml: sources.brevo.form: is not known: correct its name, or take it out; did you mean from?",
        ),
        (
            BUSINESS + "[sources.ecb]\nuntil = 2026-04-02\n",
            "parcours.toml: sources.ecb.until: no other source gives rates",
        ),
        (
            BUSINESS + '[sources.files.feeds.a]\nentity = "spend"\nlocation = "x.csv"\nuntil = 2026-04-02\n',
            "parcours.toml: sources.files.feeds.a.until: is not known",
        ),
        ("[business\n", "parcours.toml is no valid TOML: Expected ']'"),
    ],
)
def test_a_mistake_is_pointed_at_by_file_key_and_reason(tmp_path: Path, text: str, said: str) -> None:
    assert refused(tmp_path, text).startswith(said)


def test_every_mistake_is_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, BUSINESS + 'time_zone = "Paris"\ncurrency = "euro"\n').splitlines()
    assert [line.split(": ")[1] for line in said] == ["business.time_zone", "business.currency"]


RAW = re.compile(
    r"Field required|Extra inputs|Input should|String should|List should|Value error|pydantic|validation", re.I
)


def test_mistakes_of_every_section_are_said_together_and_in_plain_words(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        '[business]\nname = 3\nhistory_start = "soon"\nupsells = [{base = [], upsell = ["2"]}]\n'
        "[sources.hubspot]\n[sources.facebook_page]\npage_rows = 900\n"
        '[sources.files.feeds.a]\nentity = "sales"\nlocation = "x.csv"\n'
        '[sources.files.feeds.b]\nentity = "leads"\nlocation = "x.csv"\nencoding = "klingon"\ntime_format = 3\n',
    )
    assert [line.removeprefix("parcours.toml: ").split(":")[0] for line in said.splitlines()] == [
        "business.name",
        "business.history_start",
        "business.upsells.0.base",
        "sources.hubspot is unknown; known are " + ", ".join(CONNECTORS) + ".",
        "sources.facebook_page.pages",
        "sources.facebook_page.page_rows",
        "sources.files.feeds.a.entity",
        "sources.files.feeds.b.encoding",
        "sources.files.feeds.b.time_format",
    ]
    assert not RAW.search(said), said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BUSINESS + 'curency = "EUR"\n', "business.curency: is not known: .*; did you mean currency\\?"),
        (BUSINESS + "[[objectives]]\nid = 'a'\nownr = 'Alice'\n", "objectives.0.ownr: .*; did you mean owner\\?"),
        (BUSINESS + "[dashbord]\n", "dashbord: is not known: .*; did you mean dashboard\\?"),
        (BUSINESS + "[sources.mailchip]\n", "sources.mailchip is unknown; did you mean mailchimp\\?"),
        (BUSINESS + '[sources.shopify]\nshopp = "a"\n', "sources.shopify.shopp: .*; did you mean shop\\?"),
        (BUSINESS + "zzz = 1\n", "business.zzz: is not known: correct its name, or take it out$"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_near_one(tmp_path: Path, text: str, said: str) -> None:
    assert re.search(said, refused(tmp_path, text), re.MULTILINE)


def test_a_missing_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.toml does not exist: .* make one: parcours init"):
        read_settings(tmp_path / "nothing.toml")


def test_the_template_connects_nothing() -> None:
    assert read_settings(PROJECT / "parcours.toml").connected == []


def test_the_template_with_every_source_uncommented_holds(tmp_path: Path) -> None:
    template = (PROJECT / "parcours.toml").read_text(encoding="utf-8")
    before, marker, sources = template.partition("# orders_from")
    uncommented = before + re.sub(r"^# ", "", marker + sources, flags=re.MULTILINE)
    settings = read(tmp_path, uncommented)
    assert settings.connected == list(CONNECTORS)
    assert all(options.model_fields_set for name, options in settings.sources.items() if name not in ("ecb", "stripe"))
    files = settings.sources["files"]
    assert isinstance(files, FilesOptions)
    assert list(files.feeds) == ["shop"]


SHOP = '[sources.shopify]\nshop = "ada"\n'
PAYMENTS = "[sources.stripe]\n"


def orders_from(folder: Path, owners: str, sources: str) -> Settings:
    path = folder / "parcours.toml"
    path.write_text(f'[business]\nname = "Ada"\nhistory_start = 2026-03-02\n{owners}\n{sources}')
    return read_settings(path)


def test_a_shop_and_its_payments_are_refused_until_the_settings_say_whose_orders_count(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'stripe takes payments .* such as: orders_from = \["shopify"\]'):
        orders_from(tmp_path, "", SHOP + PAYMENTS)
    assert orders_from(tmp_path, 'orders_from = ["shopify"]', SHOP + PAYMENTS).feeding("orders") == [
        "shopify",
        "stripe",
    ]


@pytest.mark.parametrize("sources", [SHOP, PAYMENTS, ""])
def test_what_tells_orders_alone_owns_them(tmp_path: Path, sources: str) -> None:
    assert orders_from(tmp_path, "", sources).business.orders_from == []


@pytest.mark.parametrize("owner", ["woocommerce", "shopfy", "zendesk"])
def test_an_owner_that_tells_no_orders_is_refused(tmp_path: Path, owner: str) -> None:
    with pytest.raises(
        SettingsError, match=rf"names {owner}, but what is connected and tells orders is: shopify, stripe"
    ):
        orders_from(tmp_path, f'orders_from = ["{owner}"]', SHOP + PAYMENTS)
