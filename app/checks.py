"""`parcours check`: can each connected vendor be read, and as whom."""

from datetime import UTC, date, datetime, timedelta

from rich.console import Console

from app.health import WARN_DAYS
from app.printing import say
from pipelines.connector import Connector, ConnectorError, Options
from pipelines.credentials import require
from pipelines.identity import identity_key
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings


def check_sources(settings: Settings, only: list[str], console: Console) -> int:
    """Say for each source what it is connected to, or what to fix; the number of sources that cannot be read."""
    identity_key()
    unknown = [name for name in only if name not in settings.sources]
    if unknown:
        raise ConnectorError(
            f"{unknown[0]} is not connected; connected are: {', '.join(settings.connected) or 'none'}."
        )
    require(CONNECTORS[name] for name in only or settings.connected)
    failures = 0
    for name in only or settings.connected:
        failures += not _check(CONNECTORS[name], settings.sources[name], console)
    if not settings.connected:
        say(console, "No source is connected: add a [sources.…] section to parcours.toml.")
    return min(failures, 1)


def _check(connector: Connector, options: Options, console: Console) -> bool:
    try:
        lines = connector.check(options)
    except Exception as error:  # noqa: BLE001  one source's trouble must not hide the others
        console.print(f"[red]✗[/red] [bold]{connector.title}[/bold]")
        say(console, f"    {str(error) or type(error).__name__}")
        return False
    console.print(f"[green]✓[/green] [bold]{connector.title}[/bold]{_version(connector)}")
    for line in lines:
        say(console, f"    {line}")
    return True


def _version(connector: Connector) -> str:
    """The versions of its API that a source calls; those that end soon are told."""
    if not connector.api_version:
        return ""
    lives = {connector.api_version: connector.api_ends_on, **connector.other_versions}
    return " API " + ", ".join(_life(version, ends_on) for version, ends_on in lives.items())


def _life(version: str, ends_on: date | None) -> str:
    if ends_on is None:
        return version
    if ends_on - datetime.now(UTC).date() < timedelta(days=WARN_DAYS):
        return f"{version} [yellow]ends {ends_on}: upgrade Parcours before[/yellow]"
    return f"{version} ends {ends_on}"
