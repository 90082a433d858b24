"""The small line of a card: drawn once when the page is written, so that a card needs no script."""

from datetime import date
from typing import Any

import vl_convert
from markupsafe import Markup

from dashboard.facts import Row

WIDTH, HEIGHT = 150, 34  # of the drawing; the card scales it
PERIODS = 13  # a year of months and the one before it
ACCENT, MUTED, TARGET = "var(--accent)", "var(--muted)", "var(--target)"  # of the page's theme
GAP = "break-paths-filter-domains"
Point = dict[str, Any]


def sparkline(rows: list[Row], targets: dict[date, Row]) -> Markup:
    """Complete periods as a line, the open one as a ring, the target as a dashed line; empty without two values."""
    shown = list(enumerate(rows[-PERIODS:]))
    whole = [{"at": at, "value": row["value"] if row["is_complete"] else None} for at, row in shown]
    known = [point for point in whole if point["value"] is not None]
    if len(known) < 2:
        return Markup()
    target = [
        {"at": at, "value": targets[row["period_start"]]["target"]}
        for at, row in shown
        if row["period_start"] in targets
    ]
    opened = [
        {"at": at, "value": row["value"]}
        for at, row in shown[-1:]
        if not row["is_complete"] and row["value"] is not None
    ]
    layers = [
        _layer(target, {"type": "line", "stroke": TARGET, "strokeWidth": 1.2, "strokeDash": [3, 3]}, len(shown)),
        # a gap where there is no value
        _layer(whole, {"type": "line", "stroke": ACCENT, "strokeWidth": 1.6, "invalid": GAP}, len(shown)),
        _layer(known[-1:], {"type": "circle", "color": ACCENT, "size": 28, "opacity": 1}, len(shown)),
        _layer(opened, {"type": "point", "stroke": MUTED, "size": 28, "opacity": 1}, len(shown)),
    ]
    return Markup(_hidden(vl_convert.vegalite_to_svg(_spec(layers))))  # noqa: S704  numbers only


def _layer(points: list[Point], mark: dict[str, Any], length: int) -> dict[str, Any]:
    return {
        "data": {"values": points},
        "mark": mark,
        "encoding": {
            "x": {"field": "at", "type": "quantitative", "axis": None, "scale": {"domain": [0, length - 1]}},
            "y": {"field": "value", "type": "quantitative", "axis": None, "scale": {"zero": False}},
        },
    }


def _spec(layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 4,
        "background": None,
        "config": {"view": {"stroke": None}, "aria": False},
        "layer": layers,
    }


def _hidden(svg: str) -> str:
    """Not read out: the card has the numbers in words."""
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
