"""Which days a load asks of a vendor: new ones, a window of known ones, now and then a deeper one, a backfill's."""

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pipelines import deletions, load_log
from pipelines.connector import Connector, Options, Plan, PlanKind, Pull, Table

FIRST_STEP_DAYS = 92  # what a first load loses at most when it is stopped
STEP_GROWTH = 4


@dataclass(frozen=True)
class Asked:
    """What a refresh asks of every vendor: the last business day wanted, and the instant it counts as.

    Every `deep_every_days` days (0: never) the days of the last `deep_days` are read again, beyond each table's window.
    """

    through: date
    as_of: datetime
    zone: ZoneInfo
    history_start: date
    deep_every_days: int = 7
    deep_days: int = 400
    accepts_deletions: bool = False

    def of(self, options: Options) -> "Asked":
        """What is asked of one source, whose history begins no earlier than it does itself."""
        begins = min(options.from_day or self.history_start, self.through)
        return replace(self, history_start=max(self.history_start, begins))


def plan_load(connector: Connector, options: Options, warehouse: Path, asked: Asked, deep: bool = True) -> Plan:
    """What a load would ask: all history for what was never loaded, else from the re-read window on.

    Now and then the window is deep, so that what a vendor restates late is found too; `deep=False` leaves that out.
    """
    asked = asked.of(options)
    covered, held = _covered(connector, warehouse), _held(connector, warehouse)
    wanted = [(name, scope) for name in connector.tables for scope in connector.scopes(options, name)]
    known = [covered.get((name, scope.account_id, scope.definition)) for name, scope in wanted]
    is_deep = deep and _is_deep_due([one for one in known if one], asked)
    pulls = []
    for (name, scope), loaded in zip(wanted, known, strict=True):
        table = connector.tables[name]
        window = max(table.reread_days, asked.deep_days) if is_deep and table.kind != "snapshots" else table.reread_days
        first_day, last_day = _earliest(table, asked), asked.through
        # a history that now begins earlier is asked anew
        if loaded and loaded.first_day <= first_day:
            since = min(loaded.last_day, asked.through) - timedelta(days=window - 1)
            unproven = held.get((name, scope.account_id), since)  # of rows held back, which only a new look can prove
            first_day = max(first_day, min(since, asked.through, unproven))
        if loaded and not table.is_dated:
            # a report by period would be cut off at an older --through
            last_day = max(last_day, loaded.last_day)
        pulls.append(Pull(name, scope.account_id, first_day, last_day, scope.definition))
    plan = _plan("deep" if is_deep else "usual", asked, covered, pulls)
    singly = {name for name, table in connector.tables.items() if table.one_by_one}
    plan.begun = _begun(connector, warehouse, singly - {name for name, *_ in covered})
    for name, table in connector.tables.items():
        kept_from = _earliest(table, asked)
        if kept_from > asked.history_start and any(pull.first_day == kept_from for pull in plan.of(name)):
            plan.warn(f"{connector.name}: {name} begins on {kept_from}: the vendor keeps no older days")
    return plan


def steps(connector: Connector, plan: Plan) -> list[Plan]:
    """A plan cut where its days are many: one a quarter of a year long, then ever longer ones.

    The first has all that cannot be cut, too. It is short, so that even a vendor that is slow or gives little a day
    brings each load further; the others grow, so that a long history is not many loads. A deep re-read is whole.
    """
    is_long = [
        connector.tables[pull.table].in_steps and (pull.last_day - pull.first_day).days >= FIRST_STEP_DAYS
        for pull in plan.pulls
    ]
    if plan.kind != "usual" or not any(is_long):
        return [plan]
    last_day = max(pull.last_day for pull in plan.pulls)
    begins = min(pull.first_day for pull, long in zip(plan.pulls, is_long, strict=True) if long)
    found: list[Plan] = []
    days = FIRST_STEP_DAYS
    while begins <= last_day:
        ends = min(begins + timedelta(days=days - 1), last_day)
        pulls = [
            replace(pull, first_day=max(pull.first_day, begins), last_day=min(pull.last_day, ends)) if long else pull
            for pull, long in zip(plan.pulls, is_long, strict=True)
            if (pull.first_day <= ends and pull.last_day >= begins if long else not found)
        ]
        warnings = [] if found else plan.warnings
        found.append(replace(deepcopy(plan), pulls=tuple(pulls), warnings=warnings, is_further=bool(found)))
        begins, days = ends + timedelta(days=1), days * STEP_GROWTH
    return found


