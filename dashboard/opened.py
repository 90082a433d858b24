"""What an opened KPI shows, as columns that compress well: the page unpacks them when somebody opens one."""

import base64
import gzip
import json
from datetime import date
from typing import Any

from dashboard.cards import State, sentence, state, titles
from dashboard.facts import GRAINS, Facts, Row
from dashboard.words import LANGUAGES, Both, caveats_of, words

EPOCH = date(1970, 1, 1)
DECIMALS = 6  # of what is shown; kpi_values holds all
SEGMENT = ("grain", "dimension", "segment", "value", "period_start", "places")
REVISION = (
    *("grain", "period_start", "value_before", "value_after", "unit_after", "changed_at", "cause", "revisions"),
)
SCRIPTED = "detail."  # the words that the page's script says
COMPLETE, PROVISIONAL, CONNECTED = 1, 2, 4  # flags of a period


def packed(facts: Facts) -> str:
    """Everything, as base64 of gzipped JSON."""
    text = json.dumps(_everything(facts), ensure_ascii=False, separators=(",", ":"), default=_plain)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _everything(facts: Facts) -> dict[str, Any]:
    texts = _Texts(facts)
    return {
        "words": {
            language: {
                name.removeprefix(SCRIPTED): said[language]
                for name, said in words().items()
                if name.startswith(SCRIPTED)
            }
            for language in LANGUAGES
        },
        "periods": {grain: _periods(facts, grain) for grain in GRAINS},
        "kpis": {kpi["kpi_id"]: _kpi(facts, kpi, texts) for kpi in facts.catalog},
        "annotations": [
            [row["date_day"], row["kind"], row["text"], row["kpi_id"], row["source"]] for row in facts.annotations
        ],
        "texts": texts.told,
    }


class _Texts:
    """Texts that many periods share, each held once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.told: list[Any] = []
        self.places: dict[tuple[str, str], int] = {}

    def missing(self, row: Row) -> int:
        return self._place("missing", row["missing_sources"])

    def caveats(self, row: Row) -> int:
        return self._place("caveats", row["caveats"])

    def _place(self, kind: str, said: str) -> int:
        if not said:
            return -1
        if (kind, said) not in self.places:
            self.places[kind, said] = len(self.told)
            self.told.append(
                ", ".join(titles(self.facts, said))
                if kind == "missing"
                else [_languages(caveat) for caveat in caveats_of(said, self.facts.titles)]
            )
        return self.places[kind, said]


def _periods(facts: Facts, grain: str) -> dict[str, list[Any]]:
    """The periods of a grain, and which of them lies a year before; the same for every KPI."""
    rows = facts.values[facts.catalog[0]["kpi_id"], grain]
    places = {row["period_start"]: place for place, row in enumerate(rows)}
    return {
        "start": [row["period_start"] for row in rows],
        "end": [row["period_end"] for row in rows],
        "year_before": [places.get(facts.last_years.get((grain, row["period_start"]), EPOCH), -1) for row in rows],
    }


def _kpi(facts: Facts, kpi: Row, texts: _Texts) -> dict[str, Any]:
    grains = {grain: facts.values[kpi["kpi_id"], grain] for grain in GRAINS}
    latest = grains["day"][-1]
    return {
        "label": {"fr": kpi["label_fr"], "en": kpi["label_en"]},
        "definition": {"fr": kpi["definition_fr"], "en": kpi["definition"]},
        "state": _state(state(facts, kpi["kpi_id"])),
        "class": kpi["aggregation_class"],
        "unit": latest["unit"],
        "table": kpi.get("table_name", f"kpi_{kpi['stage']}"),  # of a file that was published before it was told
        "parts": [kpi["numerator"], kpi["denominator"]] if kpi["denominator"] else [],
        "sources": titles(facts, latest["sources"]),
        "grains": {grain: _columns(facts, kpi, rows, texts) for grain, rows in grains.items()},
        "segments": [[row[name] for name in SEGMENT] for row in facts.segments.get(kpi["kpi_id"], [])],
        "revisions": [[row[name] for name in REVISION] for row in facts.revisions.get(kpi["kpi_id"], [])],
    }


def _columns(facts: Facts, kpi: Row, rows: list[Row], texts: _Texts) -> dict[str, Any]:
    grain = rows[0]["grain"]
    targets = facts.targets.get((kpi["kpi_id"], grain), {})
    columns: dict[str, Any] = {
        "value": [_number(row["value"]) for row in rows],
        "flags": [
            row["is_complete"] * COMPLETE + row["is_provisional"] * PROVISIONAL + row["is_connected"] * CONNECTED
            for row in rows
        ],
        "missing": [texts.missing(row) for row in rows],
        "caveats": [texts.caveats(row) for row in rows],
        "sentence": _languages(sentence(facts, kpi, grain)),
    }
    if kpi["denominator"]:
        columns["numerator"] = [_number(row["numerator"]) for row in rows]
        columns["denominator"] = [_number(row["denominator"]) for row in rows]
    if targets:
        columns["target"] = [_number(targets.get(row["period_start"], {}).get("target")) for row in rows]
    return columns


def _number(value: Any) -> float | int | None:
    if value is None:
        return None
    rounded = round(float(value), DECIMALS)
    return int(rounded) if rounded.is_integer() else rounded


def _state(found: State | None) -> dict[str, str] | None:
    return {"status": found.status, **_languages(found.text)} if found else None


def _languages(text: Both) -> dict[str, str]:
    return {language: text[language] for language in LANGUAGES}


def _plain(value: Any) -> Any:
    """A day as days since 1970, an instant as ISO 8601, an amount as a number."""
    if type(value) is date:
        return (value - EPOCH).days
    return value.isoformat() if hasattr(value, "isoformat") else float(value)
