"""Backups of the book: the log in files that are only ever added to, and its keys in a folder apart."""

import secrets
from pathlib import Path

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import log, tree
from store.backup_files import (
    EVENTS,
    BackupError,
    File,
    KeysManifest,
    Manifest,
    RowsFile,
    Segment,
    now,
    read_manifest,
    remove_others,
    write_manifest,
    write_rows,
)
from store.copying import CHECKPOINTS, COSIGNATURES, KEYS, LINKS, SIGNING_KEYS, Progress
from store.folders import written_alone
from store.leaves import fixed, leaves_after
from store.live_book import BEFORE_ALL, events_between, newest_checkpoint, next_values, rows_between
from store.merkle import HASH_BYTES, TILE_HASHES, leaf_hash, leaf_hashes

SEGMENT_BYTES_MAX = 256 << 20  # of events, about: after a kill no more is written again

Connection = AsyncConnection[TupleRow]


async def back_up(connection: Connection, folder: Path, progress: Progress) -> Manifest:
    """Add to a backup what is new; whatever is killed, what a manifest names is whole. Errors: BackupError."""
    with written_alone(folder, BackupError):
        manifest = read_manifest(folder, Manifest)
        head = await log.head(connection)
        await _require_same_book(connection, manifest, head)
        while manifest is None or await _is_behind(connection, manifest, head):
            manifest = await _extended(connection, folder, manifest, head, progress)
            write_manifest(folder, manifest)
    return manifest


async def _require_same_book(connection: Connection, manifest: Manifest | None, head: int) -> None:
    """Refuse a book that is not the one whose events are in the backup: each event has a hash of its own."""
    if not head:
        message = "There is nothing in the book yet."
        raise BackupError(message)
    for position, known in ((1, manifest.first), (manifest.position(), manifest.last)) if manifest else ():
        if position > head or await _hash_at(connection, position) != known:
            message = f"The backup is not of this book, or of another course of it: its position {position} is another."
            raise BackupError(message)


async def _hash_at(connection: Connection, position: int) -> str:
    [leaf] = await leaves_after(connection, position - 1, 1)
    return leaf_hash(leaf).hex()


async def _is_behind(connection: Connection, manifest: Manifest, head: int) -> bool:
    newest = await newest_checkpoint(connection, head)
    return manifest.position() < head or (newest is not None and newest.size > manifest.segments[-1].signed)


async def _extended(
    connection: Connection, folder: Path, manifest: Manifest | None, head: int, progress: Progress
) -> Manifest:
    """Write the next segment; return the manifest that names it, too."""
    segments = manifest.segments if manifest else ()
    after, signed = (segments[-1].to, segments[-1].signed) if segments else (0, 0)
    signed_before = segments[-2].signed if len(segments) > 1 else 0  # witnesses may sign late
    path = f"{folder}/{len(segments) + 1:06}-{{}}.copy.gz".format
    to, events = await _write_events(connection, Path(path(EVENTS)), after, head, progress)
    newest = await newest_checkpoint(connection, to)
    files = {EVENTS: events}
    for table, begin in ((LINKS, after), (CHECKPOINTS, signed), (COSIGNATURES, signed_before)):
        rows = rows_between(connection, table, begin, to)
        files[table.name] = await write_rows(Path(path(table.name)), rows)
    return Manifest(
        first=manifest.first if manifest else await _hash_at(connection, 1),
        last=await _hash_at(connection, to),
        segments=(*segments, Segment(after, to, newest.size if newest else 0, files)),
        sequences=await next_values(connection),
        made_at=now(),
    )


async def _write_events(
    connection: Connection, path: Path, after: int, head: int, progress: Progress
) -> tuple[int, File]:
    """Write events up to the head or to where a file is full; return where that is: an append is never cut."""
    written = 0
    with RowsFile(path) as file:
        async for leaves in events_between(connection, after, head):
            await _require_recorded(connection, after, leaves)
            file.write(b"".join(leaves))
            after += len(leaves)
            written += sum(map(len, leaves))
            progress(after, head)
            if written >= SEGMENT_BYTES_MAX and fixed(leaves[-1])[6] == after:
                break
        return after, file.finish()


async def _require_recorded(connection: Connection, after: int, leaves: list[bytes]) -> None:
    """Refuse events that are not those of the tree, as far as it has grown: their backup could not be restored."""
    numbers = range(after // TILE_HASHES, (after + len(leaves) - 1) // TILE_HASHES + 1)
    tiles = await tree.tiles(connection, [(0, number) for number in numbers])
    in_tree = b"".join(tiles.values())[after % TILE_HASHES * HASH_BYTES :][: len(leaves) * HASH_BYTES]
    if not leaf_hashes(leaves).startswith(in_tree):
        message = f"An event after position {after} is not what was recorded: run `guildbook verify`."
        raise BackupError(message)


async def back_up_keys(connection: Connection, folder: Path, backup: Manifest) -> KeysManifest:
    """Put the keys of today in the place of those that are there: who was erased is not among them any more.

    Errors: BackupError.
    """
    with written_alone(folder, BackupError):
        known = read_manifest(folder, KeysManifest)
        if known and known.first != backup.first:
            message = f"{folder} holds the keys of another book."
            raise BackupError(message)
        path = f"{folder}/{backup.position()}-{secrets.token_hex(4)}-{{}}.copy.gz".format
        files: dict[str, File] = {}
        for table in (KEYS, SIGNING_KEYS):
            rows = rows_between(connection, table, BEFORE_ALL, backup.position())
            files[table.name] = await write_rows(Path(path(table.name)), rows)
        manifest = KeysManifest(backup.first, backup.position(), files, now())
        write_manifest(folder, manifest)
        remove_others(folder, files.values())
    return manifest
