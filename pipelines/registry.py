"""Every connector, one line each."""

from pipelines.connector import Connector
from pipelines.sources import ecb, facebook_ads, facebook_page, files, google_analytics, mailchimp

CONNECTORS: dict[str, Connector] = {
    connector.name: connector
    for connector in (
        google_analytics.CONNECTOR,
        facebook_ads.CONNECTOR,
        facebook_page.CONNECTOR,
        mailchimp.CONNECTOR,
        ecb.CONNECTOR,
        files.CONNECTOR,
    )
}
