"""`parcours mcp`, as an assistant meets it."""

import shutil
from collections.abc import Iterator
from time import monotonic

import duckdb
import pytest

from tests.app import asked_marts
from tests.app.asking import Served, serving
from tests.app.held_back import HELD_BACK

SEPTEMBER, OCTOBER = "2026-09-01", "2026-10-01"
# What people ask, the KPI that it is about, the month, and the right answer with its unit.
QUESTIONS = [
    ("Combien de visiteurs uniques en octobre 2026 ?", "unique_visitors", OCTOBER, (12345, "count")),
    ("How many visitors came from Google in September?", "visitors_from_google", SEPTEMBER, (5000, "count")),
    ("Combien de visiteurs provenant de Facebook en octobre ?", "visitors_from_facebook", OCTOBER, (1999, "count")),
    ("How large is our retargeting audience?", "retargeting_audience_size", OCTOBER, (8100, "count")),
    ("Y a-t-il eu des interactions sociales en octobre ?", "social_interactions", OCTOBER, (-7, "count")),
    ("How long do people stay on the site on average?", "avg_session_duration", OCTOBER, (80, "seconds")),
    ("Quel est le taux de rebond d'octobre ?", "bounce_rate", OCTOBER, (0.25, "rate")),
    ("How many comments did our posts get in September?", "comments", SEPTEMBER, (64, "count")),
    ("Quel taux d'ouverture pour nos e-mails en septembre ?", "email_open_rate", SEPTEMBER, (0.25, "rate")),
    ("What is the click rate of our emails?", "email_click_rate", OCTOBER, (0.03, "rate")),
    ("Combien de prospects se sont inscrits à la liste en octobre ?", "new_prospects", OCTOBER, (150, "count")),
    ("How many new prospects in September?", "new_prospects", SEPTEMBER, (120, "count")),
    ("Les pages de capture convertissent-elles ?", "capture_page_conversion_rate", OCTOBER, (0.15, "rate")),
    ("How much does a prospect cost us?", "cost_per_prospect", OCTOBER, (12, "EUR")),
    ("COMBIEN DE FANS SUR FACEBOOK ?", "facebook_fans", OCTOBER, (3456, "count")),
    ("How many purchases were there in October 2026?", "purchases", OCTOBER, (129, "count")),
    ("Quel était le panier moyen en septembre ?", "average_basket", SEPTEMBER, (57.5, "EUR")),
    ("How many products were sold?", "products_sold", OCTOBER, (417, "count")),
    ("Quel est le taux d'abandon des paniers ?", "cart_abandonment_rate", OCTOBER, (0.64, "rate")),
    ("How many days until the first purchase?", "avg_days_to_first_purchase", OCTOBER, (11, "days")),
    ("Combien de demandes au SAV en octobre ?", "support_tickets", OCTOBER, (38, "count")),
    ("Are customers satisfied?", "customer_satisfaction", OCTOBER, (0.95, "rate")),
    ("Nos upsells marchent-ils ? Quel taux de conversion ?", "upsell_conversion_rate", OCTOBER, (0.25, "rate")),
    ("Who opens the follow-up e-mails?", "followup_email_open_rate", OCTOBER, (0.55, "rate")),
    ("A quelle frequence nos clients achetent-ils ?", "purchase_frequency", OCTOBER, (1.35, "per customer")),
    ("How often is our brand mentioned?", "brand_mentions", OCTOBER, (17, "count")),
    ("Quel est notre NPS de septembre ?", "nps", SEPTEMBER, (40, "points")),
    ("How many reviews did customers write?", "customer_reviews", OCTOBER, (23, "count")),
    ("Combien avons-nous d'affiliés ?", "affiliates", OCTOBER, (47, "count")),
    ("What share of prospects become customers?", "prospect_to_customer_rate", OCTOBER, (0.08, "rate")),
    ("Quelle marge brute en octobre ?", "gross_margin_rate", OCTOBER, (0.55, "rate")),
    ("How many partners do we have?", "partners", OCTOBER, (None, "count")),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("asked")
    asked_marts.publish(folder / "marts.duckdb")
    with serving(folder) as served:
        yield served


def test_its_tools_say_that_they_only_read(served: Served) -> None:
    tools = served.portal.call(served.client.list_tools).tools
    assert [tool.name for tool in tools] == ["list_kpis", "get_kpi", "compare", "explain_revision", "run_sql"]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)


