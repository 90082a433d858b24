"""Where files lie: a feed's location to the files it means now, with names that hold no secret."""

import glob
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit
from zipfile import BadZipFile, ZipFile

from pipelines.connector import ConnectorError
from pipelines.http import session
from pipelines.sources.files.settings import Feed, Format

EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xlsb": "xlsx",
    ".xls": "xlsx",
    ".ods": "xlsx",
}
ARCHIVE = ".zip"
HIDDEN = (".", "~$")  # and what Excel writes beside a file that is open
NAMED = 3
VARIABLE = re.compile(r"\$\{(\w+)\}")
WILDCARD = re.compile(r"[*?\[]")
CHUNK_BYTES = 1 << 20
DOWNLOADS = 3
WHOLE_ENDS = (b"\n", b"\r", b"PAR1")  # of a text, of a Parquet file
GZIP_MARK = b"\x1f\x8b"  # a zipped file knows by itself whether it is whole
ADVICE = "Check the address of the feed, and the variables that it names."


@dataclass(frozen=True)
class File:
    """One file of a feed. `file_id` is its key in the warehouse; `place` is where to read it, and may be secret."""

    file_id: str
    feed: str
    place: str = field(repr=False)
    member: str = ""  # the file's name in an archive

    @property
    def path(self) -> str:
        """The file's own path, in its archive or where it lies."""
        return self.member or (urlsplit(self.place).path if is_url(self.place) else self.place)

    @property
    def is_archive(self) -> bool:
        """Whether it is an archive whose files have yet to be seen."""
        return self.path.lower().endswith(ARCHIVE)

    @property
    def format(self) -> Format | None:
        """What the name's ending says."""
        path = self.path
        return EXTENSIONS.get(Path(path.lower().removesuffix(".gz")).suffix)


@dataclass(frozen=True)
class Content:
    """A file's bytes: in memory, or on disk, from where they are read anew each time and never as a whole."""

    data: bytes = field(default=b"", repr=False)
    place: str = field(default="", repr=False)

    def open(self) -> BinaryIO:
        """The bytes as a stream."""
        return Path(self.place).open("rb") if self.place else BytesIO(self.data)

    def read(self, size: int = -1) -> bytes:
        """The first bytes, or all."""
        with self.open() as stream:
            return stream.read(size)

    def update(self, digest: Any) -> None:
        """Add the bytes to a hash."""
        with self.open() as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)

    def last_byte(self) -> bytes:
        """The last one that is not zero, with which some programs fill what they write."""
        with self.open() as stream:
            left = stream.seek(0, SEEK_END)
            while left:
                size = min(left, CHUNK_BYTES)
                left -= size
                stream.seek(left)
                if found := stream.read(size).rstrip(b"\0"):
                    return found[-1:]
        return b""


@dataclass(frozen=True)
class Found:
    """Every file of every feed, what to say of feeds whose place is missing, and of what others pass over."""

    files: list[File]
    missing: list[str]
    passed: list[str]


def is_url(location: str) -> bool:
    """Whether a location, its variables replaced, is read over HTTP."""
    return location.lower().startswith(("http://", "https://"))


def expanded(location: str) -> str:
    """A location with its `${NAME}` replaced from the environment."""

    def value(found: re.Match[str]) -> str:
        known = os.environ.get(found[1], "")
        if not known:
            raise ConnectorError(f"{found[1]} is not set: set it in the environment to what `location` needs.")
        return known

    return VARIABLE.sub(value, location)


def hidden(text: str, location: str) -> str:
    """A message without what the variables of a location stand for."""
    values = {os.environ.get(name, ""): name for name in VARIABLE.findall(location)}
    values |= {urlsplit(value).path: name for value, name in values.items() if is_url(value)}
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = text.replace(value, f"${{{values[value]}}}")
    return text


def found(feeds: Mapping[str, Feed]) -> Found:
    """Look for the files of feeds."""
    files: list[File] = []
    missing: list[str] = []
    passed: list[str] = []
    for name, feed in feeds.items():
        try:
            its_files = files_of(name, feed)
        except ConnectorError as error:
            missing.append(str(error))
            continue
        files += its_files
        if not its_files:
            passed.append(f"files: feed {name}: no file yet at {feed.location}")
        if others := passed_over(feed):
            passed.append(f"files: feed {name}: {others}")
    return Found(files, missing, passed)