def plan_backfill(
    connector: Connector,
    options: Options,
    warehouse: Path,
    asked: Asked,
    first_day: date,
    last_day: date,
    only_dated: bool = False,
) -> Plan:
    """What a backfill asks: the days of dated reports and, unless left out, all else that changed since the first.

    Snapshots cannot be asked again, what was never loaded is a refresh's to load, and days that the vendor no longer
    keeps stay as they are.
    """
    asked = asked.of(options)
    covered = _covered(connector, warehouse)
    pulls = []
    for name, table in connector.tables.items():
        if table.kind == "snapshots" or (only_dated and not table.is_dated):
            continue
        since, until = max(first_day, _earliest(table, asked)), last_day if table.is_dated else asked.through
        for scope in connector.scopes(options, name):
            if since <= until and (name, scope.account_id, scope.definition) in covered:
                pulls.append(Pull(name, scope.account_id, since, until, scope.definition))
    return _plan("backfill", asked, covered, pulls)


def _earliest(table: Table, asked: Asked) -> date:
    """The first day that there is to ask for: asking for days that the vendor dropped would delete them here."""
    if not table.kept_days:
        return asked.history_start
    kept_from = asked.as_of.astimezone(asked.zone).date() - timedelta(days=table.kept_days)
    return min(max(asked.history_start, kept_from), asked.through)


def _covered(connector: Connector, warehouse: Path) -> dict[tuple[str, str, str], load_log.Covered]:
    if not warehouse.exists():
        return {}
    with load_log.connect(warehouse) as connection:
        return load_log.covered(connection, connector.name)


def _held(connector: Connector, warehouse: Path) -> dict[tuple[str, str], date]:
    if not warehouse.exists():
        return {}
    with load_log.connect(warehouse) as connection:
        return deletions.oldest(connection, connector.name)


def _begun(connector: Connector, warehouse: Path, tables: set[str]) -> dict[str, frozenset[str]]:
    """The first key of every row of these tables, which no load has finished yet."""
    if not tables or not warehouse.exists():
        return {}
    found = {}
    with load_log.connect(warehouse) as connection:
        stored = connection.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [f"raw_{connector.name}"]
        ).fetchall()
        for name in tables & {name for (name,) in stored}:
            rows = connection.execute(f'select "{connector.tables[name].key[0]}" from raw_{connector.name}.{name}')
            found[name] = frozenset(str(key) for (key,) in rows.fetchall())
    return {name: keys for name, keys in found.items() if keys}


def _is_deep_due(known: list[load_log.Covered], asked: Asked) -> bool:
    """The last deep load of what is known lies long enough back, in business days."""
    if not asked.deep_every_days or not known:
        return False
    # what the last load could not read is read by the next that can, and makes no other deep
    lately = max(one.as_of for one in known)
    last = min(one.deep_as_of for one in known if one.as_of == lately).astimezone(asked.zone).date()
    return (asked.as_of.astimezone(asked.zone).date() - last).days >= asked.deep_every_days


def _plan(
    kind: PlanKind, asked: Asked, covered: dict[tuple[str, str, str], load_log.Covered], pulls: list[Pull]
) -> Plan:
    hashes = {(table, account): known.content_hash for (table, account, _), known in covered.items()}
    return Plan(
        asked.as_of, asked.through, asked.zone, tuple(pulls), kind, known_hashes=hashes,
        accepts_deletions=asked.accepts_deletions,
    )  # fmt: skip