@pytest.mark.parametrize(("question", "kpi_id", "month", "answer"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_a_question_finds_its_kpi_and_the_exact_answer(
    served: Served, question: str, kpi_id: str, month: str, answer: tuple[float | None, str]
) -> None:
    nearest = served.call("list_kpis", search=question)["kpis"][0]["kpi_id"]
    assert nearest == kpi_id
    [period] = served.call("get_kpi", kpi_id=nearest, first_day=month, last_day=month)["periods"]
    assert (period["value"], period["unit"]) == answer


def test_of_thirty_questions_that_it_was_not_made_for_most_find_their_kpi(served: Served) -> None:
    """An assistant reads the definitions of all five."""
    found = [
        ([one["kpi_id"] for one in served.call("list_kpis", search=question)["kpis"]], kpi_id)
        for question, kpi_id in HELD_BACK
    ]
    assert sum(kpi_id in nearest for nearest, kpi_id in found) >= 28
    assert sum(nearest[0] == kpi_id for nearest, kpi_id in found) >= 23


def test_a_value_comes_with_its_parts_flags_and_caveats(served: Served) -> None:
    told = served.call("get_kpi", kpi_id="cost_per_prospect")
    assert (told["label_en"], told["numerator"], told["good"]) == ("Cost per prospect", "spend", "down")
    assert [(one["period_start"], one["numerator"], one["denominator"], one["value"]) for one in told["periods"]] == [
        (SEPTEMBER, 1200, 120, 10),
        (OCTOBER, 1800, 150, 12),
    ]
    _, october = served.call("get_kpi", kpi_id="new_prospects")["periods"]
    assert (october["is_connected"], october["is_complete"], october["is_provisional"]) == (True, True, True)
    assert october["caveats"] == [
        {
            "fr": "Mailchimp : l'outil ne garde pas la date d'inscription ; "
            "le jour de création du contact en tient lieu",
            "en": "Mailchimp: the vendor keeps no date of opt-in; the day the contact was created stands for it",
        }
    ]
    partners, _ = served.call("get_kpi", kpi_id="partners")["periods"]
    assert (partners["value"], partners["is_connected"]) == (None, False)


def test_a_value_is_compared_or_it_is_said_why_not(served: Served) -> None:
    told = served.call("compare", kpi_id="purchases", grain="month", period_start=OCTOBER)
    before, last_year = told["comparisons"]
    assert (told["period"]["value"], before["other_value"], before["change"]) == (129, 126, 3)
    assert (before["comparison"], before["direction"], before["is_provisional"]) == ("previous_period", "better", True)
    assert before["change_share"] == pytest.approx(3 / 126)
    assert before["caveats"][0]["en"] == "Mailchimp: counted on a part of the events and scaled up"
    assert (last_year["change"], last_year["reason"]) == (None, "no earlier period")


def test_a_revision_is_explained(served: Served) -> None:
    told = served.call("explain_revision", kpi_id="average_basket", grain="month", period_start=SEPTEMBER)
    [revision] = told["revisions"]
    assert (revision["value_before"], revision["value_after"], revision["cause"]) == (58, 57.5, "shopify")
    assert (revision["numerator_before"], revision["numerator_after"]) == (7250, 7245)
    assert (revision["changed_at"][:10], told["period"]["value"]) == ("2026-10-09", 57.5)


def test_what_is_not_there_is_said_with_a_way_on(served: Served) -> None:
    assert "There is no KPI 'churn': find one with list_kpis" in served.refusal("get_kpi", kpi_id="churn")
    refusal = served.refusal("compare", kpi_id="purchases", grain="month", period_start="2026-10-02")
    assert "No month begins on 2026-10-02: get_kpi says which do." in refusal
    assert served.call("list_kpis", search="xyzzy") == {"kpis": []}
    assert len(served.call("list_kpis")["kpis"]) == 33


def test_a_query_is_answered_within_its_rows(served: Served) -> None:
    answer = served.call("run_sql", query="select kpi_id, value from kpi_values where kpi_id = 'nps' order by value")
    assert answer == {"columns": ["kpi_id", "value"], "rows": [["nps", 40], ["nps", 45]], "has_more": False}
    many = served.call("run_sql", query="select i from range(501) as t(i) order by i")
    assert (len(many["rows"]), many["rows"][-1], many["has_more"]) == (500, [499], True)
    exact = served.call("run_sql", query="select 'nan'::double, 0.1::decimal(4, 2), date '2026-10-01'")
    assert exact["rows"] == [[None, 0.1, "2026-10-01"]]


ONE_SELECT = "Only one query that reads is allowed: a single select."
HOSTILE = [
    ("from read_csv('/etc/passwd')", "file system operations are disabled"),
    ("from read_blob('/proc/self/environ')", "file system operations are disabled"),
    ("from glob('/etc/*')", "file system operations are disabled"),
    ("from '/etc/passwd'", "does not exist"),
    ("attach '{folder}/written.duckdb'", ONE_SELECT),
    ("from query('attach ''{folder}/written.duckdb''')", "Expected a single SELECT statement"),
    ("copy kpi_values to '{folder}/written.csv'", ONE_SELECT),
    ("export database '{folder}/written'", ONE_SELECT),
    ("install httpfs", ONE_SELECT),
    ("load httpfs", ONE_SELECT),
    ("pragma enable_external_access=true", ONE_SELECT),
    ("set enable_external_access = true", ONE_SELECT),
    ("select 1; drop table kpi_values", ONE_SELECT),
    ("delete from kpi_values", ONE_SELECT),
    ("create table kpi_values_2 as from kpi_values", ONE_SELECT),
    ("explain analyze delete from kpi_values", ONE_SELECT),
    ("", ONE_SELECT),
    ("selec 1", "syntax error"),
    ("select repeat('x', 100001)", "The answer is too long"),
    ("select list_sum(range(1, 1000000000))", "memory"),
]


@pytest.mark.parametrize(("query", "said"), HOSTILE, ids=[query or "nothing" for query, _ in HOSTILE])
def test_a_hostile_query_is_refused(served: Served, query: str, said: str) -> None:
    before = (served.folder / "marts.duckdb").read_bytes()
    assert said in served.refusal("run_sql", query=query.replace("{folder}", str(served.folder)))
    assert [path.name for path in served.folder.iterdir()] == ["marts.duckdb"]
    assert (served.folder / "marts.duckdb").read_bytes() == before


def test_an_endless_query_is_ended(served: Served) -> None:
    started = monotonic()
    endless = "with recursive t as (select 1 as i union all select i from t) select count(*) from t"
    assert "The query took longer than 10 seconds" in served.refusal("run_sql", query=endless)
    assert 9 < monotonic() - started < 30


def test_each_call_reads_what_is_published_then(served: Served) -> None:
    query = "select value from kpi_values where kpi_id = 'nps' order by value desc limit 1"
    marts, kept, fresh = (served.folder / name for name in ("marts.duckdb", "kept", "fresh"))
    assert served.call("run_sql", query=query)["rows"] == [[45]]
    shutil.copy(marts, kept)
    shutil.copy(marts, fresh)
    with duckdb.connect(str(fresh)) as connection:
        connection.execute("update kpi_values set value = 46 where kpi_id = 'nps' and value = 45")
    try:
        fresh.replace(marts)
        assert served.call("run_sql", query=query)["rows"] == [[46]]
        assert served.call("get_kpi", kpi_id="nps")["periods"][-1]["value"] == 46
        marts.unlink()
        for tool, asked in (("list_kpis", {}), ("run_sql", {"query": query})):
            assert "does not exist yet. Make it: parcours refresh" in served.refusal(tool, **asked)
    finally:
        kept.replace(marts)