def files_of(name: str, feed: Feed) -> list[File]:
    """The files of one feed, by name."""
    try:
        location = expanded(feed.location)
    except ConnectorError as error:
        raise ConnectorError(f"files: feed {name}: {error}") from None
    if is_url(location):
        return [File(f"{name}/{_url_name(feed.location)}", name, location)]
    start, paths = _listed(feed.path(location), feed)
    if not start.is_dir():
        raise ConnectorError(
            f"files: feed {name}: nothing to read at {feed.location}: correct `location`, which counts from the "
            "folder of the settings file, or put the files there."
        )
    kept = (path for path in paths if path.is_file() and not path.name.startswith(HIDDEN))
    files = [File(f"{name}/{path.relative_to(start).as_posix()}", name, str(path)) for path in kept]
    return sorted((one for file in files for one in _unpacked(file)), key=lambda file: natural(file.file_id))


def passed_over(feed: Feed) -> str:
    """Which files of a feed's folder no reader takes by their ending."""
    location = expanded(feed.location)
    folder = feed.path(location)
    if feed.format or is_url(location) or not folder.is_dir():
        return ""
    inside = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(HIDDEN)]
    names = sorted(path.name for path in inside if not _is_read(path))
    listed = f"{', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''}"
    return f"{len(names):,} files are passed over, whose ending tells no format ({listed})" if names else ""


def natural(name: str) -> tuple[str, str]:
    """What file names are sorted by: "export", "export (2)", "export (10)". The models' macro of that name agrees."""
    stem = re.sub(r"\.[a-z]\w*(\.gz)?$", "", name.lower())
    return re.sub(r"\d+", lambda found: found[0].zfill(20)[-20:], stem), name


def _unpacked(file: File) -> list[File]:
    """An archive's files; itself where it cannot be opened, which is told when it is read."""
    if not file.is_archive:
        return [file]
    try:
        with ZipFile(file.place) as archive:
            names = _data_files(archive)
    except (OSError, BadZipFile):
        names = []
    return [File(f"{file.file_id}/{name}", file.feed, file.place, name) for name in names] or [file]


def _data_files(archive: ZipFile) -> list[str]:
    names = [name for name in dict.fromkeys(archive.namelist()) if not re.search(r"(^|/)(\.|__MACOSX/)", name)]
    return [name for name in names if File("", "", "", name).format]


def _member(file: File, data: bytes) -> tuple[File, Content]:
    """A file in an archive, and its bytes; an archive from the web holds one."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = [file.member] if file.member else _data_files(archive)
            if len(names) != 1:
                held = f"several ({', '.join(names[:5])}): put them into a folder" if names else "none that can be read"
                raise ConnectorError(f"is an archive that should hold one file, and holds {held}.")
            return replace(file, member=names[0]), Content(archive.read(names[0]))
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ConnectorError(f"cannot be unpacked ({error}).") from None


def _listed(location: Path, feed: Feed) -> tuple[Path, list[Path]]:
    """The directory from which files are named, and what is in a folder, matches a wildcard, or is the one file."""
    if location.is_file():
        return location.parent, [location]
    if location.is_dir():
        return location, [path for path in location.iterdir() if feed.format or _is_read(path)]
    fixed = WILDCARD.split(str(location))[0]
    if fixed == str(location):
        return location, []
    return Path(fixed + "x").parent, [Path(path) for path in glob.glob(str(location), recursive=True)]


def _is_read(path: Path) -> bool:
    file = File("", "", path.name)
    return file.is_archive or file.format is not None


def _url_name(location: str) -> str:
    """The path of an address as the settings write it: variables stay names, since they may be secrets."""
    without_query = re.split(r"[?#]", location)[0]
    path = urlsplit(without_query).path if is_url(location) else re.sub(r"^\$\{\w+\}/", "", without_query)
    return unquote(path).strip("/") or "index"


def content(file: File) -> tuple[File, Content]:
    """A file's bytes, on disk or from HTTP; of an archive those of the file in it, which is then told."""
    if is_url(file.place):
        try:
            data = _downloaded(file.place)
        except ConnectorError as error:
            raise ConnectorError(f"cannot be fetched: {str(error).removeprefix('files: ')}.") from None
    else:
        is_packed = file.member or file.is_archive
        try:
            data = Content(place=file.place).read(-1 if is_packed else 1)
        except OSError as error:
            raise ConnectorError(f"cannot be opened ({error.strerror}).") from None
        if not is_packed:
            return file, Content(place=file.place)
    return _member(file, data) if file.member or file.is_archive else (file, Content(data))


def _downloaded(url: str) -> bytes:
    """The body; the longest of a few where it ends like one that was cut on the way, since no length tells."""
    with session("files", ADVICE, gives_files=True) as http:
        longest = b""
        for _ in range(DOWNLOADS):
            body = http.get(url).content
            longest = max(longest, body, key=len)
            if body.endswith(WHOLE_ENDS) or body.startswith(GZIP_MARK):
                break
    return longest
