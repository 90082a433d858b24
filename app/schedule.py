"""`parcours schedule`: what to give to systemd or cron, so that a refresh runs every morning. It installs nothing."""

import getpass
import shlex
import sys
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from app.options import DATA, SETTINGS, DataFolder, SettingsFile, examples
from app.printing import new_console, say, write_text

SYSTEMD = (
    "parcours schedule systemd --at 06:00",
    "sudo parcours schedule systemd --user ada --out /etc/systemd/system",
)
CRON = ("parcours schedule cron --at 06:00", "(crontab -l; parcours schedule cron) | crontab -")
USUAL: Any = "06:00"  # typer parses it
SERVICE = """\
[Unit]
Description=Parcours: refresh of {business}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=4h
StartLimitBurst=3
{on_failure}
[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
ExecStart={refresh}
# 3: published, though something failed, which the refresh has told itself
SuccessExitStatus=3
Restart=on-failure
RestartSec=15min
"""
TIMER = """\
[Unit]
Description=Parcours: every day at {at} in {zone}

[Timer]
OnCalendar=*-*-* {at}:00 {zone}
# a morning on which the machine was off is made up for when it starts
Persistent=true

[Install]
WantedBy=timers.target
"""
FAILED = """\
[Unit]
Description=Parcours: tells that the refresh gave up

[Service]
Type=oneshot
User={user}
ExecStart={tell}
"""
GAVE_UP = "The refresh gave up after three tries. Why: journalctl -u parcours"

schedule = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Print what makes systemd or cron refresh every day; nothing is installed.",
    epilog=examples(SYSTEMD[0], CRON[0]),
)


def clock(text: str) -> time:
    """What --at says."""
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  a time of day, in the business's zone
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time of day; try 06:00") from None


def daily(at: time) -> str:
    """A time of every day, as cron and Prefect are told."""
    return f"{at.minute} {at.hour} * * *"


At = Annotated[time, typer.Option(parser=clock, metavar="HH:MM", help="When, by the business's clock.")]


@schedule.command(epilog=examples(*SYSTEMD))
def systemd(
    at: At = USUAL,
    user: Annotated[str, typer.Option(help="Who refreshes, and owns the data.")] = getpass.getuser(),
    out: Annotated[Path | None, typer.Option(help="The folder to write the units into; printed when left out.")] = None,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Print a service and a timer: three tries, a missed morning is made up for, and giving up is an alert."""
    from app.ready import ready

    business = ready(settings)
    said = {
        "business": _plain(business.business.name),
        "user": user,
        "folder": _plain(str(settings.parent)),
        "refresh": _words(_refresh(settings, data)),
        "on_failure": "OnFailure=parcours-failed.service\n" if business.alerts.to else "",
        "tell": _words([_program(), "alerts", "tell", GAVE_UP, "--settings", str(settings)]),
        "at": f"{at:%H:%M}",
        "zone": business.business.time_zone,
    }
    units = {"parcours.service": SERVICE, "parcours.timer": TIMER}
    if business.alerts.to:
        units["parcours-failed.service"] = FAILED
    for name, unit in units.items():
        text = unit.format_map(said)
        if out:
            write_text(out / name, text)
        else:
            sys.stdout.write(f"# {name}\n{text}\n")
    if out:
        say(new_console(), "Then: systemctl daemon-reload && systemctl enable --now parcours.timer")


@schedule.command(epilog=examples(*CRON))
def cron(at: At = USUAL, settings: SettingsFile = SETTINGS, data: DataFolder = DATA) -> None:
    """Print lines for crontab. A morning on which the machine is off is made up for by the next refresh."""
    from app.ready import ready

    zone = ready(settings).business.zone
    wanted = datetime.combine(datetime.now(zone).date(), at, zone)
    here = wanted.astimezone()  # cron has no zone but the machine's
    if (here.hour, here.minute) != (at.hour, at.minute):
        there = f"{here:%H:%M} by this machine's clock ({here:%Z})"
        sys.stdout.write(f"# {at:%H:%M} in {zone.key} is {there} until the clocks of one change\n")
    line = shlex.join(_refresh(settings, data)).replace("%", r"\%")
    sys.stdout.write(f"{daily(here.time())} {line}\n")


def _program() -> str:
    return str(Path(sys.executable).with_name("parcours"))


def _refresh(settings: Path, data: Path) -> list[str]:
    return [_program(), "refresh", "--settings", str(settings), "--data", str(data)]


def _plain(text: str) -> str:
    """As a unit takes a text; % begins a specifier."""
    return " ".join(text.replace("%", "%%").split())


def _words(command: list[str]) -> str:
    """A command line of a unit, each word in quotes."""
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") for word in command)
    return " ".join(f'"{word}"' for word in quoted)
