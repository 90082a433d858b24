"""Questions by somebody who knew what each KPI means and nothing of how they are found: no word is chosen by them."""

HELD_BACK = [
    ("How many different people came to our website in October?", "unique_visitors"),
    (
        "Combien de gens sont arrivés chez nous en passant par une recherche Google la semaine dernière ?",
        "visitors_from_google",
    ),
    ("How much traffic did Facebook send to the site last month?", "visitors_from_facebook"),
    ("On peut recibler combien de personnes avec nos pubs en ce moment ?", "retargeting_audience_size"),
    ("Did people like and share our Facebook posts much this week?", "social_interactions"),
    ("En moyenne, les gens restent combien de temps sur le site avant de partir ?", "avg_session_duration"),
    ("What share of visitors leave straight away after seeing just one page?", "bounce_rate"),
    ("Est-ce que les gens ont beaucoup réagi par écrit sous nos publications en septembre ?", "comments"),
    ("How many of our subscribers actually open the newsletters we send, percentage-wise?", "email_open_rate"),
    ("Parmi ceux qui reçoivent nos mails, quelle part va jusqu'à cliquer sur un lien ?", "email_click_rate"),
    ("How many people signed up to our mailing list since Monday?", "new_prospects"),
    (
        "Notre page d'inscription, elle transforme bien les visiteurs en inscrits ? C'est quoi le pourcentage ?",
        "capture_page_conversion_rate",
    ),
    ("What are we paying on average to get one new lead?", "cost_per_prospect"),
    ("On en est à combien d'abonnés sur notre page Facebook ?", "facebook_fans"),
    ("How many orders did we get yesterday?", "purchases"),
    (
        "Quand quelqu'un regarde une fiche article, il finit par l'acheter dans quel pourcentage des cas ?",
        "product_conversion_rate",
    ),
    ("How much does a customer typically spend per order?", "average_basket"),
    ("On a écoulé combien d'articles en tout pendant les soldes de janvier ?", "products_sold"),
    ("What proportion of shoppers fill their cart and then disappear without paying?", "cart_abandonment_rate"),
    (
        "Il faut compter combien de temps entre l'inscription d'un contact et sa toute première commande ?",
        "avg_days_to_first_purchase",
    ),
    ("Was the helpdesk swamped last week? How many requests came in?", "support_tickets"),
    (
        "Nos clients sont contents de nous ces derniers temps ? On a quelle note de satisfaction ?",
        "customer_satisfaction",
    ),
    ("When we suggest a pricier or extra item at checkout, how often do people say yes?", "upsell_conversion_rate"),
    (
        "Les mails de suivi qu'on envoie après l'achat, ils sont ouverts par combien de clients en pourcentage ?",
        "followup_email_open_rate",
    ),
    ("How often does the same customer come back and buy from us again over the year?", "purchase_frequency"),
    ("On a parlé de notre marque combien de fois sur le web ce mois-ci ?", "brand_mentions"),
    ("Would our customers recommend us to their friends? What's the score for the last quarter?", "nps"),
    ("Combien d'avis les clients nous ont laissés depuis la rentrée ?", "customer_reviews"),
    (
        "Of all the leads we have, what percentage end up actually becoming paying customers?",
        "prospect_to_customer_rate",
    ),
    (
        "Une fois le coût des marchandises enlevé, il nous reste quel pourcentage sur le chiffre d'affaires de "
        "novembre ?",
        "gross_margin_rate",
    ),
]
