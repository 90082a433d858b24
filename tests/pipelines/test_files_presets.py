"""Every preset reads a file in the layout of its export."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources.files.presets import PRESETS
from pipelines.sources.files.settings import FilesOptions
from tests.pipelines.files_feeds import pull, query

SHOPIFY = """Name,Email,Financial Status,Paid at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,\
Discount Amount,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country,Cancelled at
#1,a@x.fr,paid,2024-03-05 14:22:10 +0100,yes,EUR,115.00,5.00,20.00,120.00,5.00,\
2024-03-05 14:22:09 +0100,1,Lamp,100.00,L,FR,
#1,a@x.fr,,,,,,,,,,2024-03-05 14:22:09 +0100,2,Bulb,10.00,B,,
"""
ORDERS = "order_id, amount, currency, strftime(paid_at, '%Y-%m-%d %H:%M')"
SPEND = "date_day::varchar, campaign, amount, currency, channel"
LEADS = "length(email_key), strftime(opted_in_at, '%Y-%m-%d %H:%M')"

# preset → what is added to it, the file, the columns to look at, what they hold of the rows that count
EXPORTS: dict[str, tuple[dict[str, Any], str, str, list[tuple[Any, ...]]]] = {
    "shopify_orders": (
        {},
        SHOPIFY,
        "order_id, quantity * unit_price - discount_amount, tax_amount, tax_included, country",
        [("#1", 95, 20, True, "FR"), ("#1", None, 0, True, "FR")],
    ),
    "woocommerce_orders": (
        {"constants": {"currency": "EUR"}},
        'Date,"Order #",Status,Customer,"Customer type",Product(s),"Items sold",Coupon(s),"Net Sales",Attribution\n'
        '"2024-03-05 10:00:00",17,completed,"A B",new,"1× Lamp",1,,100.50,Direct\n'
        '"2024-03-05 11:00:00",18,failed,"A B",new,"1× Lamp",1,,100.50,Direct\n'
        '"2024-03-06 10:00:00",17,refunded,"A B",new,"1× Lamp",-1,,-100.50,Direct\n',
        ORDERS,
        [("17", Decimal("100.5"), "EUR", "2024-03-05 09:00")],
    ),
    "stripe_payments": (
        {},
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Fee,Status,"
        "Description,Customer ID,Customer Email\n"
        'ch_1,2024-03-05 10:00:00,"1,250.00",0.00,eur,true,1.00,Paid,x,cus_1,a@x.fr\n'
        "ch_2,2024-03-05 10:00:00,20.00,0.00,eur,true,1.00,Failed,x,cus_1,a@x.fr\n",
        ORDERS,
        [("ch_1", 1250, "EUR", "2024-03-05 10:00")],
    ),
    "paypal_activity": (
        {"time_format": "%d/%m/%Y %H:%M:%S"},
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address",'
        '"To Email Address","Transaction ID"\n'
        '"05/03/2024","10:00:00","CET","A","Express Checkout Payment","Completed","EUR","1,250.00","-1","9",'
        '"a@x.fr","b@x.fr","T1"\n"06/03/2024","10:00:00","CET","","General Withdrawal","Completed","EUR","-50.00","0",'
        '"-50","b@x.fr","","T2"\n"06/03/2024","10:00:00","CET","","General Currency Conversion","Completed","EUR",'
        '"23.00","0","23","","","T3"\n'
        '"06/03/2024","10:00:00","CET","B","Payment Refund","Completed","EUR","9.00","0","9","b@x.fr","","T4"\n',
        ORDERS,
        [("T1", 1250, "EUR", "2024-03-05 09:00")],
    ),
    "google_ads": (
        {},
        'Campaign report\n"March 1, 2024 - March 3, 2024"\nDay,Campaign,Currency code,Cost,Clicks\n'
        '2024-03-01,Brand,EUR,"1,020.50",10\nTotal: Account, --,--,"1,020.50",10\n',
        SPEND,
        [("2024-03-01", "Brand", Decimal("1020.5"), "EUR", "google_ads")],
    ),
    "meta_ads": (
        {},
        '"Reporting starts","Reporting ends",Day,"Campaign name","Amount spent (EUR)"\n'
        "2024-03-01,2024-03-02,,,60.50\n2024-03-01,2024-03-02,2024-03-01,Spring,60.50\n",
        SPEND,
        [("2024-03-01", "Spring", Decimal("60.5"), "EUR", "facebook_ads")],
    ),
    "meta_ads_fr": (
        {},
        '"Début des rapports","Fin des rapports",Jour,"Nom de la campagne","Montant dépensé (EUR)"\n'
        '2024-03-01,2024-03-02,,,"60,5"\n2024-03-01,2024-03-02,2024-03-01,Printemps,"60,5"\n',
        SPEND,
        [("2024-03-01", "Printemps", Decimal("60.5"), "EUR", "facebook_ads")],
    ),
    "mailchimp_contacts": (
        {},
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME\n"
        "a@x.fr,A,B,2,2024-03-05 09:00:00,2024-03-05 10:00:00\n",
        LEADS,
        [(64, "2024-03-05 10:00")],
    ),
    "brevo_contacts": (
        {"time_format": "%d-%m-%Y %H:%M:%S"},
        "EMAIL;FIRSTNAME;ADDED_TIME;MODIFIED_TIME\na@x.fr;A;05-03-2024 10:00:00;05-03-2024 10:00:00\n",
        LEADS,
        [(64, "2024-03-05 09:00")],
    ),
    "hubspot_contacts": (
        {},
        '"Record ID","First Name","Last Name",Email,"Create Date"\n1,A,B,a@x.fr,"2024-03-05 10:00"\n',
        LEADS,
        [(64, "2024-03-05 09:00")],
    ),
    "typeform_nps": (
        {"columns": {"score": "Would you recommend us?"}},
        "#,Would you recommend us?,Start Date (UTC),Submit Date (UTC)\nabc,9,2024-03-05 09:59:00,2024-03-05 10:00:00\n"
        "abd,,2024-03-05 09:59:00,\n",
        "answer_id, score, survey, strftime(answered_at, '%Y-%m-%d %H:%M')",
        [("abc", 9, "nps", "2024-03-05 10:00")],
    ),
    "zendesk_tickets": (
        {},
        "Ticket ID,Ticket status,Created at,Subject\n12,Solved,2024-03-05 10:00:00,Help\n",
        "ticket_id, status, strftime(created_at, '%Y-%m-%d %H:%M')",
        [("12", "Solved", "2024-03-05 09:00")],
    ),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_reads_its_export(tmp_path: Path, preset: str) -> None:
    own, text, columns, rows = EXPORTS[preset]
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    result = pull(tmp_path, one={"preset": preset, "location": str(tmp_path / "a.csv")} | own)
    assert not [warning for warning in result.warnings if "left out" not in warning]
    table = f"raw_files.{PRESETS[preset].get('entity')}"
    assert query(tmp_path, f"select {columns} from {table} where filtered_by = '' order by row_number") == rows


def test_an_ad_export_that_is_not_by_day_is_refused(tmp_path: Path) -> None:
    export = (
        '"Reporting starts","Reporting ends","Campaign name","Amount spent (EUR)"\n2024-03-01,2024-03-31,Spring,60\n'
    )
    (tmp_path / "a.csv").write_text(export, encoding="utf-8")
    result = pull(tmp_path, one={"preset": "meta_ads", "location": str(tmp_path / "a.csv")})
    assert "has no column 'Day' (for date_day)" in "".join(result.warnings)
    assert query(tmp_path, "select * from raw_files.spend") == []


def test_a_feeds_own_keys_go_before_the_presets() -> None:
    own = {"preset": "meta_ads", "location": "x", "columns": {"amount": "Amount spent (CHF)", "currency": "Cur"}}
    feed = FilesOptions.model_validate({"feeds": {"ads": own}}).feeds["ads"]
    assert feed.columns["amount"].column == ["Amount spent (CHF)"]
    assert feed.columns["campaign"].column == ["Campaign name"]
    assert "currency" not in feed.constants
