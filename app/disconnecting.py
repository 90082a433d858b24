"""`parcours disconnect`: what goes of a source or an account, and which published values change with it."""

from collections import defaultdict
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from app.differences import differences
from app.printing import new_table, say
from app.ready import ready
from dashboard.facts import GRAINS
from dashboard.locales import period_text, value_text
from dashboard.published import Rows
from flows import backup
from flows.disconnect import DisconnectRefused, Prepared, finish, found, prepared, text_without, tidy
from flows.places import Places
from pipelines.credentials import variables
from pipelines.disconnection import Part
from pipelines.registry import CONNECTORS
from pipelines.settings import Settings, SettingsError


def disconnect(what: str, places: Places, path: Path, now: datetime, out: Path | None, console: Console) -> None:
    """Say what goes; with a folder for the backup, let it go."""
    settings = ready(path)
    part = found(places, settings, what)
    if part is None:
        tidy(places)
        say(console, f"{what} was disconnected before, and nothing of it is left.")
        return
    before = path.read_text(encoding="utf-8")
    text = text_without(before, settings, part)
    left = _settings_without(path, text, part)
    with prepared(places, left, part, now) as ready_to_go:
        _show(ready_to_go, text != before, path, console)
        _show_values(differences(places.marts, ready_to_go.apart.marts) if places.marts.exists() else [], console)
        if out is None:
            say(console, "Nothing was changed. Do it: the same with --yes, which writes a backup first.")
            return
        finish(ready_to_go, places, path, text, out / backup.name_at(now), now, partial(say, console))
    say(console, f"Disconnected: {part}. Published without it: {places.marts}")
    if not part.account and (names := variables(CONNECTORS[part.source])):
        say(console, f"Its secrets are no longer read, take them out by hand: {', '.join(names)}")


def _settings_without(path: Path, text: str, part: Part) -> Settings:
    """The settings that are left, refused where something in them needs what goes."""
    try:
        return ready(path, instead=text)
    except SettingsError as error:
        raise DisconnectRefused(f"The settings do not hold without {part}. Change this first:\n{error}") from None


def _show(ready_to_go: Prepared, is_named: bool, path: Path, console: Console) -> None:
    part = ready_to_go.part
    if is_named:
        entry = f"{part.account} of {CONNECTORS[part.source].lists} in " if part.account else ""
        say(console, f"Goes from {path}: {entry}[sources.{part.source}]")
    table = new_table("Rows that go")
    table.add_column("table")
    table.add_column("rows", justify="right")
    for name, rows in ready_to_go.rows.items():
        table.add_row(escape(name), f"{rows:,}")
    console.print(table)


def _show_values(rows: Rows, console: Console) -> None:
    """KPI by KPI and grain by grain, how many values change, and how the latest one does."""
    changed: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in rows:
        if row["value_before"] != row["value_after"]:
            changed[row["kpi_id"], row["grain"]].append(row)
    if not changed:
        say(console, "No published value changes.")
        return
    table = new_table("Published values that change")
    for column in ("KPI", "grain", "periods", "latest", "from", "to"):
        table.add_column(column, justify="left" if column in ("KPI", "grain", "latest") else "right")
    for (kpi_id, grain), values in sorted(changed.items(), key=lambda one: (one[0][0], GRAINS.index(one[0][1]))):
        last = max(values, key=lambda row: row["period_start"])
        period = period_text(grain, last["period_start"], "en")
        told = [
            value_text(last[f"value_{when}"], last[f"unit_{when}"], "en") if last[f"unit_{when}"] else ""
            for when in ("before", "after")
        ]
        table.add_row(escape(kpi_id), grain, str(len(values)), period, *told)
    console.print(table)
