"""The files of a backup: rows as binary COPY writes them, compressed, and a manifest that names each with its hash.

    manifest.json               replaced as a whole, so that it always names a backup that is complete
    000001-log.copy.gz          events, in order; a file is written once and never changed
    000001-links.copy.gz        and what belongs to the same positions, likewise

    manifest.json               of the keys, in a folder apart
    12345-keys.copy.gz          all of them as they were when the log ended there; older files are removed

A file that no manifest names was being written when somebody was killed: it is written anew.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Self, TypeVar

import msgspec

from store.binary_rows import HEADER, TRAILER, RowsError, rows_in

FORMAT = 1
COMPRESSION = 1  # of 9: the fastest
MANIFEST = "manifest.json"
EVENTS = "log"

M = TypeVar("M", bound=msgspec.Struct)


FileName = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z_-]+\.copy\.gz$")]
SequenceName = Annotated[str, msgspec.Meta(pattern="^ids_[a-z_]+$")]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class BackupError(Exception):
    """The backup cannot be used."""


class File(msgspec.Struct, frozen=True):
    """A file of rows, and the SHA-256 of what it holds."""

    name: FileName
    bytes: int
    sha256: str


class Segment(msgspec.Struct, frozen=True):
    """What was new at one time: events after a position up to another, and the files by what is in them.

    `signed` is the size of the newest checkpoint, 0 when nothing was signed.
    """

    after: Number
    to: Number
    signed: Number
    files: dict[str, File]


class Manifest(msgspec.Struct, frozen=True):
    """A backup of the log. `first` and `last` are the hashes of its first and last event: they tell books apart."""

    first: str
    last: str
    segments: Annotated[tuple[Segment, ...], msgspec.Meta(min_length=1)]
    sequences: dict[SequenceName, Number]
    made_at: datetime
    format: int = FORMAT

    def position(self) -> int:
        """Return where it ends."""
        return self.segments[-1].to


class KeysManifest(msgspec.Struct, frozen=True):
    """The keys of the book with that first event, all that were needed up to a position."""

    first: str
    position: Number
    files: dict[str, File]
    made_at: datetime
    format: int = FORMAT


def now() -> datetime:
    """Return the time for a manifest."""
    return datetime.now(UTC)


def read_manifest(folder: Path, kind: type[M]) -> M | None:
    """Return what is in a folder, None when there is nothing yet. Errors: BackupError."""
    try:
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        message = f"{folder / MANIFEST} cannot be read: {error}."
        raise BackupError(message) from error
    if getattr(found, "format", None) != FORMAT:
        message = f"{folder / MANIFEST} is of another version of Guildbook."
        raise BackupError(message)
    return found


def write_manifest(folder: Path, manifest: msgspec.Struct) -> None:
    """Put it in the place of the one before, whole and on disk."""
    draft = folder / f"{MANIFEST}.new"
    with _opened(draft) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        _sync(file)
    draft.replace(folder / MANIFEST)
    _sync_folder(folder)


class RowsFile:
    """A file that rows are written to, for as long as a `with` block lasts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._raw = _opened(path)
        self._file = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=COMPRESSION)
        self._file.write(HEADER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()

    def write(self, rows: bytes) -> None:
        """Add rows."""
        self._file.write(rows)

    def finish(self) -> File:
        """Have all of it on disk, and say what it is."""
        self._file.write(TRAILER)
        self._file.close()
        _sync(self._raw)
        _sync_folder(self._path.parent)
        return _described(self._path)


async def write_rows(path: Path, rows: AsyncIterator[bytes]) -> File:
    """Write all of these rows."""
    with RowsFile(path) as file:
        async for row in rows:
            file.write(row)
        return file.finish()


def remove_others(folder: Path, files: Iterable[File]) -> None:
    """Remove files of rows that a manifest does not name any more."""
    named = {file.name for file in files}
    for path in folder.glob("*.copy.gz"):
        if path.name not in named:
            path.unlink()


def check_all(folder: Path, files: Mapping[str, File], tables: Iterable[str]) -> None:
    """Refuse files that are not what was written, and a manifest that lacks one. Errors: BackupError."""
    for table in tables:
        if table not in files:
            message = f"{folder / MANIFEST} is not what was written: it names no file of {table}."
            raise BackupError(message)
    for file in files.values():
        _check(folder, file)


def _check(folder: Path, file: File) -> None:
    if not (folder / file.name).is_file():
        message = f"{folder / file.name} is missing, or no file."
        raise BackupError(message)
    try:
        found = _described(folder / file.name)
    except OSError as error:
        message = f"{folder / file.name} cannot be read: {error.strerror}."
        raise BackupError(message) from error
    if found != file:
        message = f"{folder / file.name} is not what was written: its SHA-256 is another."
        raise BackupError(message)


def read_rows(folder: Path, file: File) -> Iterator[bytes]:
    """Yield the rows of a file. Errors: BackupError."""
    try:
        with gzip.open(folder / file.name) as rows:
            yield from rows_in(rows)
    except (RowsError, OSError, EOFError, zlib.error) as error:
        message = f"{folder / file.name} cannot be read: {error}"
        raise BackupError(message) from error


def _described(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _opened(path: Path) -> IO[bytes]:
    """Open a file that is for nobody else."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
