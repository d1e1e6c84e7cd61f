"""Takes events out of the book into a bundle (store/bundles.py); who is cut off goes on where the last part ends."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import bundles, log, merkle, notes, tree
from store.bundles import (
    DRAFT,
    MANIFEST,
    ROW,
    BundleError,
    Manifest,
    Part,
    draft_of,
    entry,
    events_file,
    proofs_file,
)
from store.codec import BOX
from store.connections import Pool
from store.event_store import EventStore
from store.leadership import NOTARY, is_led
from store.leaves import Leaf, LeafError, fixed, read_leaf
from store.lines import Line, address_of, data_of, decoded
from store.merkle import Range, TileMissingError
from store.proofs import NotSignedError
from store.rows import Format, Row, RowError, row_of, writer
from store.selection import Piece, Selection, pieces
from store.signing_keys import opened_key, published_keys, trusted_keys
from store.tree import SignedCheckpoint

PART_ROWS_MAX = 32_768
PART_BYTES_MAX = 128 << 20
SIGNED_SECONDS_MAX = 10.0
POLL_SECONDS = 0.2

Progress = Callable[[int, int], None]


class Order(NamedTuple):
    """What is to be exported, and how; `reveals`: what is sealed is opened, in a column of its own."""

    selection: Selection
    format: Format
    reveals: bool


class ExportError(Exception):
    """What is stored is not what was signed, or cannot be read: run `guildbook verify`."""

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "", *map(str, self.args)))


def begun(order: Order, folder: Path) -> Manifest | None:
    """Return what a folder already holds of an export; a new folder is made. Errors: BundleError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (MANIFEST, DRAFT):
        if (folder / name).exists():
            return _same(bundles.manifest_in(folder, name), order, folder)
    if any(
        path.name.removesuffix(".new") not in (bundles.CHECKPOINT, bundles.KEYS, DRAFT) for path in folder.iterdir()
    ):
        message = f"{folder} is not empty, and what is in it is no export."
        raise BundleError(message)
    return None


def is_whole(folder: Path) -> bool:
    """Tell whether an export is finished."""
    return (folder / MANIFEST).exists()


async def begin(pool: Pool, master_key: bytes, order: Order, folder: Path, now: datetime) -> Manifest:
    """Begin an export of what is signed. Errors: NotSignedError."""
    signed = await _checkpoint(pool, order.selection.up_to)
    checkpoint = notes.read_checkpoint(notes.split(signed.note)[0])
    async with pool.connection() as connection:
        keys, _ = await trusted_keys(connection, master_key)
    draft = Manifest(bundles.VERSION, *checkpoint[:2], order.format, order.selection, order.reveals, now)
    bundles.write_file(folder / bundles.CHECKPOINT, signed.note.encode())
    bundles.write_file(folder / bundles.KEYS, "".join(f"{key.text()}\n" for key in keys).encode())
    bundles.write_file(folder / DRAFT, bundles.manifest_bytes(draft))
    return draft


def _same(found: Manifest, order: Order, folder: Path) -> Manifest:
    if (found.selection, found.format, found.reveals) != order:
        message = f"{folder} holds another export: {found.selection.text() or 'everything'}, as {found.format}."
        raise BundleError(message)
    return found


async def _checkpoint(pool: Pool, up_to: int | None) -> SignedCheckpoint:
    """Return the newest checkpoint; while a notary is at work, wait a moment for one that covers what is asked for.

    Errors: NotSignedError.
    """
    deadline = time.monotonic() + SIGNED_SECONDS_MAX
    async with pool.connection() as connection:
        head = await log.head(connection)
        wanted = head if up_to is None else min(up_to, head)
        while True:
            found = await tree.latest_checkpoint(connection)
            is_covered = found is not None and found.size >= wanted
            if is_covered or time.monotonic() > deadline or not await is_led(connection, NOTARY):
                break
            await asyncio.sleep(POLL_SECONDS)
    if found is None:
        raise NotSignedError
    return found


async def go_on(
    store: EventStore,
    master_key: bytes,
    draft: Manifest,
    folder: Path,
    progress: Progress = lambda _done, _total: None,
    *,
    part_rows_max: int = PART_ROWS_MAX,
) -> Manifest:
    """Write what is missing of an export that was begun. Errors: ExportError."""
    if not is_whole(folder):
        draft = await _Export(store, draft, folder, progress, part_rows_max).run()
        await _finish(store.pool, master_key, draft, folder)
    (folder / DRAFT).unlink(missing_ok=True)
    return bundles.manifest_in(folder)


