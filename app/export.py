"""`parcours export`: the published KPIs as files to take along."""

from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from app.choices import Grain
from app.options import DATA, SETTINGS, DataFolder, InLanguage, SettingsFile, examples
from app.printing import new_console, say
from flows.places import Places

LONGEST_FIRST = tuple(reversed(get_args(Grain)))
XLSX = ("parcours export xlsx", "parcours export xlsx --lang fr --grain month --out kpis.xlsx")
PARQUET = ("parcours export parquet", "parcours export parquet --out kpis")
CSV = ("parcours export csv", "parcours export csv --out kpis-csv")
POSTGRES = ("parcours export postgres", "parcours export postgres --schema kpis")
EmptyFolder = Annotated[Path, typer.Option(help="The folder to write; it must not hold anything yet.")]

export = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Take the published KPIs along.",
    epilog=examples(XLSX[1], PARQUET[1], CSV[1], POSTGRES[1]),
)


@export.command(epilog=examples(*XLSX))
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


@export.command(epilog=examples(*PARQUET))
def parquet(
    out: EmptyFolder = Path("parcours-parquet"),
    data: DataFolder = DATA,
) -> None:
    """Write every published table as a Parquet file, for pandas, polars, Spark and others."""
    _write(out, data, "parquet")


@export.command(epilog=examples(*CSV))
def csv(
    out: EmptyFolder = Path("parcours-csv"),
    data: DataFolder = DATA,
) -> None:
    """Write every published table as a CSV file: UTF-8, commas, a line of names."""
    _write(out, data, "csv")


@export.command(epilog=examples(*POSTGRES))
def postgres(
    schema: Annotated[str, typer.Option(help="The schema to write; made where it is not there.")] = "parcours",
    settings: SettingsFile = SETTINGS,  # beside it lies .env
    data: DataFolder = DATA,
) -> None:
    """Write every published table into a PostgreSQL database, all of them or none.

    PARCOURS_POSTGRES_URL, in the environment or in .env, is its address: postgresql://user:password@host:5432/database.
    """
    from app.postgres import write_schema

    count = write_schema(Places(data).marts, schema)
    say(new_console(), f"written: {schema}, {count} tables")


def _write(out: Path, data: Path, kind: Literal["parquet", "csv"]) -> None:
    from app.tables import write_tables

    count = write_tables(Places(data).marts, out, kind)
    say(new_console(), f"written: {out}, {count} tables")
