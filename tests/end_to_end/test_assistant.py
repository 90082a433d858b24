"""What an assistant finds for a question, and is told, of the demo's business: what the events say."""

from collections.abc import Iterator
from datetime import date

import pytest

from sandbox.truth import Key
from tests.app.asking import Served, serving
from tests.end_to_end.conftest import Refreshed

QUESTIONS = [
    ("Combien de personnes différentes ont visité le site en octobre ?", "unique_visitors"),
    ("How much traffic does Google send us?", "visitors_from_google"),
    ("Facebook nous envoie combien de visiteurs ?", "visitors_from_facebook"),
    ("How many people can we retarget?", "retargeting_audience_size"),
    ("Combien de likes et de partages sur nos publications ?", "social_interactions"),
    ("Combien de temps dure une session en moyenne ?", "avg_session_duration"),
    ("How many visitors leave right away?", "bounce_rate"),
    ("Combien de commentaires en septembre ?", "comments"),
    ("What share of e-mails gets opened?", "email_open_rate"),
    ("Quel est le taux de clic de la newsletter ?", "email_click_rate"),
    ("How many leads did we get last month?", "new_prospects"),
    ("Quel taux de conversion pour la page de capture ?", "capture_page_conversion_rate"),
    ("Combien coûte un prospect ?", "cost_per_prospect"),
    ("How many fans does our Facebook page have?", "facebook_fans"),
    ("Combien de ventes en octobre ?", "purchases"),
    ("Quel est le taux de conversion des fiches produit ?", "product_conversion_rate"),
    ("What is the average order value?", "average_basket"),
    ("Combien de produits vendus en octobre ?", "products_sold"),
    ("How many carts are abandoned?", "cart_abandonment_rate"),
    ("Combien de jours entre l'inscription et le premier achat ?", "avg_days_to_first_purchase"),
    ("How many support requests did we receive?", "support_tickets"),
    ("Quelle est la satisfaction client ?", "customer_satisfaction"),
    ("Do our upsells convert?", "upsell_conversion_rate"),
    ("Quel taux d'ouverture pour les e-mails de relance ?", "followup_email_open_rate"),
    ("How often do customers buy again?", "purchase_frequency"),
    ("Combien de fois parle-t-on de notre marque ?", "brand_mentions"),
    ("What is our Net Promoter Score?", "nps"),
    ("Combien d'avis clients en octobre ?", "customer_reviews"),
    ("How many affiliates promote us?", "affiliates"),
    ("Combien de partenaires avons-nous ?", "partners"),
    ("What share of our leads become customers?", "prospect_to_customer_rate"),
    ("What is our gross margin?", "gross_margin_rate"),
]


@pytest.fixture(scope="module")
def served(refreshed: Refreshed) -> Iterator[Served]:
    with serving(refreshed.places.data) as served:
        yield served


@pytest.mark.parametrize(("question", "kpi_id"), QUESTIONS, ids=[kpi_id for _, kpi_id in QUESTIONS])
def test_a_question_finds_its_kpi_and_what_the_events_say(
    served: Served, refreshed: Refreshed, question: str, kpi_id: str
) -> None:
    nearest = served.call("list_kpis", search=question)["kpis"][0]["kpi_id"]
    assert nearest == kpi_id
    known = 0
    for grain in ("month", "week", "day"):
        periods = served.call("get_kpi", kpi_id=nearest, grain=grain)["periods"]
        assert len(periods) == 14
        for told in periods:
            true = refreshed.true.get(Key(kpi_id, grain, date.fromisoformat(told["period_start"])))
            known += told["value"] is not None
            for name in ("value", "numerator", "denominator"):
                of_truth = getattr(true, name) if true else None
                if name == "value" or of_truth is not None:
                    assert told[name] == (None if of_truth is None else pytest.approx(float(of_truth), rel=1e-9)), told
    assert known  # of what is captured, few
