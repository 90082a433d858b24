"""Klaviyo's records as JSON:API objects, with all that the vendor says of them unless fields are chosen."""

import uuid
from datetime import datetime

from sandbox.events import Mailing, MailList
from sandbox.vendors.klaviyo.records import METRICS, WRITTEN_BEFORE, Event, Item, Profile, Records, instant, is_archived

PATHS = {"campaign-message": "campaign-messages"}
PERSONAL = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def resource(base: str, kind: str, identifier: str, attributes: Item, **related: list[str] | str) -> Item:
    """A JSON:API object; `related` names other objects by their kind, which is in the plural where they are many."""
    path = f"{base}/{PATHS.get(kind, kind + 's')}/{identifier}"
    relationships: Item = {}
    for name, ids in related.items():
        name = name.replace("_", "-")
        links = {"self": f"{path}/relationships/{name}", "related": f"{path}/{name}"}
        one_or_many: Item | list[Item] = (
            {"type": name, "id": ids} if isinstance(ids, str) else [{"type": name[:-1], "id": one} for one in ids]
        )
        relationships[name] = {"data": one_or_many, "links": links}
    found = {"type": kind, "id": identifier, "attributes": attributes, "links": {"self": path}}
    return found | ({"relationships": relationships} if relationships else {})


def account(base: str) -> Item:
    """The account that the key belongs to."""
    contact = {
        "default_sender_name": "La boutique",
        "default_sender_email": "bonjour@boutique.example",
        "website_url": "https://boutique.example",
        "organization_name": "La boutique",
        "street_address": {"address1": "1 rue du Port", "city": "Nantes", "country": "France", "zip": "44000"},
    }
    attributes = {
        "test_account": False,
        "contact_information": contact,
        "industry": "Ecommerce, Home",
        "timezone": "Europe/Paris",
        "preferred_currency": "EUR",
        "public_api_key": "VkAcct",
        "locale": "fr-FR",
    }
    return resource(base, "account", "VkAcct", attributes)


def metric(base: str, metric_id: str, name: str, integration: str) -> Item:
    """A kind of event, by the integration that brings it."""
    created = "2024-01-08T09:00:00+00:00"
    said = {"object": "integration", "id": integration[:6], "name": integration, "category": "Email"}
    attributes = {"name": name, "created": created, "updated": created, "integration": said}
    return resource(base, "metric", metric_id, attributes)


def event(base: str, one: Event, now: datetime) -> Item:
    """An event with all its properties."""
    attributes = {
        "timestamp": int(one.happened_at.timestamp()),
        "event_properties": one.shown_properties(now),
        "datetime": instant(one.happened_at),
        "uuid": str(uuid.uuid5(PERSONAL, one.event_id)),
    }
    return resource(base, "event", one.event_id, attributes, profile=one.profile_id, metric=METRICS[one.metric])


def profile(base: str, one: Profile, records: Records, now: datetime) -> Item:
    """A profile with its consent, which shows only where it is asked for."""
    person = records.people.get(one.contacts[0].person_id)
    country = person.country if person else None
    attributes = {
        "email": one.address(now) or None,
        "phone_number": (person.phone if person else "") or None,
        "external_id": None,
        "first_name": person.first_name if person else None,
        "last_name": person.last_name if person else None,
        "organization": None,
        "locale": "fr-FR",
        "title": None,
        "image": None,
        "created": instant(one.contacts[0].created_at),
        "updated": instant(one.updated_at(now)),
        "last_event_date": instant(one.updated_at(now)),
        "location": {"address1": person.street if person else None, "country": country, "ip": "192.0.2.1"},
        "properties": {"$consent_form_version": 1},
        "subscriptions": {"email": {"marketing": one.marketing(now)}},
    }
    return resource(base, "profile", one.profile_id, attributes)


def campaign(base: str, one: Mailing, records: Records, now: datetime) -> Item:
    """A campaign: a draft without a time until it is sent."""
    is_sent = one.sent_at <= now
    attributes = {
        "name": f"{one.subject} (envoi)",
        "status": "Sent" if is_sent else "Draft",
        "archived": is_archived(one),
        "audiences": {"included": [one.list_id], "excluded": []},
        "send_options": {"use_smart_sending": True},
        "tracking_options": {"add_tracking_params": True, "custom_tracking_params": [], "is_tracking_opens": True},
        "send_strategy": {"method": "immediate"},
        "created_at": instant(one.sent_at - WRITTEN_BEFORE),
        "scheduled_at": instant(one.sent_at) if is_sent else None,
        "updated_at": instant(records.campaign_updated_at(one, now)),
        "send_time": instant(one.sent_at) if is_sent else None,
    }
    return resource(base, "campaign", one.mailing_id, attributes, campaign_messages=records.messages(one))


def message(base: str, message_id: str, one: Mailing) -> Item:
    """A campaign's message with its subject and sender."""
    content = {
        "subject": one.subject,
        "preview_text": "À lire cette semaine",
        "from_email": "bonjour@boutique.example",
        "from_label": "La boutique",
    }
    attributes = {
        "definition": {"channel": "email", "label": one.subject, "content": content},
        "send_times": [{"datetime": instant(one.sent_at), "is_local": False}],
        "created_at": instant(one.sent_at - WRITTEN_BEFORE),
        "updated_at": instant(one.sent_at - WRITTEN_BEFORE),
    }
    return resource(base, "campaign-message", message_id, attributes, campaign=one.mailing_id)


def mail_list(base: str, one: MailList, members: int) -> Item:
    """A list with its size, which shows only where it is asked for."""
    attributes = {
        "name": one.name,
        "created": instant(one.created_at),
        "updated": instant(one.created_at),
        "opt_in_process": "double_opt_in",
        "profile_count": members,
    }
    return resource(base, "list", one.list_id, attributes)


def flow(base: str, flow_id: str, name: str, created: datetime) -> Item:
    """A flow."""
    attributes = {
        "name": name,
        "status": "live",
        "archived": False,
        "created": instant(created),
        "updated": instant(created),
        "trigger_type": "Metric",
    }
    return resource(base, "flow", flow_id, attributes)
