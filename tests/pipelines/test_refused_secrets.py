"""A secret that a vendor refuses: the load says what to do, never the secret, and does not insist."""

from pathlib import Path

import pytest

from pipelines.connector import AccessRefused
from tests.pipelines import (
    test_brevo,
    test_klaviyo,
    test_mailchimp,
    test_shopify,
    test_stripe,
    test_typeform,
    test_woocommerce,
    test_zendesk,
)
from tests.pipelines.vendors import Vendor, written

WRONG = "f00dcafe"
# The vendor, its secret, a wrong one as the vendor writes them, what is advised.
SECRETS = [
    (test_brevo.VENDOR, "API_KEY", f"xkeysib-{WRONG}", "Create an API key in Brevo"),
    (test_klaviyo.VENDOR, "API_KEY", f"pk_{WRONG}", "Create a private API key in Klaviyo"),
    (test_mailchimp.VENDOR, "API_KEY", f"{WRONG}-us1", "Create an API key in Mailchimp"),
    (test_shopify.VENDOR, "ACCESS_TOKEN", f"shpat_{WRONG}", "Create a custom app"),
    (test_stripe.VENDOR, "API_KEY", WRONG, "Create a restricted key in Stripe"),
    (test_typeform.VENDOR, "ACCESS_TOKEN", WRONG, "Create a personal token in Typeform"),
    (test_woocommerce.VENDOR, "CONSUMER_KEY", WRONG, "Create a REST API key with read access in WooCommerce"),
    (test_woocommerce.VENDOR, "CONSUMER_SECRET", WRONG, "Create a REST API key with read access in WooCommerce"),
    (test_zendesk.VENDOR, "API_TOKEN", WRONG, "Create an API token in Zendesk's Admin Center"),
]
NAMED = [f"{vendor.connector.name} {secret}" for vendor, secret, *_ in SECRETS]
RIGHT = ("sandbox-", "pk_sandbox", "tfp_sandbox", "ck_sandbox", "cs_sandbox", test_zendesk.EMAIL)


@pytest.mark.parametrize("is_expired", [True, False], ids=["expired", "wrong"])
@pytest.mark.parametrize(("vendor", "secret", "wrong", "advice"), SECRETS, ids=NAMED)
def test_a_refused_secret_says_what_to_do_and_not_the_secret(
    vendor: Vendor,
    secret: str,
    wrong: str,
    advice: str,
    is_expired: bool,
    tmp_path: Path,
) -> None:
    source = vendor.connector.name
    with vendor.served() as served, pytest.MonkeyPatch.context() as environment:
        if is_expired:
            served.fault(f"/{source}", "token_expired", times=99)
        else:
            environment.setenv(f"SOURCES__{source.upper()}__{secret}", wrong)
        with pytest.raises(AccessRefused, match=advice) as refused:
            vendor.pull(tmp_path)
        assert len(served.requests()) == 1  # asking again cannot help
    assert [text for text in (WRONG, *RIGHT) if text in str(refused.value)] == []
    assert WRONG.encode() not in written(tmp_path)
