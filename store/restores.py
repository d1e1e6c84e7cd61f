"""A backup as what a book is made from again: read, held against its hashes, and against what was signed."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from store import notes
from store.backup_files import EVENTS, BackupError, KeysManifest, Manifest, check_all, read_manifest, read_rows
from store.binary_rows import columns_of
from store.copying import CHECKPOINTS, COSIGNATURES, KEYS, LINKS, SIGNING_KEYS, Table
from store.keys import check_wrapped
from store.leaves import EPOCH, MICROSECOND
from store.notes import Checkpoint, NoteError, VerifierKey
from store.signing_keys import PublishedKey, opened_key

READ_EVENTS = 4096
READ_BYTES = 8 << 20
OF_KEYS = (KEYS, SIGNING_KEYS)
SIGNED = (CHECKPOINTS, COSIGNATURES)  # worth nothing without the keys that signed


class Keys(NamedTuple):
    """The folder of keys, and what is in it."""

    folder: Path
    manifest: KeysManifest


class Backup:
    """A backup whose files are all what was written; without keys when there are none."""

    def __init__(self, folder: Path, manifest: Manifest, keys: Keys | None) -> None:
        self.head = manifest.position()
        self.sequences: Mapping[str, int] = manifest.sequences
        self.keys = keys
        self._folder = folder
        self._segments = manifest.segments

    async def events(self) -> AsyncIterator[list[bytes]]:
        """See `store.copying.Source`."""
        batch, size = list[bytes](), 0
        for leaf in self._rows(EVENTS):
            batch.append(leaf)
            size += len(leaf)
            if len(batch) == READ_EVENTS or size >= READ_BYTES:
                yield batch
                batch, size = [], 0
        yield batch

    async def rows(self, table: Table) -> AsyncIterator[bytes]:
        """See `store.copying.Source`. Without the keys that signed, there is nothing that was signed."""
        if table in OF_KEYS:
            rows = self._rows_of_keys(table)
        else:
            rows = self._rows(table.name) if self.keys or table not in SIGNED else iter(())
        for row in rows:
            yield row

    def _rows(self, name: str) -> Iterator[bytes]:
        for segment in self._segments:
            yield from read_rows(self._folder, segment.files[name])

    def _rows_of_keys(self, table: Table) -> Iterator[bytes]:
        if self.keys:
            yield from read_rows(self.keys.folder, self.keys.manifest.files[table.name])

    def last_note(self) -> str | None:
        """Return the newest checkpoint, as its book signed it."""
        last = max(self._rows(CHECKPOINTS.name), key=lambda row: _number(columns_of(row)[0]), default=None)
        return columns_of(last)[1].decode() if last else None

    def own_keys(self, master_key: bytes) -> list[VerifierKey]:
        """Return the keys that sign for the book. Errors: MasterKeyError, ForeignKeyError."""
        for row in self._rows_of_keys(KEYS):
            key_id, _, wrapped, *_ = columns_of(row)
            check_wrapped(master_key, key_id.decode(), wrapped)
            break
        return [opened_key(master_key, _published(row)).key for row in self._rows_of_keys(SIGNING_KEYS)]


def open_backup(folder: Path, keys_folder: Path | None) -> Backup:
    """Read what is there. Errors: BackupError."""
    manifest = read_manifest(folder, Manifest)
    if manifest is None:
        message = f"There is no backup in {folder}."
        raise BackupError(message)
    for segment in manifest.segments:
        check_all(folder, segment.files, (EVENTS, *(table.name for table in (LINKS, *SIGNED))))
    return Backup(folder, manifest, _opened_keys(keys_folder, manifest) if keys_folder else None)


def _opened_keys(folder: Path, backup: Manifest) -> Keys:
    manifest = read_manifest(folder, KeysManifest)
    if manifest is None or manifest.first != backup.first:
        message = f"{folder} holds no keys of this book."
        raise BackupError(message)
    check_all(folder, manifest.files, [table.name for table in OF_KEYS])
    return Keys(folder, manifest)


def what_was_signed(
    backup: Backup, keys: Sequence[VerifierKey], kept: Sequence[str], *, may_be_unsigned: bool
) -> list[Checkpoint]:
    """Return the checkpoints that the backup has to be: its own last one, and those that somebody kept.

    Without keys, the own one is taken at its word. Errors: BackupError.
    """
    last = backup.last_note()
    if not last and not kept and not may_be_unsigned:
        message = "Nothing in the backup was ever signed, so there is nothing to hold it against."
        raise BackupError(message)
    try:
        own = [notes.opened(last, keys) if keys else notes.read_checkpoint(notes.split(last)[0])] if last else []
        return [*own, *(notes.opened(note, keys) for note in kept)]
    except NoteError as error:
        raise BackupError(str(error)) from error


def _published(row: bytes) -> PublishedKey:
    number, name, public, sealed, made_at = columns_of(row)
    key = VerifierKey(name.decode(), public)
    return PublishedKey(_number(number), key, sealed, EPOCH + _number(made_at) * MICROSECOND)


def _number(column: bytes) -> int:
    return int.from_bytes(column, "big", signed=True)
