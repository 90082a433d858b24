"""A backup is one file with what no refresh can make again; a restore puts it into a data directory.

A tar, packed with zstd: a manifest, then the warehouse without its models, the log of runs, the settings, which hold no
secret, and the business's own models. The manifest says what each file must be.
"""

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from flows import own_models
from flows.one_at_a_time import held
from flows.places import Places
from flows.swapped import swapped_in
from flows.troubles import explained
from pipelines import kept, migrations
from pipelines.connector import ConnectorError
from pipelines.opening import opened
from pipelines.settings import MODELS, models_beside

FORMAT = 2  # since it holds the business's own models
MANIFEST, SETTINGS = "manifest.json", "parcours.toml"
PART = 1 << 20  # bytes at once


class BackupRefused(ConnectorError):
    """A file is no whole backup, or not one for this program; the message says what to do."""


class RestoreRefused(ConnectorError):
    """The data directory holds a warehouse already."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: table → rows of its warehouse, and file → SHA-256."""

    format: int
    made_at: str
    schema_version: int
    tables: dict[str, int]
    files: dict[str, str]

    @property
    def has_settings(self) -> bool:
        """Whether there was a settings file."""
        return SETTINGS in self.files

    @property
    def has_models(self) -> bool:
        """Whether the business had models of its own."""
        return any(name.startswith(f"{MODELS}/") for name in self.files)

    def told(self) -> str:
        """How much it holds and of when, in words."""
        return f"{sum(self.tables.values()):,} rows in {len(self.tables)} tables, of {self.made_at[:16]}"


def name_at(now: datetime) -> str:
    """What a backup made at an instant is called."""
    return f"parcours-backup-{now.astimezone(UTC):%Y-%m-%dT%H-%MZ}.tar.zst"


def backup(places: Places, settings: Path, target: Path, now: datetime) -> Manifest:
    """Write a backup, alone as a refresh is, and read it again before it takes its place."""
    with held(places):
        return write(places, settings, target, now)


def write(places: Places, settings: Path, target: Path, now: datetime) -> Manifest:
    """The same by whom the data directory is held already."""
    if not places.warehouse.exists():
        raise ConnectorError(f"{places.warehouse} does not exist yet. Make it: parcours refresh")
    with _working(places) as folder:
        tables, version = _copied(places.warehouse, folder / places.warehouse.name)
        for path, name in ((places.runs, places.runs.name), (settings, SETTINGS)):
            if path.exists():
                shutil.copyfile(path, folder / name)
        _copy_models(models_beside(settings), folder / MODELS)
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {path.relative_to(folder).as_posix(): _hash(path) for path in found}
        manifest = Manifest(FORMAT, now.isoformat(), version, tables, files)
        try:
            with swapped_in(target) as fresh:
                _pack(fresh, manifest, folder)
                read(fresh)
        except OSError as error:
            raise BackupRefused(f"{target} cannot be written ({error.strerror}): choose another --out.") from None
    return manifest


def restore(path: Path, places: Places, now: datetime, force: bool = False) -> tuple[Manifest, Path | None]:
    """Put a backup into a data directory; gives what it holds, and where what was there before is now.

    Raises `RestoreRefused` where there is a warehouse, unless by `force`; `BackupRefused` before anything is changed.
    """
    with held(places), _working(places) as folder:
        if places.warehouse.exists() and not force:
            raise RestoreRefused(
                f"{places.warehouse} exists: choose another --data, or move what is there aside with --force."
            )
        manifest = read(path, folder)
        if kept.count(folder / places.warehouse.name) != manifest.tables:
            raise BackupRefused(f"{path} does not hold the rows that it says: take another backup.")
        aside = _moved_aside(places, now)
        for path in sorted(folder.iterdir()):
            os.replace(path, places.data / path.name)
    return manifest, aside


