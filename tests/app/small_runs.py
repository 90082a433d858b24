"""Lines of `runs.jsonl` made by hand, with the fields that a refresh writes."""

import json
from pathlib import Path
from typing import Any

SOURCE: dict[str, Any] = {
    "source": "mailchimp",
    "status": "loaded",
    "rows": 1234,
    "seconds": 3.0,
    "warnings": [],
    "error": "",
}
RUN: dict[str, Any] = {
    "as_of": "2026-03-04 05:00:00+00:00",
    "through": "2026-03-03",
    "started_at": "2026-03-04 05:00:01.123456+00:00",
    "sources": [SOURCE],
    "layers": {"staging": 2.0},
    "published": ["kpi_capture"],
    "seconds": 12.5,
    "error": "",
    "exit_code": 0,
}


def write_runs(folder: Path, *runs: dict[str, Any]) -> None:
    """The log of these runs, oldest first."""
    (folder / "runs.jsonl").write_text("".join(json.dumps(run) + "\n" for run in runs))
