"""A workbook as other programs find it: values through another library, looks from the XML itself."""

import io
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from python_calamine import CalamineWorkbook

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(path: Path) -> list[str]:
    """Their names."""
    return CalamineWorkbook.from_path(str(path)).sheet_names


def table(path: Path, sheet: str) -> list[list[Any]]:
    """All cells of a sheet; an empty one is an empty text."""
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python()


def parts(path: Path, pattern: str) -> list[str]:
    """The XML of each part of that name."""
    with ZipFile(path) as archive:
        return [archive.read(name).decode() for name in archive.namelist() if re.fullmatch(pattern, name)]


def look(path: Path, sheet: str, cell: str) -> tuple[str, bool, str]:
    """A cell's number format, whether it is italic, and its colour."""
    number = sheets(path).index(sheet) + 1
    [found] = parts(path, rf"xl/worksheets/sheet{number}\.xml")
    [styles] = parts(path, r"xl/styles\.xml")
    [one] = [c for c in _all(found, "c") if c.get("r") == cell]
    style = next(x for x in _all(styles, "cellXfs"))[int(one.get("s", "0"))]
    formats = {x.get("numFmtId"): x.get("formatCode", "") for x in _all(styles, "numFmt")}
    font = next(x for x in _all(styles, "fonts"))[int(style.get("fontId", "0"))]
    colour = font.find(f"{SPREADSHEET}color")
    return (
        formats.get(style.get("numFmtId"), ""),
        font.find(f"{SPREADSHEET}i") is not None,
        "" if colour is None else colour.get("rgb", ""),
    )


def _all(text: str, name: str) -> list[ElementTree.Element]:
    return [x for _, x in ElementTree.iterparse(io.StringIO(text)) if x.tag == f"{SPREADSHEET}{name}"]  # noqa: S314
