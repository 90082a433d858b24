"""Files: CSV, Parquet or JSONL from a folder or a URL, mapped to a canonical entity by declared columns."""

import hashlib
from collections.abc import Iterator

import dlt
import pyarrow as pa
from dlt.extract.resource import DltResource

from pipelines.connector import Connector, ConnectorError, Plan, Scope, Table
from pipelines.sources.files import entities as files_entities
from pipelines.sources.files import places as files_places
from pipelines.sources.files.entities import ENTITIES, FEEDS, REJECTS
from pipelines.sources.files.mapping import Mapped, check_columns, mapped
from pipelines.sources.files.places import File
from pipelines.sources.files.reading import Sheet, read
from pipelines.sources.files.settings import Feed, FilesOptions

BATCH_ROWS = 100_000
# A file is one slice, whatever days it holds: a changed one is read whole, an unchanged one not at all.
REREAD_DAYS = 1
REJECTS_TABLE = "rejects"


class Reading:
    """One load's way through all files: what was refused in each, and which are still to be read."""

    def __init__(self, options: FilesOptions, plan: Plan) -> None:
        self.options = options
        self.plan = plan
        self.found = files_places.found(options.feeds)
        self.files = {file.file_id: file for file in self.found.files}
        self.waiting = {pull.account_id for pull in plan.pulls if pull.table in ENTITIES}
        self.rejects: dict[str, pa.Table] = {}

    def warn_of_absent(self) -> None:
        """Say which feeds have no file, and which files were here before; a first load of nothing is an error."""
        if self.found.missing and not self.files and not self.plan.known_hashes:
            raise ConnectorError("\n".join(self.found.missing))
        for trouble in self.found.missing + self.found.empty:
            self.plan.warn(trouble)
        for table, file_id in sorted(self.plan.known_hashes):
            if table in ENTITIES and self._entity(file_id) != table:
                self.plan.warn(f"files: {file_id} is gone; its rows stay in raw_files.{table}")

    def _entity(self, file_id: str) -> str | None:
        file = self.files.get(file_id)
        return self.options.feeds[file.feed].entity if file else None

    def rows(self, table: str, file_id: str) -> Iterator[pa.Table]:
        """A file's rows if it has changed; what is wrong with it ends in the plan, and its old rows stay."""
        try:
            found = self._changed(table, self.files.get(file_id))
        except ConnectorError as error:
            self._fail(table, file_id, str(error))
            found = None
        if found is not None:
            yield from _batches(found)
        self.waiting.discard(file_id)

    def _changed(self, table: str, file: File | None) -> pa.Table | None:
        if file is None:
            raise ConnectorError("was there a moment ago and is gone.")
        feed = self.options.feeds[file.feed]
        zone = feed.time_zone or self.options.time_zone
        data = files_places.content(file)
        content_hash = hashlib.sha256(feed.definition(zone).encode() + data).hexdigest()
        tables = (table, REJECTS_TABLE)
        if all(self.plan.known_hashes.get((name, file.file_id)) == content_hash for name in tables):
            for name in tables:
                self.plan.unchanged(name, file.file_id)
            return None
        sheet = _sheet(data, file, feed)
        result = mapped(sheet, feed, zone, file.file_id, file.feed)
        self._keep(file, feed, result)
        # Rows are Arrow tables of the entity's columns, so the file's own are told here.
        self.plan.fields.setdefault(table, set()).update(f"{file.feed}.{name}" for name in sheet.names if name)
        for name in tables:
            self.plan.keep_hash(name, file.file_id, content_hash)
        return result.rows

    def _keep(self, file: File, feed: Feed, result: Mapped) -> None:
        """Keep what was refused, and say how much was refused and left out."""
        for name, count in result.left_out.items():
            self.plan.warn(f"files: {file.file_id}: {count:,} rows left out by {name!r}")
        refused = len({reject.row_number for reject in result.rejects})
        if refused:
            self.plan.warn(f"files: {refused:,} rows of {file.file_id} refused, see raw_files.{REJECTS_TABLE}")
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
        self.plan.warn(f"files: {file_id} {reason} Its former rows stay.")


def _sheet(data: bytes, file: File, feed: Feed) -> Sheet:
    form = feed.format or file.format
    if form is None:
        raise ConnectorError('has a name that does not tell its format: declare `format`, for example "csv".')
    return read(data, form, feed)


def _batches(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, BATCH_ROWS):
        yield table.slice(start, BATCH_ROWS)


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
    yield from reading.rejects.values()


def scopes(options: FilesOptions, table: str) -> list[Scope]:
    """The files that are there now: each is an account of its entity's table, and of the refused rows."""
    feeds = {name: feed for name, feed in options.feeds.items() if table in (feed.entity, REJECTS_TABLE)}
    return [Scope(file.file_id) for file in files_places.found(feeds).files]


def check(options: FilesOptions) -> list[str]:
    """Read the first file of each feed and compare its columns with the mapping."""
    lines = []
    for name, feed in options.feeds.items():
        found = files_places.files_of(name, feed)
        if not found:
            lines.append(f"no file yet for {name} at {feed.location}")
            continue
        try:
            sheet = _sheet(files_places.content(found[0]), found[0], feed)
            check_columns(sheet, feed)
        except ConnectorError as error:
            said = files_places.hidden(str(error), feed.location)
            raise ConnectorError(f"files: {found[0].file_id} {said}") from None
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        lines.append(f"{found[0].file_id}{more} as {feed.entity}")
    return lines


def _table(columns: pa.Schema, *more_key: str, dated_by: tuple[str, ...] = ()) -> Table:
    return Table(
        columns=columns,
        key=("file_id", "row_number", *more_key),
        kind="slices",
        slice_by=("file_id",),
        reread_days=REREAD_DAYS,
        dated_by=dated_by,
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
    check=check,
    feeds=FEEDS,
)
