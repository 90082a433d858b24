"""The published KPIs as a workbook: what they mean, then a sheet per stage with typed cells.

Every cell is a value of the published file; nothing is computed. What is not known is an empty cell, and no text is
ever taken for a formula.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter

from app import cells
from app.cells import Cells
from app.exported import Exported, Row
from dashboard.locales import day_text, instant_text
from dashboard.words import caveats_of, word
from flows.swapped import swapped_in

PERIOD = ("grain", "period_start", "last_day", "is_complete", "is_provisional")  # of these, what a stage's table has
WIDTH, PERIOD_WIDTH, HEADING_HEIGHT = 15, 12, 62
A4 = 9
NOTE: dict[str, Any] = {"x_scale": 2.5, "y_scale": 1.5}
CATALOG = {
    "stage": 14, "KPI": 34, "column": 26, "definition": 70, "unit": 12, "days_of": 12, "good": 11, "cadence": 14,
    "state": 15, "sources": 30, "caveats": 60,
}  # fmt: skip


def write_workbook(exported: Exported, target: Path) -> None:
    """Write it whole, or leave what is there."""
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        title = word("title of the workbook", exported.language)
        workbook.set_properties({"title": title, "created": exported.business["as_of"].replace(tzinfo=None)})
        found = Cells(workbook)
        names = [word("about", exported.language)]
        _write_about(found, workbook.add_worksheet(names[0]), exported)
        for stage in exported.rows:
            names.append(cells.sheet_name(exported.stages[stage], names))
            _write_stage(found, workbook.add_worksheet(names[-1]), exported, stage)
    with swapped_in(target) as fresh:
        fresh.write_bytes(made.getvalue())


def _write_about(found: Cells, sheet: Any, exported: Exported) -> None:
    language = exported.language
    found.write(sheet, 0, 0, word("title of the workbook", language), cells.TITLE)
    row = 2
    for name, text in _facts(exported):
        found.write(sheet, row, 0, word(name, language), cells.STRONG)
        found.write(sheet, row, 1, text)
        row += 1
    row += 1
    found.write(sheet, row, 0, word("how to read", language), cells.STRONG)
    for text, look in _legend(language):
        found.write(sheet, row, 1, text, look)
        row += 1
    _head(sheet, row := row + 1, len(exported.catalog), len(CATALOG))
    for column, (name, width) in enumerate(CATALOG.items()):
        sheet.set_column(column, column, width)
        found.write(sheet, row, column, word(name, language), cells.HEADING)
    for line, kpi in enumerate(exported.catalog, row + 1):
        for column, text in enumerate(_definition(exported, kpi)):
            found.write(sheet, line, column, text, cells.TEXT)


def _facts(exported: Exported) -> list[tuple[str, str]]:
    business, language = exported.business, exported.language
    first, last = (day_text(business[day], language) for day in ("history_start", "through"))
    week_start = word(business["week_start"], language)
    return [
        ("as of", instant_text(business["as_of"], business["time_zone"], language)),
        ("loaded from", word("from through", language, first=first, last=last)),
        ("days of the business", word("zone and week", language, zone=business["time_zone"], day=week_start)),
        ("currency", business["reporting_currency"]),
    ]


def _legend(language: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (word("a row is", language), cells.PLAIN),
        (word("grey means", language), cells.PLAIN | cells.OPEN),
        (f"~ {word('provisional means', language)}", cells.PLAIN),
        (word("empty means", language), cells.PLAIN),
        (word("parts mean", language), cells.PLAIN),
    ]


def _definition(exported: Exported, kpi: Row) -> list[str]:
    """The row of a KPI in the catalogue, in the order of its columns."""
    language, latest = exported.language, exported.latest(kpi)
    sources = [exported.titles.get(source, source) for source in _listed(latest.get("sources"))]
    unit = exported.business["reporting_currency"] if kpi["unit"] == "money" else word(kpi["unit"], language)
    return [
        *(exported.stages[kpi["stage"]], exported.label(kpi), kpi["kpi_id"], exported.definition(kpi), unit),
        *(word(kpi[name], language) for name in ("days_of", "good", "cadence")),
        word("connected" if latest.get("is_connected") else "not connected", language),
        ", ".join(sources),
        "\n".join(_caveats(exported, kpi)),
    ]


def _caveats(exported: Exported, kpi: Row) -> list[str]:
    """What the vendors say of the exported values, in words."""
    rows = exported.values.get(kpi["kpi_id"], {}).values()
    said = dict.fromkeys(one for row in rows for one in _listed(row["caveats"]))
    return [caveat[exported.language] for caveat in caveats_of(", ".join(sorted(said)), exported.titles)]


def _listed(text: str | None) -> list[str]:
    return text.split(", ") if text else []


def _write_stage(found: Cells, sheet: Any, exported: Exported, stage: str) -> None:
    """Periods, then the KPIs, then the parts that they are made of."""
    rows, columns = exported.rows[stage], exported.columns[stage]
    kpis = exported.of_stage(stage)
    period = [name for name in PERIOD if name in columns]
    parts = [name for name in columns if name not in (*period, *(kpi["kpi_id"] for kpi in kpis))]
    headings = [
        *((word(name, exported.language), columns[name], name, cells.HEADING) for name in period),
        *((_heading(exported, kpi), exported.definition(kpi), kpi["kpi_id"], cells.HEADING) for kpi in kpis),
        *((name, columns[name], name, cells.PART_HEADING) for name in parts),
    ]
    _head(sheet, 0, len(rows), len(headings))
    sheet.freeze_panes(1, len(period))
    sheet.set_row(0, HEADING_HEIGHT)
    for column, (text, note, name, look) in enumerate(headings):
        sheet.set_column(column, column, PERIOD_WIDTH if column < len(period) else WIDTH)
        found.write(sheet, 0, column, text, look)
        sheet.write_comment(0, column, cells.printable(f"{name}\n{note}"), NOTE)
    for line, row in enumerate(rows, 1):
        written = [
            *((_period_cell(name, row, exported.language)) for name in period),
            *((_kpi_cell(exported, kpi, row)) for kpi in kpis),
            *((_part_cell(name, row)) for name in parts),
        ]
        for column, (value, look) in enumerate(written):
            found.write(sheet, line, column, value, look)


def _heading(exported: Exported, kpi: Row) -> str:
    label = exported.label(kpi)
    is_connected = exported.latest(kpi).get("is_connected")
    return label if is_connected else f"{label} ({word('not connected', exported.language)})"


def _period_cell(name: str, row: Row, language: str) -> tuple[Any, dict[str, Any]]:
    value = word(row[name], language) if name == "grain" else row[name]
    return value, cells.marked(cells.PLAIN, row["is_complete"])


def _kpi_cell(exported: Exported, kpi: Row, row: Row) -> tuple[Any, dict[str, Any]]:
    """The KPI's own value, marked by its own flags: of a stage one KPI may be complete and another not."""
    one = exported.values.get(kpi["kpi_id"], {}).get((row["grain"], row["period_start"]))
    if one is None or one["value"] is None:
        return None, cells.PLAIN
    pattern = cells.of_value(one["value"], one["unit"], exported.language)
    if one["is_provisional"]:
        pattern = cells.provisional(pattern)
    return one["value"], cells.marked(cells.PLAIN | {"num_format": pattern}, one["is_complete"])


def _part_cell(name: str, row: Row) -> tuple[Any, dict[str, Any]]:
    look = cells.PLAIN | {"num_format": cells.of_part(name, row[name])}
    return row[name], cells.marked(look, row["is_complete"])


def _head(sheet: Any, row: int, lines: int, columns: int) -> None:
    """What every table has: it is filtered and printed under its heading, which is in that row."""
    sheet.autofilter(row, 0, row + max(lines, 1), columns - 1)
    sheet.set_landscape()
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(row)
