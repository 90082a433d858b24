"""`parcours digest`: its numbers are those of the published file, in words that people read, and it arrives."""

import html
import re
from pathlib import Path

import duckdb
import pytest

from tests.app.commands import BUSINESS, run, words
from tests.app.digest_marts import publish
from tests.listening import mail_server

NARROW = "\N{NARROW NO-BREAK SPACE}"
DATE = re.compile(r"(\d{1,2}(er)? )?[^\W\d]+\.? 202\d")
NUMBER = re.compile(r"[+−]?\d[\d.,\u202f]*")
HEADINGS = {
    "en": ("Objectives", "Worse than in the period before", "Better than in the period before", "What is unsure"),
    "fr": (
        "Objectifs",
        "Moins bien qu’à la période précédente",
        "Mieux qu’à la période précédente",
        "Ce qui n’est pas sûr",
    ),
}
SCORED = """
select label_{language}, kpi.unit,
    case when latest_value is not null then [latest_value, expected_value, start_value, target_value] else [] end, []
from kpi_scorecard as scored join kpi_catalog as kpi using (kpi_id)
"""
MOVED = """
select label_{language}, kpi.unit, [first(compared.value)],
    list(case when kpi.unit = 'rate' then 100 * change else 100 * change_share end order by comparison desc)
from kpi_comparisons as compared join kpi_catalog as kpi using (kpi_id)
where grain = '{grain}' and kpi_id != 'prospect_to_customer_rate' group by all
having bool_or(comparison = 'previous_period' and direction = '{direction}')
"""


def digest(folder: Path, language: str = "en", grain: str = "month") -> str:
    """The HTML that is written."""
    out = folder / "mail.html"
    result = run("digest", "--by", grain, "--lang", language, "--data", folder, "--out", out)
    assert result.exit_code == 0, result.output
    return out.read_text(encoding="utf-8")


def items(mail: str, language: str) -> dict[str, list[str]]:
    """The points under each heading, as text."""
    found = {}
    for part in mail.split("<h2")[1:]:
        heading = re.findall(r">([^<]+)</h2>", part)[0]
        points = re.findall(r"<li[^>]*>(.*?)</li>", part, re.DOTALL)
        found[heading] = [html.unescape(re.sub("<[^>]+>", "", point)).strip() for point in points]
    return {heading: found.get(heading, []) for heading in HEADINGS[language]}


def numbers(text: str, language: str) -> list[tuple[float, float]]:
    """The numbers of a text without its dates, and how far each may be from what was rounded."""
    found = []
    for said in NUMBER.findall(DATE.sub("", text)):
        plain = said.strip(".," + NARROW).replace("−", "-").replace(NARROW, "")
        plain = plain.replace(",", ".") if language == "fr" else plain.replace(",", "")
        found.append((float(plain), 0.5 * 10.0 ** -len(plain.partition(".")[2]) + 1e-9))
    return found


