"""`parcours`: refresh the warehouse, look at the KPIs, see how the sources fare."""

import logging
import os
import sys
import warnings
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from app.alerts import alerts
from app.choices import Format, GrainOrAuto, Language, Output, Stage
from app.ending import Ending
from app.export import export
from app.options import DATA, SETTINGS, DataFolder, InLanguage, SettingsFile, age, examples, settings_file
from app.options import instant as _instant
from app.printing import complain, new_console, say, write_text
from app.schedule import USUAL, At, schedule
from flows.places import Places

if TYPE_CHECKING:
    from flows.refresh import Outcome
    from pipelines.settings import Settings

WITHOUT_SECRETS = ("init", "demo", "sandbox")  # of a business that may lie elsewhere, or is none

console = new_console()


class Commands(TyperGroup):
    """Ends a command that cannot go on with what to do about it, in place of a traceback."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command to run, once the secrets of the business are known, on which its options may rest."""
        from app.secrets_file import beside, load

        if args[0] not in WITHOUT_SECRETS and "--help" not in args:
            load(beside(settings_file(_option(args, "--settings"))))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        from pipelines.connector import ConnectorError

        try:
            return super().invoke(ctx)
        except ConnectorError as error:
            complain(str(error))
            raise typer.Exit(1) from None


cli = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # a local variable may hold a secret
    help="Marketing KPIs from every tool of a small business, in one DuckDB file that can be trusted.",
    epilog="Exit codes: 0 done; 1 not done, and why is on the error stream; 2 the command was not understood; "
    "130 stopped by Ctrl-C, 143 by SIGTERM; `refresh` knows one more.",
)

cli.add_typer(export, name="export")
cli.add_typer(alerts, name="alerts")
cli.add_typer(schedule, name="schedule")


@cli.command(
    epilog=examples(
        "parcours init",
        "parcours init --tool shopify --tool mailchimp",
        "parcours init boutique --name Boutique --zone Europe/Paris --currency EUR",
    )
)
def init(
    folder: Annotated[
        Path, typer.Argument(resolve_path=True, help="The folder of the business; default: here.")
    ] = Path(),
    name: Annotated[str | None, typer.Option(help="What the business is called.")] = None,
    zone: Annotated[str | None, typer.Option(help="The time zone in which its day begins and ends.")] = None,
    currency: Annotated[str | None, typer.Option(help="The currency to report in, ISO 4217.")] = None,
    first_day: Annotated[str | None, typer.Option("--from", metavar="DAY", help="The first day to load.")] = None,
    tool: Annotated[list[str] | None, typer.Option(help="A tool to connect; may be repeated.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: what is not given is as usual.")] = False,
) -> None:
    """Make the folder of a business: settings, the names of its secrets, where each is made; later: add a tool.

    Asks what is not given, where there is a terminal. Nothing that is there is overwritten. Where all is filled in,
    it checks whether each tool can be read. Exit codes: 0 done; 1 not done, or a tool cannot be read.
    """
    from app.new_business import begin

    given = {"name": name, "time_zone": zone, "currency": currency, "history_start": first_day}
    is_asking = sys.stdin.isatty() and not yes
    raise typer.Exit(begin(folder, given, tool or [], is_asking, console))


@cli.command(epilog=examples("parcours demo", "parcours demo --months 3 --data data-demo"))
def demo(
    months: Annotated[int, typer.Option(min=1, help="Months of history to load.")] = 13,
    data: DataFolder = DATA,
) -> None:
    """Load months of history from simulated vendors, refresh twice, and show every KPI table."""
    from app.demo import run_demo

    raise typer.Exit(run_demo(months, Places(data), console))


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog=examples("parcours sandbox --port 8765 --first-day 2025-10-01", "parcours sandbox -- --help"),
)
def sandbox(context: typer.Context) -> None:
    """Start the simulated vendors by hand; prints what to export so that a refresh talks to them.

    Its own options (ports, days, clock, seed) are listed by `parcours sandbox -- --help`.
    """
    import runpy

    sys.argv = ["parcours sandbox", *context.args]
    runpy.run_module("sandbox", run_name="__main__")