def read(path: Path, into: Path | None = None) -> Manifest:
    """Compare every file of a backup with its manifest, and write them `into` a folder.

    Raises `BackupRefused` for what is damaged, or was written by a newer program.
    """
    try:
        with (
            path.open("rb") as file,
            pa.CompressedInputStream(file, "zstd") as stream,
            tarfile.open(fileobj=stream, mode="r|") as tar,
        ):
            manifest = _manifest(tar)
            found = {member.name: _extracted(tar, member, into) for member in tar if member.name in manifest.files}
    except (OSError, ValueError, TypeError, EOFError, tarfile.TarError) as error:
        if isinstance(error, OSError) and error.errno:
            raise BackupRefused(f"{path} cannot be read or unpacked: {error.strerror}.") from None
        raise BackupRefused(f"{path} is damaged or no backup: take another one.") from None
    if found != manifest.files:
        raise BackupRefused(f"{path} is damaged: take another backup.")
    return manifest


@contextmanager
def _working(places: Places) -> Iterator[Path]:
    """A folder to prepare files in."""
    folder = places.data / "backup"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed one left
    folder.mkdir()
    try:
        yield folder
    except (OSError, duckdb.Error) as error:
        raise BackupRefused(explained(error, places.data, places.warehouse) or str(error)) from None
    finally:
        shutil.rmtree(folder)


def _copy_models(models: Path | None, folder: Path) -> None:
    if models is None:
        return
    for path in own_models.files(models):
        copy = folder / path.relative_to(models)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _copied(warehouse: Path, target: Path) -> tuple[dict[str, int], int]:
    """The rows of each table, and the schema version."""
    with opened(warehouse, read_only=True) as connection:
        migrations.is_behind(connection)  # what a newer program has written is left to it
        version = migrations.version(connection)
        return kept.copy(connection, warehouse.stem, target), version


def _pack(path: Path, manifest: Manifest, folder: Path) -> None:
    text = json.dumps(asdict(manifest), indent=1).encode()
    with (
        path.open("wb") as file,
        pa.CompressedOutputStream(file, "zstd") as stream,
        tarfile.open(fileobj=stream, mode="w|") as tar,
    ):
        _add(tar, MANIFEST, len(text), BytesIO(text))
        for name in manifest.files:
            with (folder / name).open("rb") as content:
                _add(tar, name, (folder / name).stat().st_size, content)


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    tar.addfile(member, content)


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    content = tar.extractfile(first) if first and first.name == MANIFEST else None
    if not content:
        raise ValueError("no manifest")
    said = json.load(content)
    if said["format"] > FORMAT or said["schema_version"] > len(migrations.MIGRATIONS):
        raise BackupRefused(
            f"The backup was made by a newer version of Parcours (schema version {said['schema_version']}; this one "
            f"knows those up to {len(migrations.MIGRATIONS)}): install that version again."
        )
    others = set(said["files"]) - {"warehouse.duckdb", "runs.jsonl", SETTINGS}
    if any(not name.startswith(f"{MODELS}/") or ".." in name.split("/") for name in others):
        raise ValueError("files that no backup holds")
    return Manifest(**said)


def _extracted(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path | None) -> str:
    """The hash of a file, which is written where it is wanted."""
    found = hashlib.sha256()
    content = tar.extractfile(member)
    target = into / member.name if into else Path(os.devnull)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while content and (part := content.read(PART)):
            found.update(part)
            file.write(part)
    return found.hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _moved_aside(places: Places, now: datetime) -> Path | None:
    """What a restore takes the place of, dlt's notes of another warehouse among it; what readers open stays."""
    log_of = places.warehouse.with_name(places.warehouse.name + ".wal")
    there = [
        path
        for path in (places.warehouse, log_of, places.runs, places.state, places.data / SETTINGS, places.data / MODELS)
        if path.exists()
    ]
    if not there:
        return None
    aside = places.data / f"before-restore-{now.astimezone(UTC):%Y-%m-%dT%H-%M-%SZ}"
    aside.mkdir()
    for path in there:
        os.replace(path, aside / path.name)
    return aside
