"""How WooCommerce writes ids, amounts, times and addresses."""

import re
import zlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.events import Person

Row = dict[str, Any]


def number_of(text: str) -> int:
    """WooCommerce's ids are numbers: the digits of the world's id."""
    digits = re.sub(r"\D", "", text)
    return int(digits) if digits else zlib.crc32(text.encode())


def money(cents: int) -> str:
    """An amount as text."""
    return f"{cents / 100:.2f}"


def dates(kind: str, moment: datetime | None, zone: ZoneInfo) -> Row:
    """A time twice: in the shop's zone and in UTC, both without an offset."""
    local, utc = (moment.astimezone(one).strftime("%Y-%m-%dT%H:%M:%S") if moment else None for one in (zone, UTC))
    return {f"date_{kind}": local, f"date_{kind}_gmt": utc}


def address(person: Person) -> Row:
    """An address with all that is personal in it."""
    names = {"first_name": person.first_name, "last_name": person.last_name, "company": ""}
    return names | {"address_1": person.street, "city": "", "postcode": "", "country": person.country}