async def _finish(pool: Pool, master_key: bytes, draft: Manifest, folder: Path) -> None:
    """Sign the manifest, and put it in its place."""
    note = (folder / bundles.CHECKPOINT).read_text()
    if _root(folder, draft) != notes.read_checkpoint(notes.split(note)[0]).root:
        raise ExportError
    async with pool.connection() as connection:
        published = await published_keys(connection)
    keys = [opened_key(master_key, each) for each in published if notes.names(note, each.key)]
    content = bundles.manifest_bytes(draft.counted())
    bundles.write_file(folder / bundles.SIGNED, bundles.signed_manifest(content, draft.origin, keys).encode())
    bundles.write_file(folder / MANIFEST, content)


def _root(folder: Path, draft: Manifest) -> bytes:
    try:
        return bundles.grown(folder, draft).root()
    except ValueError:
        return b""


class _Export:
    def __init__(
        self, store: EventStore, draft: Manifest, folder: Path, progress: Progress, part_rows_max: int
    ) -> None:
        self._store = store
        self._draft = draft
        self._folder = folder
        self._progress = progress
        self._part_rows_max = part_rows_max
        self._place = draft.place()  # up to which proofs are written

    async def run(self) -> Manifest:
        """Write part after part, each whole before the next."""
        draft, end = self._draft, self._draft.end()
        wanted = msgspec.structs.replace(draft.selection, after=max(draft.selection.after, self._place))
        source = pieces(self._store.pool, wanted, end)
        while self._place < draft.size:
            part = await self._part(len(draft.parts) + 1, source)
            draft = msgspec.structs.replace(draft, parts=(*draft.parts, part))
            bundles.write_file(self._folder / DRAFT, bundles.manifest_bytes(draft))
        return draft

    async def _part(self, number: int, source: AsyncIterator[Piece]) -> Part:
        events = self._folder / events_file(number, self._draft.format)
        proofs = self._folder / proofs_file(number)
        count, first, last, size = 0, 0, 0, 0
        with writer(draft_of(events), self._draft.format) as rows, draft_of(proofs).open("wb") as entries:
            async for end, leaves in source:
                rows.write(await self._rows(leaves))
                entries.write(await self._entries(end, leaves))
                self._progress(end, self._draft.end())
                if leaves:
                    first, last = first or fixed(leaves[0])[2], fixed(leaves[-1])[2]
                count, size = count + len(leaves), size + sum(map(len, leaves))
                if count >= self._part_rows_max or size >= PART_BYTES_MAX:
                    break
            else:
                entries.write(await self._entries(self._draft.size, []))
        bundles.settle(events)
        bundles.settle(proofs)
        return Part(count, first, last, self._place, bundles.digest_of(events), bundles.digest_of(proofs))

    async def _rows(self, leaves: Sequence[bytes]) -> list[Row]:
        try:
            events = [read_leaf(leaf) for leaf in leaves]
            if not self._draft.reveals:
                return [row_of(event) for event in events]
            return [row_of(*pair) for pair in zip(events, await revealed(self._store, events), strict=True)]
        except (LeafError, RowError) as error:
            raise ExportError from error

    async def _entries(self, end: int, leaves: Sequence[bytes]) -> bytes:
        """Return the proofs from where they are up to a position: of rows their hashes, of gaps their subtrees."""
        items: list[bytes | Range] = []
        for leaf in leaves:
            index = fixed(leaf)[2] - 1
            items += merkle.subtrees_between(self._place, index)
            items.append(merkle.leaf_hash(leaf))
            self._place = index + 1
        items += merkle.subtrees_between(self._place, end)
        self._place = end
        ranges = [item for item in items if isinstance(item, tuple)]
        async with self._store.pool.connection() as connection:
            roots = iter(await _roots(connection, ranges))
        return b"".join(
            [
                entry(ROW, item)
                if isinstance(item, bytes)
                else entry((item[1] - item[0]).bit_length() - 1, next(roots))
                for item in items
            ]
        )


async def _roots(connection: AsyncConnection[TupleRow], ranges: Sequence[Range]) -> list[bytes]:
    try:
        return await tree.roots(connection, ranges)
    except TileMissingError as error:
        raise ExportError from error


async def revealed(store: EventStore, events: Sequence[Leaf]) -> list[str | None]:
    """Return what was sealed in events, opened, as JSON: their data and the address of the caller."""
    lines = await decoded(store.keyring, [_row(event) for event in events])
    return [_opened(line) if BOX in line.fields or line.meta.address else None for line in lines]


def _row(event: Leaf) -> TupleRow:
    place = (event.position, event.stream, event.version, event.type)
    return (*place, event.data, event.append_end, event.recorded_at, event.meta)


def _opened(line: Line) -> str:
    known = {"data": data_of(line, reveals=True), "address": address_of(line, reveals=True)}
    return msgspec.json.encode(known).decode()
