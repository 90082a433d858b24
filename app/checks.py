"""`parcours check`: can each connected vendor be read, and as whom; can what they give be kept."""

from datetime import date, datetime, timedelta

from rich.console import Console

from app.printing import say
from app.ready import still_asked
from flows import own_models, purge, transform, troubles
from flows.places import Places
from pipelines import clock, windows
from pipelines.connector import Connector, ConnectorError, CredentialRefused, Options
from pipelines.credentials import ExpiryUnknown, expiry, require
from pipelines.expiry import API_WARN_DAYS
from pipelines.identity import identity_key
from pipelines.opening import WarehouseRefused
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings


def check_data(places: Places, console: Console) -> int:
    """Say what room there is for data, or what a refresh would refuse before it asks anybody; 1 where it would."""
    try:
        free = troubles.look(places)
    except Exception as error:  # noqa: BLE001  the vendors are to be checked all the same
        _say_refused(console, "Data", troubles.explained(error, places.data, places.warehouse) or str(error))
        return 1
    console.print("[green]✓[/green] [bold]Data[/bold]")
    say(console, f"    {places.data}: {free / 1e9:,.1f} GB free")
    return 0


def check_models(places: Places, console: Console) -> int:
    """Say which models are the business's own, or what dbt cannot read of them; 1 where it cannot."""
    if not places.models:
        return 0
    try:
        transform.check(places)
    except transform.ModelsFailed as error:
        _say_refused(console, "Own models", str(error))
        return 1
    console.print("[green]✓[/green] [bold]Own models[/bold]")
    models = [path for path in own_models.files(places.models) if path.suffix == ".sql"]
    tables = own_models.kpi_tables(places.models)
    say(console, f"    {places.models}: {len(models)}, of which {len(tables)} with KPIs")
    return 0


def check_privacy(settings: Settings, places: Places, now: datetime, console: Console) -> int:
    """Say how many persons the next refresh will forget, if it loads nothing new of them; 1 where it will refuse to."""
    if settings.privacy.prospects_months is None or not places.warehouse.exists():
        return 0
    try:
        found = purge.look(places, settings, now)
    except WarehouseRefused as error:
        _say_refused(console, "Privacy", str(error))
        return 1
    said = purge.told(settings, found, now)
    if purge.is_refused(found):
        _say_refused(
            console, "Privacy", f"too many to forget unasked: {said}. If it is meant: parcours refresh --accept-purge"
        )
        return 1
    console.print("[green]✓[/green] [bold]Privacy[/bold]")
    say(console, f"    the next refresh forgets {said}")
    return 0


def check_sources(settings: Settings, places: Places, only: list[str], now: datetime, console: Console) -> int:
    """Say for each source what it is connected to, or what to fix; the number of sources that cannot be read."""
    identity_key()
    unknown = [name for name in only if name not in settings.sources]
    if unknown:
        raise ConnectorError(
            f"{unknown[0]} is not connected; connected are: {', '.join(settings.connected) or 'none'}."
        )
    asked = only or still_asked(settings, places)
    require(CONNECTORS[name] for name in asked)
    here = now.astimezone(settings.business.zone)
    failures = 0
    with clock.listening() as heard:
        for name in asked:
            failures += not _check(CONNECTORS[name], settings.sources[name], here, console)
    if wrong := clock.fault(heard):
        _say_refused(console, "Clock", wrong)
        failures += 1
    if not settings.connected:
        say(console, "No source is connected: add a [sources.…] section to parcours.toml.")
    for name in settings.connected:
        if name not in asked and not only:
            console.print(f"[green]✓[/green] [bold]{CONNECTORS[name].title}[/bold]")
            say(console, f"    {windows.told(settings.sources[name])}")
    for doubt in windows.doubts(settings):
        say(console, f"warning: {doubt}. Correct `from` or `until` in parcours.toml.")
    return min(failures, 1)


def _check(connector: Connector, options: Options, now: datetime, console: Console) -> bool:
    try:
        lines = connector.check(options)
        lines += _life_of_credential(connector, options, now)
    except Exception as error:  # noqa: BLE001  one source's trouble must not hide the others
        _say_refused(console, connector.title, str(error) or type(error).__name__)
        return False
    console.print(f"[green]✓[/green] [bold]{connector.title}[/bold]{_version(connector, now)}")
    for line in lines:
        say(console, f"    {line}")
    return True


def _say_refused(console: Console, what: str, why: str) -> None:
    console.print(f"[red]✗[/red] [bold]{what}[/bold]")
    say(console, f"    {why}")


def _life_of_credential(connector: Connector, options: Options, now: datetime) -> list[str]:
    """How long it lasts, and how to renew it where that is due; one that is over raises."""
    try:
        found = expiry(connector, options)
    except ExpiryUnknown as error:
        return [str(error)]
    if found is None:
        return []
    warning = found.warning(now, connector.advice)
    if found.is_over(now):
        raise CredentialRefused(warning)
    return [f"warning: {warning}" if warning else found.told(now)]


def _version(connector: Connector, now: datetime) -> str:
    """The versions of its API that a source calls; those that end soon are told."""
    if not connector.api_version:
        return ""
    lives = {connector.api_version: connector.api_ends_on, **connector.other_versions}
    return " API " + ", ".join(_life(version, ends_on, now.date()) for version, ends_on in lives.items())


def _life(version: str, ends_on: date | None, today: date) -> str:
    if ends_on is None:
        return version
    if ends_on - today < timedelta(days=API_WARN_DAYS):
        return f"{version} [yellow]ends {ends_on}: upgrade Parcours before[/yellow]"
    return f"{version} ends {ends_on}"
