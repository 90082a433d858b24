"""The ECB's euro reference rates as files (https://www.ecb.europa.eu/stats/eurofxref/).

`eurofxref-hist.zip` holds one CSV: a row per working day, newest first, a column per currency that ever was in the
list, `N/A` where there is no rate, a comma after the last column. `eurofxref-daily.xml` holds the newest day only.
A rate appears at about 16:00 CET of its day.
"""

from io import BytesIO
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fastapi import APIRouter
from fastapi.responses import Response

from sandbox.events import Rate
from sandbox.state import Sandbox

ENVIRONMENT = {"SOURCES__ECB__BASE_URL": "{url}"}
# The file's own columns, in its own order; currencies that joined the euro or were suspended keep theirs.
CURRENCIES = (
    *("USD", "JPY", "BGN", "CYP", "CZK", "DKK", "EEK", "GBP", "HUF", "LTL", "LVL", "MTL", "PLN", "ROL", "RON"),
    *("SEK", "SIT", "SKK", "CHF", "ISK", "NOK", "HRK", "RUB", "TRL", "TRY", "AUD", "BRL", "CAD", "CNY", "HKD"),
    *("IDR", "ILS", "INR", "KRW", "MXN", "MYR", "NZD", "PHP", "SGD", "THB", "ZAR"),
)
NAMESPACES = (
    'xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"'
)


def router(sandbox: Sandbox) -> APIRouter:
    """Routes under /ecb, with the paths of www.ecb.europa.eu."""
    routes = APIRouter(prefix="/stats/eurofxref")

    @routes.get("/eurofxref-hist.zip")
    def history() -> Response:
        fault = sandbox.faults.take("/ecb/stats/eurofxref/eurofxref-hist.zip")
        if fault and fault.kind == "429":
            return _too_many_requests()
        content = _history_csv(_published(sandbox))
        if fault and fault.kind == "new_column":
            content = content.replace(",\n", ",1.5,\n").replace("ZAR,1.5,", "ZAR,XTS,", 1)
        if fault and fault.kind == "changed_type":
            content = content.replace(".", "·")
        if fault and fault.kind == "missing_column":
            content = _without(content, "USD")
        if fault and fault.kind == "renamed_enum":
            content = content.replace("USD", "USN", 1)
        return Response(_zipped(content), media_type="application/zip")

    @routes.get("/eurofxref-daily.xml")
    def newest_day() -> Response:
        fault = sandbox.faults.take("/ecb/stats/eurofxref/eurofxref-daily.xml")
        if fault and fault.kind == "429":
            return _too_many_requests()
        return Response(_daily_xml(_published(sandbox)), media_type="text/xml")

    return routes


def _published(sandbox: Sandbox) -> list[Rate]:
    """What was published by now; of a corrected rate the correction only."""
    now = sandbox.now()
    shown = sorted((rate for rate in sandbox.world.rates if rate.shown_at <= now), key=lambda rate: rate.shown_at)
    return list({(rate.date_day, rate.currency): rate for rate in shown}.values())


def _history_csv(rates: list[Rate]) -> str:
    by_day: dict[str, dict[str, str]] = {}
    for rate in rates:
        by_day.setdefault(rate.date_day.isoformat(), {})[rate.currency] = rate.rate
    lines = [["Date", *CURRENCIES]]
    lines += [[day, *(by_day[day].get(name, "N/A") for name in CURRENCIES)] for day in sorted(by_day, reverse=True)]
    return "".join(",".join(line) + ",\n" for line in lines)


def _without(content: str, currency: str) -> str:
    """The file without one of its columns."""
    place = content.partition("\n")[0].split(",").index(currency)
    lines = [line.split(",") for line in content.splitlines()]
    return "".join(",".join(line[:place] + line[place + 1 :]) + "\n" for line in lines)


def _zipped(content: str) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        file.writestr(ZipInfo("eurofxref-hist.csv"), content)
    return archive.getvalue()


def _daily_xml(rates: list[Rate]) -> str:
    newest = max((rate.date_day for rate in rates), default=None)
    cubes = "".join(
        f"\t\t\t<Cube currency={quoteattr(rate.currency)} rate={quoteattr(rate.rate)}/>\n"
        for rate in rates
        if rate.date_day == newest
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<gesmes:Envelope {NAMESPACES}>\n'
        "\t<gesmes:subject>Reference rates</gesmes:subject>\n"
        "\t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n"
        f"\t<Cube>\n\t\t<Cube time='{newest}'>\n{cubes}\t\t</Cube>\n\t</Cube>\n</gesmes:Envelope>\n"
    )


def _too_many_requests() -> Response:
    """The ECB documents no limit and no body of its own: what a web server in front of it would answer."""
    return Response("<html><body><h1>429 Too Many Requests</h1></body></html>", 429, media_type="text/html")
