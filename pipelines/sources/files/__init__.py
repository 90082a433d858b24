"""Files: CSV, spreadsheets, Parquet or JSONL from a folder, archive or URL, mapped to an entity by declared columns."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource

from pipelines.connector import BudgetSpent, Connector, ConnectorError, Plan, Scope, Table
from pipelines.sources.files import entities as files_entities
from pipelines.sources.files import places as files_places
from pipelines.sources.files.entities import ENTITIES, FEEDS, REJECTS
from pipelines.sources.files.filling import SpansPortions
from pipelines.sources.files.mapping import Mapped, mapped
from pipelines.sources.files.places import Content, File
from pipelines.sources.files.reading import read
from pipelines.sources.files.settings import Feed, FilesOptions

# A file is one slice, whatever days it holds: a changed one is read whole, an unchanged one not at all.
REREAD_DAYS = 1
REJECTS_TABLE = "rejects"
CHECKED_ROWS = 1_000
NAMED_FILES = 3


class Reading:
    """One load's way through all files: what was refused in each, and which are still to be read."""

    def __init__(self, options: FilesOptions, plan: Plan) -> None:
        self.options = options
        self.plan = plan
        self.found = files_places.found(options.feeds)
        self.files = {file.file_id: file for file in self.found.files}
        self.waiting = {pull.account_id for pull in plan.pulls if pull.table in ENTITIES}
        self.rejects: dict[str, pa.Table] = {}
        # feed and what happened → how many rows of which file, so that each is told once
        self.told: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)

    def warn_of_absent(self) -> None:
        """Say which feeds have no file, and which files were here before; a first load of nothing is an error."""
        if self.found.missing and not self.files and not self.plan.known_hashes:
            raise ConnectorError("\n".join(self.found.missing))
        for trouble in self.found.missing + self.found.passed:
            self.plan.warn(trouble)
        gone: dict[tuple[str, str], list[str]] = defaultdict(list)
        for table, file_id in sorted(self.plan.known_hashes):
            if table in ENTITIES and self._entity(file_id) != table:
                gone[file_id.split("/")[0], table].append(file_id)
        for (feed, table), files in gone.items():
            are, their = ("are", "their") if len(files) > 1 else ("is", "its")
            self.plan.warn(f"files: {_named(files, feed)} {are} gone; {their} rows stay in raw_files.{table}")

    def _entity(self, file_id: str) -> str | None:
        file = self.files.get(file_id)
        return self.options.feeds[file.feed].entity if file else None

    def rows(self, table: str, file_id: str) -> Iterator[pa.Table]:
        """A file's rows if it has changed; what is wrong with it ends in the plan, and its old rows stay."""
        try:
            found = self._changed(table, self.files.get(file_id))
        except BudgetSpent:
            raise
        except ConnectorError as error:
            self._fail(table, file_id, str(error))
            found = None
        except Exception as error:  # noqa: BLE001  whatever a file does to its reader, the others load
            self._fail(table, file_id, f"cannot be read ({type(error).__name__}): please report this with its layout.")
            found = None
        if found is not None:
            yield from found
        self.waiting.discard(file_id)

    def _changed(self, table: str, file: File | None) -> Iterable[pa.Table] | None:
        if file is None:
            raise ConnectorError("was there a moment ago and is gone.")
        feed = self.options.feeds[file.feed]
        zone = feed.time_zone or self.options.time_zone
        content = files_places.content(file)
        digest = hashlib.sha256(feed.definition(zone).encode())
        content[1].update(digest)  # before it is read: what changes in between is seen by the next load
        content_hash = digest.hexdigest()
        tables = (table, REJECTS_TABLE)
        if all(self.plan.known_hashes.get((name, file.file_id)) == content_hash for name in tables):
            for name in tables:
                self.plan.unchanged(name, file.file_id)
            return None
        names, result = _read(file, content, feed, zone)
        self._keep(file, feed, result)
        # Rows are Arrow tables of the entity's columns, so the file's own are told here.
        self.plan.fields.setdefault(table, set()).update(f"{file.feed}.{name}" for name in names if name)
        for name in tables:
            self.plan.keep_hash(name, file.file_id, content_hash)
        return result.rows

    def _keep(self, file: File, feed: Feed, result: Mapped) -> None:
        """Keep what was refused, and count how much was refused and left out."""
        told = {f"left out by {name!r}": count for name, count in result.left_out.items()}
        refused = len({reject.row_number for reject in result.rejects})
        told[f"refused, see raw_files.{REJECTS_TABLE}"] = refused
        told["have no e-mail address where it should be, and count for nobody"] = result.nobodys
        told["say something else than a later one of the same key, which counts"] = result.overruled
        told["name another currency in an amount than they are in, which is not converted"] = result.foreign
        for what, count in told.items():
            if count:
                self.told[file.feed, what][file.file_id] = count
        if result.overruled:
            self.plan.caveat(feed.entity, file.file_id, "rows_differ", f"{result.overruled:,} rows")
        if result.partial_orders:
            detail = f"{result.partial_orders:,} orders with a refused line have no value"
            self.told[file.feed, "orders"][file.file_id] = result.partial_orders
            self.plan.caveat(feed.entity, file.file_id, "rows_refused", detail)
        elif refused:
            self.plan.caveat(feed.entity, file.file_id, "rows_refused", f"{refused:,} rows")
        place = {"file_id": file.file_id, "feed": file.feed, "entity": feed.entity}
        self.rejects[file.file_id] = pa.Table.from_pylist(
            [place | vars(reject) for reject in result.rejects], schema=REJECTS
        )

    def _fail(self, table: str, file_id: str, reason: str) -> None:
        file = self.files.get(file_id)
        if file:
            reason = files_places.hidden(reason, self.options.feeds[file.feed].location)
        for name in (table, REJECTS_TABLE):
            self.plan.fail(name, file_id, reason)
        self.told[file_id.split("/")[0], f"fails {reason}"][file_id] = 0

    def warn_of_rows(self) -> None:
        """One line per feed and thing that happened, however many files it happened in."""
        for (feed, what), files in self.told.items():
            named, count = _named(list(files), feed), sum(files.values())
            if what.startswith("fails "):
                former = "Its former rows stay." if len(files) == 1 else "Their former rows stay."
                self.plan.warn(f"files: {named} {what.removeprefix('fails ')} {former}")
            elif what == "orders":
                self.plan.warn(f"files: {count:,} orders of {named} have a refused line, and so no value")
            elif what.startswith("refused"):
                self.plan.warn(f"files: {count:,} rows of {named} {what}")
            else:
                self.plan.warn(f"files: {named}: {count:,} rows {what}")