@cli.command(
    epilog=examples("parcours check", "parcours check mailchimp facebook_ads"),
)
def check(
    sources: Annotated[list[str] | None, typer.Argument(help="Only these; default: all connected.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The instant to count days left from, ISO 8601 with zone.")] = None,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Call each connected vendor cheaply: account, zone, currency, permissions, days left; or exactly what to fix.

    Also whether a refresh can keep what they give, room on the disk, a warehouse that opens, whether dbt can read the
    business's own models, and how many persons the next refresh will forget. Exit codes: 0 all can be read; 1 something
    cannot, the data not be kept, or too many persons would be forgotten.
    """
    from app.checks import check_data, check_models, check_privacy, check_sources
    from app.ready import ready
    from flows.places import Places

    connected = ready(settings)
    now, places = _instant(as_of), Places(data, connected.models)
    failed = check_sources(connected, places, sources or [], now, console)
    failed |= check_models(places, console)
    failed |= check_privacy(connected, places, now, console)
    raise typer.Exit(check_data(places, console) or failed)


@cli.command(
    epilog=examples(
        "parcours refresh",
        "parcours refresh --source mailchimp --dry-run",
        "parcours refresh --through 2026-10-31 --as-of 2026-11-01T06:00:00+01:00",
        "parcours refresh --accept-deletions mailchimp",
        "parcours refresh --accept-purge",
    ),
)
def refresh(
    source: Annotated[list[str] | None, typer.Option(help="Load only this source; may be repeated.")] = None,
    through: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business day asked for.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The instant this refresh counts as, ISO 8601 with zone.")] = None,
    accept_deletions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE", help="Delete at once what this source no longer has, however much; may be repeated."
        ),
    ] = None,
    accept_purge: Annotated[
        bool,
        typer.Option("--accept-purge", help="Forget who has lapsed ([privacy] prospects_months), however many."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked of whom, and stop.")] = False,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Load every connected source, build and test the models, publish.

    Exit codes: 0 all well; 1 nothing published; 3 published, though a source, a part of one, or what the settings want
    done after publishing failed.
    PREFECT_LOGGING_LEVEL=INFO in the environment adds Prefect's own log.
    """
    from app.plans import show_plans
    from app.ready import armed, ready
    from flows.refresh import run_refresh

    instant = _instant(as_of)
    business = ready(settings, instant)
    last_day = _last_day(through, instant, business)
    only = _known(source or [], business.connected)
    accepted = _known(accept_deletions or [], only or business.connected, "--accept-deletions", "refreshed")
    places = Places(data)
    armed(business, settings, places, only)
    if dry_run:
        show_plans(business, places, last_day, instant, only, console)
        return
    say_it = partial(say, console)
    outcome = run_refresh(
        business, places, last_day, instant, only, say_it, accepted=accepted, accepts_purge=accept_purge
    )
    raise typer.Exit(ended(outcome))


@cli.command(
    epilog=examples(
        "parcours backfill --source facebook_ads --from 2026-03-01 --to 2026-03-31",
        "parcours backfill --source shopify --from 2026-01-01 --to 2026-06-30 --dry-run",
    ),
)
def backfill(
    source: Annotated[str, typer.Option(help="The source to read again.")],
    first_day: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to read again.")],
    last_day: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day to read again.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked, and stop.")] = False,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Read a range of days of one source again, then build, test and publish.

    Dated reports are read day by day in steps of a month; of all else, what changed since --from; snapshots cannot be
    asked again. A run that was stopped goes on where it was when the same command is given again.

    Exit codes: 0 all well; 1 nothing published; 3 published, though the source, a part of it, or what the settings want
    done after publishing failed.
    """
    from app.ready import armed, ready
    from flows.backfill import Backfill, check, steps
    from flows.refresh import run_refresh

    business = ready(settings)
    _known([source], business.connected)
    again, places = Backfill(source, first_day.date(), last_day.date()), Places(data)
    armed(business, settings, places, [source])
    loaded = check(again, business, places)
    if dry_run:
        for first, last in steps(again):
            say(console, f"would read {source} from {first} to {last}")
        console.print("Nothing was asked, nothing was written.")
        return
    as_of = max(_instant(None), loaded.as_of)
    outcome = run_refresh(business, places, loaded.through, as_of, [], partial(say, console), again)
    raise typer.Exit(ended(outcome))


@cli.command(epilog=examples("parcours serve --at 06:00", "parcours serve --at 06:00 --port 4300"))
def serve(
    at: At = USUAL,
    port: Annotated[int, typer.Option(help="Of Prefect's page and API, on this machine alone.")] = 4200,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Stay, and refresh every day, with Prefect's page at hand; at once where the last refresh was missed.

    PREFECT_API_URL in the environment names a server of the business, which is then used.
    """
    from app.serving import serve

    serve(settings, Places(data), at, port, console)


@cli.command(epilog=examples("parcours status", "parcours status --max-age 26h"))
def status(
    max_age: Annotated[
        timedelta | None,
        typer.Option(parser=age, metavar="AGE", help="How old what is published may be, such as 90m, 26h or 2d."),
    ] = None,
    data: DataFolder = DATA,
) -> None:
    """The last refreshes, how each source fared, and whether one is running now.

    Exit codes: 0 shown; 1 what is published is older than --max-age, or nothing is: for whatever watches this machine.
    """
    from app.status import check_age, show_status

    show_status(Places(data), console)
    if max_age:
        check_age(Places(data), max_age, datetime.now(UTC))


@cli.command(
    epilog=examples(
        "parcours kpi",
        "parcours kpi capture --grain week",
        "parcours kpi --grain auto --lang fr",
        "parcours kpi --format csv > kpis.csv",
    ),
)
def kpi(
    stage: Annotated[Stage | None, typer.Argument(help="Only this stage, or only the levers.")] = None,
    grain: Annotated[GrainOrAuto, typer.Option(help="The length of a period; auto: each KPI's cadence.")] = "month",
    output: Annotated[Format, typer.Option("--format", help="To read, or to pass on.")] = "table",
    language: InLanguage = "en",
    data: DataFolder = DATA,
) -> None:
    """Show the published KPIs."""
    from app.kpis import show_kpis

    show_kpis(Places(data), stage, grain, output, language, console)


@cli.command(
    epilog=examples(
        "parcours dashboard --open",
        "parcours dashboard --lang en --out board.html",
        "parcours dashboard --pdf board.pdf",
    )
)
def dashboard(
    is_opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    language: Annotated[
        Language | None, typer.Option("--lang", help="The language that it opens in; default: that of the settings.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write it; default: where each refresh does.")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Print it as PDF to this file (needs Chromium) instead.")] = None,
    data: DataFolder = DATA,
) -> None:
    """Write the dashboard from the published file: one page that needs no server and asks nothing of the network."""
    from app.board import open_board, print_board, write_board

    places = Places(data)
    if pdf:
        print_board(places, pdf, language or "")
        say(console, f"Printed: {pdf}")
        return
    target = out or places.dashboard
    write_board(places, target, language or "")
    say(console, f"Written: {target}")
    if is_opened:
        open_board(target)


@cli.command(epilog=examples("parcours digest --out digest.html", "parcours digest --by month --send"))
def digest(
    grain: Annotated[Literal["week", "month"], typer.Option("--by", help="The periods that it tells of.")] = "week",
    language: Annotated[
        Language | None, typer.Option("--lang", help="Its language; default: that of the settings.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")] = Path("digest.html"),
    is_sent: Annotated[bool, typer.Option("--send", help="Send it to each address of [alerts] instead.")] = False,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Write or send a mail of objectives, what moved and what is unsure, from the published file.

    Exit codes: 0 written, or each service took it; 1 one did not.
    """
    from app.alerts import end_told
    from app.ready import ready
    from dashboard.digest import digest as write
    from flows.digests import send

    written = write(Places(data).marts, grain, language or "")
    if is_sent:
        end_told(send(ready(settings).alerts, Places(data), written))
    write_text(out, written.html)


@cli.command(
    epilog=examples("parcours backup", "parcours backup --out /srv/backups", "parcours backup --out today.tar.zst")
)
def backup(
    out: Annotated[Path, typer.Option(help="The file to write, or the folder to write it into.")] = Path(),
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Write what no refresh can make again into one file: raw tables, history, reviews, log of runs, settings.

    The business's own models are in it, too. It holds no secret: keep those, and PARCOURS_IDENTITY_KEY above all,
    elsewhere. Refused while a refresh runs.
    """
    from flows.backup import backup, name_at

    now = _instant(None)
    target = out / name_at(now) if out.is_dir() else out
    manifest = backup(Places(data), settings, target, now)
    size = target.stat().st_size / 1_000_000
    say(console, f"Written and read again: {target} ({size:.1f} MB, {manifest.told()})")


@cli.command(epilog=examples("parcours forget --dry-run", "parcours forget"))
def forget(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what there is of the person, and stop.")] = False,
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Forget a person, whose e-mail address is asked for or read from standard input; values stay as they are.

    Every row becomes nobody's, under all addresses that the person's contacts have had, and re-reads do not bring the
    person back: docs/privacy.md. Killed, it goes on when it is run again.
    """
    from app.forgetting import forget_person

    address = typer.prompt("E-mail address of the person", err=True) if sys.stdin.isatty() else sys.stdin.readline()
    forget_person(address, Places(data), settings, _instant(None), dry_run, console)


@cli.command(
    epilog=examples(
        "parcours disconnect mailchimp", "parcours disconnect facebook_ads/1234567890 --yes --out /srv/backups"
    )
)
def disconnect(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE|ACCOUNT", help="A source, or one of the accounts, properties, pages, forms, feeds it lists."
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only said what would go.")] = False,
    out: Annotated[Path, typer.Option(help="The folder to write the backup into.")] = Path(),
    settings: SettingsFile = SETTINGS,
    data: DataFolder = DATA,
) -> None:
    """Take a source, or one account of it, out with all that came of it: settings, rows, published values.

    Without --yes it says what goes and which values change, worked out on a copy, and writes nothing. With it, a backup
    comes first; what was reported before stays in kpi_history. Killed, it goes on when it is run again.
    """
    from app.disconnecting import disconnect

    disconnect(what, Places(data), settings, _instant(None), out if yes else None, console)


@cli.command(
    epilog=examples(
        "parcours restore parcours-backup-2026-11-30T07-00Z.tar.zst --data data",
        "parcours restore today.tar.zst --data data --force",
    )
)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `parcours backup` has written.")],
    force: Annotated[bool, typer.Option("--force", help="Move a warehouse that is there aside.")] = False,
    data: DataFolder = DATA,
) -> None:
    """Put a backup into a data directory; the next refresh goes on from it.

    A directory that holds a warehouse is refused, unless by --force.
    """
    from flows.backup import restore
    from pipelines.settings import MODELS

    manifest, aside = restore(file, Places(data), _instant(None), force)
    if aside:
        say(console, f"What was there before is in {aside}")
    say(console, f"Restored: {data} ({manifest.told()})")
    if manifest.has_settings:
        say(console, f"Its settings are in {data / 'parcours.toml'}")
    if manifest.has_models:
        say(console, f"Its own models are in {data / MODELS}")
    say(console, "Publish it: parcours refresh")


@cli.command(epilog=examples("parcours objectives", "parcours objectives --format json"))
def objectives(
    output: Annotated[Output, typer.Option("--format", help="To read, or to pass on.")] = "table",
    data: DataFolder = DATA,
) -> None:
    """Show the objectives in force: what was expected by now, what is, whose they are and when a review is due."""
    from app.objectives import show_objectives

    show_objectives(Places(data), output, console)


@cli.command(
    epilog=examples(
        "parcours diff before.duckdb data/marts.duckdb",
        "parcours diff before.duckdb data/marts.duckdb --format csv > differences.csv",
    )
)
def diff(
    before: Annotated[Path, typer.Argument(metavar="A.duckdb", help="The older published file.")],
    after: Annotated[Path, typer.Argument(metavar="B.duckdb", help="The newer one.")],
    output: Annotated[Format, typer.Option("--format", help="To read, or to pass on.")] = "table",
) -> None:
    """Say which values differ between two published files, and why where the newer one knows it.

    Exit codes: 0 no value differs; 1 some do, or a file cannot be read.
    """
    from app.differences import show_differences

    raise typer.Exit(show_differences(before, after, output, console))


@cli.command(epilog=examples("parcours mcp", "parcours mcp --data /srv/parcours/data"))
def mcp(data: DataFolder = DATA) -> None:
    """Answer an assistant's questions about the published KPIs: an MCP server on standard input and output.

    It reads the published file alone, anew for each question. An assistant starts it: docs/read.md says how.
    """
    from app.assistant import serve

    serve(Places(data))


objective = typer.Typer(
    no_args_is_help=True,
    epilog=examples('parcours objective review prospects --note "On our way; the guide is online."'),
    help="Keep what was found when an objective was looked at.",
)
cli.add_typer(objective, name="objective")


@objective.command(
    epilog=examples(
        'parcours objective review prospects --note "On our way; the guide is online."',
        "parcours objective review prospects --note Late --as-of 2026-11-02T10:00Z",
    )
)
def review(
    objective_id: Annotated[str, typer.Argument(metavar="ID", help="The objective, as parcours.toml names it.")],
    note: Annotated[str, typer.Option(help="What was found or decided.")],
    as_of: Annotated[str | None, typer.Option(help="When it was reviewed, ISO 8601 with zone; default: now.")] = None,
    data: DataFolder = DATA,
) -> None:
    """Record that an objective was reviewed; the next refresh publishes it."""
    from flows.reviews import keep

    keep(Places(data), objective_id, note, _instant(as_of))
    say(console, "Kept. The next refresh publishes it and says when the next review is due: parcours refresh")


def _option(arguments: list[str], name: str) -> str | None:
    """What an option is given, before anything is parsed."""
    for argument, following in zip(arguments, [*arguments[1:], None], strict=True):
        if argument == name:
            return following
        if argument.startswith(f"{name}="):
            return argument.removeprefix(f"{name}=")
    return None


def ended(outcome: "Outcome") -> int:
    """Say why nothing was published, if so; gives the exit code."""
    if outcome.error:
        complain(f"nothing was published. {outcome.error}")
    return outcome.exit_code


def _last_day(through: datetime | None, instant: datetime, settings: "Settings") -> date:
    business = settings.business
    last_day = through.date() if through else business.last_whole_day(instant)
    today = instant.astimezone(business.zone).date()
    if last_day > today:
        said = f"{last_day} has not begun yet: choose --through {today} or earlier"
        raise typer.BadParameter(said, param_hint="--through")
    if last_day < business.history_start:
        said = f"{last_day} is before history_start, {business.history_start}: there is nothing to load yet"
        raise typer.BadParameter(said, param_hint="--through")
    return last_day


def _known(sources: list[str], among: list[str], option: str = "--source", what: str = "connected") -> list[str]:
    for source in sources:
        if source not in among:
            known = ", ".join(among) or "none"
            raise typer.BadParameter(f"{source!r} is not {what}; {what} are: {known}", param_hint=option)
    return sources


def main() -> None:
    """The console script."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    # What matters Parcours says itself; Prefect would add a traceback to every refused credential.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    ending = Ending()
    try:
        cli(prog_name="parcours")
    finally:
        ending.settle()


if __name__ == "__main__":
    main()