def check(folder: Path, query: str, language: str, points: list[str]) -> None:
    """Each row is one point, and each of its numbers the one of the file."""
    with duckdb.connect(str(folder / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    assert len(rows) == len(points)
    for label, unit, values, changes in rows:
        [point] = [point for point in points if label in point]
        wanted = [one * (100 if unit == "rate" else 1) for one in values if one is not None] + changes
        said = numbers(point.replace(label, ""), language)
        assert len(said) == len(wanted), point
        for (shown, apart), exact in zip(said, wanted, strict=True):
            assert shown == pytest.approx(exact, abs=apart, rel=0), point


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("grain", ["week", "month"])
def test_every_number_is_that_of_the_published_file(tmp_path: Path, language: str, grain: str) -> None:
    publish(tmp_path / "marts.duckdb")
    found = items(digest(tmp_path, language, grain), language)
    scored, worse, better, _ = (found[heading] for heading in HEADINGS[language])
    check(tmp_path, SCORED.format(language=language), language, scored)
    for direction, points in (("worse", worse), ("better", better)):
        check(tmp_path, MOVED.format(language=language, grain=grain, direction=direction), language, points)


def test_the_mail_is_what_somebody_would_write(tmp_path: Path) -> None:
    publish(tmp_path / "marts.duckdb")
    scored, worse, better, unsure = items(digest(tmp_path), "en").values()
    assert [words(point) for point in scored] == [
        "Off track: New prospects: 2,550 (February 2026), 3,000 expected Cumulated: 18,000 by 31 December 2026",
        "On track: Cost [per] prospect: €57.74 (February 2026), €65.42 expected, provisional "
        "From €70.50 (1 January 2026) to €40.00 (31 December 2026)",
        "Net Promoter Score: –, Not connected",
    ]
    assert [words(point) for point in worse] == [
        "Cost [per] prospect: €57.74 (February 2026) +477%, worse than in Jan 2026",
        "Gross margin rate: 45.7% (February 2026) −3.4 pt, worse than in Jan 2026",
    ]
    assert [words(point) for point in better] == [
        "New prospects: 1,350 (February 2026) +13%, better than in Jan 2026",
        "Purchase frequency: 1.28 per customer (February 2026) +2.4%, better than in Jan 2026 "
        "−1.5%, worse than in Feb 2025",
    ]
    may_move = "A source may still restate this period, or a cohort’s window is still open."
    assert [words(point) for point in unsure] == [
        "Mailchimp: its data are not up to date",
        f"Cost [per] prospect {may_move}",
    ]


def test_what_makes_many_unsure_is_said_once(tmp_path: Path) -> None:
    """Of five KPIs that are known, four may still move; two have the same two reservations."""
    publish(
        tmp_path / "marts.duckdb",
        "update kpi_values set is_provisional = true where kpi_id != 'new_prospects';"
        "update kpi_values set caveats = 'ecb: estimated, mailchimp: proxy_opens'"
        "where kpi_id in ('new_prospects', 'gross_margin_rate')",
    )
    assert [words(point) for point in items(digest(tmp_path), "en")["What is unsure"]][1:] == [
        "New prospects, Gross margin rate ECB: the vendor estimates its counts "
        "Mailchimp: opens by privacy proxies cannot be told apart",
        "All KPIs but: New prospects A source may still restate this period, or a cohort’s window is still open.",
    ]


def test_french_has_no_sign_that_a_line_could_begin_with(tmp_path: Path) -> None:
    publish(tmp_path / "marts.duckdb")
    mail = digest(tmp_path, "fr")
    assert f"<title>Ada{NARROW}: le mois</title>" in mail
    assert f"Mailchimp{NARROW}: ses données ne sont pas à jour" in mail
    text = re.sub("<[^>]+>", "", mail)
    assert not re.search(r"[^\u202f]:", text)


def test_names_are_no_html(tmp_path: Path) -> None:
    hostile = "'<img src=x onerror=alert()>'"
    publish(
        tmp_path / "marts.duckdb",
        f"update kpi_catalog set label_en = {hostile}; update dim_business set business_name = {hostile};"
        f"update objectives set sentence = {hostile}; update source_health set title = {hostile};"
        f"update dim_stages set label_en = {hostile}",
    )
    mail = digest(tmp_path)
    assert "<img" not in mail
    # title and heading; two objectives with their stages, three KPIs of them; four that moved; a source, a KPI unsure
    assert mail.count("&lt;img src=x onerror=alert()&gt;") == 2 + 4 + 3 + 4 + 2


def test_a_mail_of_many_kpis_is_not_cut(tmp_path: Path) -> None:
    """Mail services cut a body beyond 102 KB."""
    many = "from {}, range(60) as copies(n) where kpi_id = 'purchase_frequency'"
    publish(
        tmp_path / "marts.duckdb",
        "".join(
            f"insert into {table} select {table}.* replace (kpi_id || n as kpi_id) {many.format(table)};"
            for table in ("kpi_catalog", "kpi_values", "kpi_comparisons")
        ),
    )
    mail = digest(tmp_path)
    assert mail.count("Purchase frequency") == 61
    assert len(mail.encode()) < 100_000


@pytest.mark.parametrize("wrong", [("--lang", "de"), ("--by", "day")])
def test_a_language_or_period_that_is_none_is_refused(tmp_path: Path, wrong: tuple[str, str]) -> None:
    out = tmp_path / "mail.html"
    result = run("digest", *wrong, "--data", tmp_path, "--out", out)
    assert result.exit_code == 2
    assert f"'{wrong[1]}' is not one of" in words(result.stderr)
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    publish(tmp_path / "marts.duckdb")
    result = run("digest", "--data", tmp_path, "--out", tmp_path / "none" / "mail.html")
    assert result.exit_code == 1
    assert "cannot be written (No such file or directory): choose another --out" in words(result.stderr)


def test_it_is_sent_and_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path / "marts.duckdb", "update dim_business set business_name = 'Ada & <Co>'")
    path = tmp_path / "parcours.toml"
    path.write_text(BUSINESS + '[alerts]\nto = ["PARCOURS_ALERT_URL"]\n')
    monkeypatch.chdir(tmp_path)
    with mail_server() as (address, mails):
        monkeypatch.setenv("PARCOURS_ALERT_URL", address)
        result = run("digest", "--by", "month", "--lang", "en", "--send", "--settings", path, "--data", tmp_path)
    assert (result.exit_code, result.stdout) == (0, "told PARCOURS_ALERT_URL\n")
    [mail] = mails
    assert (mail.subject, mail.attached) == ("Ada & <Co>: the month", {})
    assert "New prospects: <b>1,350</b> (February 2026)" in words(mail.body)
    assert not (tmp_path / "digest.html").exists()
