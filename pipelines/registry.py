"""Every connector, one line each, in the order in which they are shown."""

from importlib import import_module

from pipelines.connector import Connector

# The name is the module's, and that of the settings' section, the raw schema and the staging folder.
NAMES = (
    "google_analytics",
    "facebook_ads",
    "facebook_page",
    "mailchimp",
    "brevo",
    "klaviyo",
    "shopify",
    "woocommerce",
    "stripe",
    "zendesk",
    "typeform",
    "trustpilot",
    "rewardful",
    "tapfiliate",
    "ecb",
    "files",
)
CONNECTORS: dict[str, Connector] = {name: import_module(f"pipelines.sources.{name}").CONNECTOR for name in NAMES}
