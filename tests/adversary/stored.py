"""What a warehouse holds of a source, held against what it held before and what it should hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipelines.connector import Connector, Table
from tests.adversary.mutations import Mutation

Row = tuple[Any, ...]
Part = tuple[str, str]  # table, account
Verdict = tuple[Literal["equal", "refused", "believed", "neither"], str]
# What the log says of every load anyway.
USUAL = ("slices", "slice_changes", "refreshes", "identity", "builds", "backfills", "loading", "fields", "loads")


@dataclass(frozen=True)
class Stored:
    """Rows by table, the lines that the load log has of the second day, and what was told in it."""

    tables: Mapping[str, Table]
    rows: Mapping[str, Counter[Row]]
    logged: frozenset[tuple[Any, ...]]
    told: frozenset[str]

    def judged(
        self, before: "Stored", right: "Stored", mutation: Mutation, told: str, words: frozenset[str] = frozenset()
    ) -> Verdict:
        """Equal, or each part that is not is told, by its table or in the endpoint's words, and lost nothing."""
        differing = [name for name in self.tables if self.rows[name] != right.rows[name]]
        if not differing and self.logged == right.logged:
            return "equal", ""
        strange = {name: self._strange(name, before, right) for name in differing}
        lost = {name: self._lost(name, before, right) for name in differing}
        if any(strange.values()):
            return self._new(mutation, right, strange, lost, told)
        for name, rows in lost.items():
            if rows and not (mutation.deletes_one and rows.total() == 1):
                return (
                    "neither",
                    f"{name} lost {sum(rows.values())} rows ({'told' if told else 'silently'}): {_few(rows)}",
                )
        if told:
            unsaid = [name for name in differing if not any(word in told for word in (name, *words))]
            if mutation.kind == "possible" and not any(lost[name] for name in unsaid):
                unsaid = []  # what is new may not be there yet
            return (
                ("neither", f"{unsaid} kept, but not named: {told}")
                if unsaid and not _names_all(told)
                else ("refused", told)
            )
        if mutation.kind == "possible":
            return "believed", f"{differing} lack what is new"
        if not differing:
            return "neither", f"the log lacks {right.logged - self.logged} and says {self.logged - right.logged}"
        lacking = {name: _few(right.rows[name] - self.rows[name]) for name in differing}
        return "neither", f"silently not what it should be: {lacking}"

    def _strange(self, name: str, before: "Stored", right: "Stored") -> Counter[Row]:
        """Rows that neither the state before nor the right one has."""
        return self.rows[name] - (before.rows[name] | right.rows[name])

    def _lost(self, name: str, before: "Stored", right: "Stored") -> Counter[Row]:
        """Rows that both have."""
        return (before.rows[name] & right.rows[name]) - self.rows[name]

    def _new(
        self,
        mutation: Mutation,
        right: "Stored",
        strange: dict[str, Counter[Row]],
        lost: dict[str, Counter[Row]],
        told: str,
    ) -> Verdict:
        """Rows as no vendor gave them: right only where they say what a possible answer said, and nothing else."""
        name, rows = next((name, rows) for name, rows in strange.items() if rows)
        words = f"{name} holds {_few(rows)} in place of {_few(lost[name] or right.rows[name] - self.rows[name])}"
        if mutation.kind == "possible" and mutation.field:
            keys = self.tables[name].columns.names
            known = {_key(self.tables[name], row): row for row in right.rows[name]}
            changed = {
                keys[place]
                for row in rows
                for place, (new, old) in enumerate(zip(row, known.get(_key(self.tables[name], row), row), strict=True))
                if new != old
            }
            # what is missing inside of a list can be missing; the list itself cannot
            whole = changed - {*self.tables[name].nested} if "." in mutation.field else changed
            needed = whole & {*self.tables[name].required, *self.tables[name].key}
            if mutation.name.endswith("missing") and needed:
                return "neither", f"{name}: {sorted(needed)} is needed: {words}"
            return "believed", f"{name}: {sorted(changed)}: {words}"
        return "neither", f"{'told, but ' if told else ''}{words}"


def _key(table: Table, row: Row) -> Row:
    return tuple(row[table.columns.names.index(name)] for name in table.key)


def _few(rows: Counter[Row]) -> str:
    return str([tuple(str(value)[:24] for value in row) for row in list(rows)[:2]])


def _names_all(told: str) -> bool:
    """Whether a reason is one of the whole source: an error, which ends the load."""
    return "Error" in told.split(":")[0] or any(word in told.split(":")[0] for word in NAMES)


NAMES = (
    *("Refused", "Drift", "Busy", "Exhausted", "Gone", "Retired", "Invalid", "TooMuch", "Lost", "Listing", "Repeated"),
    "Spent",
)


def stored(warehouse: Path, connector: Connector, as_of: datetime) -> Stored:
    """Read all of it."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("set timezone = 'UTC'")
        rows = {name: _rows(connection, connector.name, name, table) for name, table in connector.tables.items()}
        logged = connection.execute(
            "select table_name, account_id, definition, first_day, last_day from raw_parcours.loads where as_of = ?",
            [as_of],
        ).fetchall()
        told = _told(connection, as_of)
    return Stored(connector.tables, rows, frozenset(logged), frozenset(told))


def _rows(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table) -> Counter[Row]:
    columns = ", ".join(f'"{column}"' for column in table.columns.names)
    try:
        return Counter(connection.execute(f"select {columns} from raw_{source}.{name}").fetchall())
    except duckdb.CatalogException:
        return Counter()


def _told(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> list[str]:
    """What the log says of this load beside days and counts: caveats, failures, whatever table holds them."""
    tables = connection.execute(
        "select table_name from duckdb_columns() where schema_name = 'raw_parcours' and column_name = 'as_of'"
    ).fetchall()
    found = []
    for (name,) in tables:
        if name not in USUAL:
            rows = connection.execute(f"select * from raw_parcours.{name} where as_of = ?", [as_of]).fetchall()
            found += [f"{name}: {row}" for row in rows]
    warned = connection.execute("select distinct warnings from raw_parcours.loads where as_of = ?", [as_of]).fetchall()
    return found + [text for (text,) in warned if text not in (None, "[]")]