def _named(files: list[str], feed: str) -> str:
    """One file by its name, several by their number and the first names."""
    if len(files) == 1:
        return files[0]
    names = [file.removeprefix(f"{feed}/") for file in files[:NAMED_FILES]]
    return f"{len(files):,} files of {feed} ({', '.join(names)}{', …' if len(files) > NAMED_FILES else ''})"


def _read(
    file: File, content: tuple[File, Content], feed: Feed, zone: str, limit: int | None = None
) -> tuple[list[str], Mapped]:
    """The names of a file's columns, and its rows as the feed maps them."""
    opened, data = content
    form = feed.format or opened.format
    if form is None:
        raise ConnectorError('has a name that does not tell its format: declare `format`, for example "csv".')
    for is_whole in (False, True):
        sheet = read(data, form, feed, limit, is_whole)
        try:
            return sheet.names, mapped(sheet, feed, zone, file.file_id, file.feed)
        except SpansPortions:
            pass
    raise AssertionError("a sheet that is read whole has one portion")


@dlt.source(name="files", section="files", max_table_nesting=0)
def files(options: FilesOptions, plan: Plan) -> Iterator[DltResource]:
    """Every changed file's rows, a resource per entity, and the rows that were refused."""
    reading = Reading(options, plan)
    reading.warn_of_absent()
    for table in ENTITIES:
        yield dlt.resource(_rows(reading, table), name=table)
    yield dlt.resource(_refused(reading), name=REJECTS_TABLE)


def _rows(reading: Reading, table: str) -> Iterator[pa.Table]:
    for pull in reading.plan.of(table):
        yield from reading.rows(table, pull.account_id)


def _refused(reading: Reading) -> Iterator[pa.Table]:
    """What was refused, once it is known: resources take turns, and each file is read in its entity's turn."""
    while reading.waiting:
        yield REJECTS.empty_table()
    reading.warn_of_rows()
    yield from reading.rejects.values()


def scopes(options: FilesOptions, table: str) -> list[Scope]:
    """The files that are there now: each is an account of its entity's table, and of the refused rows."""
    feeds = {name: feed for name, feed in options.feeds.items() if table in (feed.entity, REJECTS_TABLE)}
    return [Scope(file.file_id) for file in files_places.found(feeds).files]


def check(options: FilesOptions) -> list[str]:
    """Read the first rows of each feed's first file as a load would; all feeds that are wrong are told at once."""
    lines, wrong = [], []
    for name, feed in options.feeds.items():
        try:
            lines.append(_check(name, feed, feed.time_zone or options.time_zone))
        except ConnectorError as error:
            wrong.append(files_places.hidden(str(error), feed.location))
    if wrong:
        raise ConnectorError("\n".join(wrong))
    return lines


def _check(name: str, feed: Feed, zone: str) -> str:
    """What the first file is read as, and how many of its first rows are refused."""
    found, others = files_places.files_of(name, feed), files_places.passed_over(feed)
    passed = f"; {others}" if others else ""
    if not found:
        return f"no file yet for {name} at {feed.location}{passed}"
    file = found[0]
    try:
        _, result = _read(file, files_places.content(file), feed, zone, CHECKED_ROWS)
    except ConnectorError as error:
        raise ConnectorError(f"files: {file.file_id} {error}") from None
    except Exception as error:  # noqa: BLE001  as in a load
        raise ConnectorError(f"files: {file.file_id} cannot be read ({type(error).__name__})") from None
    refused = len({reject.row_number for reject in result.rejects})
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    if not refused:
        return f"{file.file_id}{more} as {feed.entity}{passed}"
    first = result.rejects[0]
    example = f"row {first.row_number}: {first.field + ' ' if first.field else ''}{first.reason}"
    checked = refused + result.counts.total()
    said = f"{refused:,} of the first {checked:,} rows would be refused, such as {example}"
    if not result.counts[""]:
        raise ConnectorError(f"files: {file.file_id}: {said}")
    return f"{file.file_id}{more} as {feed.entity}; {said}{passed}"


def _table(columns: pa.Schema, *more_key: str, dated_by: tuple[str, ...] = ()) -> Table:
    return Table(
        columns=columns,
        key=("file_id", "row_number", *more_key),
        kind="slices",
        slice_by=("file_id",),
        reread_days=REREAD_DAYS,
        dated_by=dated_by,
        is_own=True,
        rows_are_unique=True,
    )


CONNECTOR = Connector(
    name="files",
    title="Files",
    tables={name: _table(files_entities.columns(name), dated_by=entity.dated_by) for name, entity in ENTITIES.items()}
    | {REJECTS_TABLE: _table(REJECTS, "field")},
    options=FilesOptions,
    source=files,
    scopes=scopes,
    lists="feeds",
    account_columns=dict.fromkeys([*ENTITIES, REJECTS_TABLE], "feed"),
    check=check,
    feeds=FEEDS,
)
