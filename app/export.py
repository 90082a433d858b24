"""`parcours export`: the published KPIs as files to take along."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from app.choices import Grain
from app.options import DATA, DataFolder, InLanguage, examples
from app.printing import new_console, say
from flows.places import Places

LONGEST_FIRST = tuple(reversed(get_args(Grain)))
EXAMPLES = ("parcours export xlsx", "parcours export xlsx --lang fr --grain month --out kpis.xlsx")

export = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich", help="Take the published KPIs along.", epilog=examples(*EXAMPLES)
)


@export.callback()
def _group() -> None:
    """A group, whatever the number of its commands."""


@export.command(epilog=examples(*EXAMPLES))
def xlsx(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("parcours.xlsx"),
    grain: Annotated[Grain | None, typer.Option(help="Only periods of this length; all when left out.")] = None,
    language: InLanguage = "en",
    data: DataFolder = DATA,
) -> None:
    """Write a workbook: what each KPI means, then a sheet per stage with its KPIs, their parts and their flags."""
    from app.exported import read_exported
    from app.workbook import write_workbook
    from pipelines.connector import ConnectorError

    exported = read_exported(Places(data).marts, [grain] if grain else LONGEST_FIRST, language)
    try:
        write_workbook(exported, out)
    except OSError as error:
        raise ConnectorError(f"{out} cannot be written ({error.strerror}): choose another --out") from None
    say(new_console(), f"written: {out}")
