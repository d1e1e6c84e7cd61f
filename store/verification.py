"""Verifies the whole log against its tree and its signed checkpoints, and names the positions that do not fit.

The tree grows once more from the rows as they are. Where a hash differs from the tile, that event was changed (or its
tile was); where a root differs from what was signed, something since the checkpoint before was. All is read at one
moment, so a log that grows meanwhile raises no alarm.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import log, notes, tree
from store.leaves import fixed, leaves_after
from store.linking import Spoken, WrongLink, links_of, spoken_in
from store.merkle import HASH_BYTES, TILE_HASHES, TILE_HEIGHT, Part, Tree
from store.notes import Checkpoint, NoteError, VerifierKey
from store.signing_keys import trusted_keys
from store.tree import LEVELS, SignedCheckpoint

READ_EVENTS = 4096  # more would not fit between the server and here while the last ones are looked at
FINDINGS_MAX = 100
GAP_EVENTS_MAX = 1_000_000
NO_HASH = bytes(HASH_BYTES)
BEFORE_ALL = -(2**63)
LAST = 2**63 - 1
PLACE: LiteralString = "SELECT position FROM operations.checkpoints WHERE reader = %s"

Progress = Callable[[int, int], None]


class Finding(NamedTuple):
    """Something that does not fit; `position` when it is about an event."""

    position: int | None
    text: str


class Verdict(NamedTuple):
    """What was looked at, and what does not fit; `signed` is the size of the newest checkpoint."""

    head: int
    signed: int
    findings: tuple[Finding, ...]


async def verify(
    connection: AsyncConnection[TupleRow],
    keys: Sequence[VerifierKey],
    kept: Sequence[Checkpoint],
    progress: Progress = lambda _position, _head: None,
) -> Verdict:
    """Verify everything with the keys that are trusted, and with checkpoints that somebody kept elsewhere."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        return await _Verification(connection, keys, kept, progress).run()


async def verify_by_own_keys(
    connection: AsyncConnection[TupleRow],
    master_key: bytes,
    kept: Sequence[Checkpoint] = (),
    progress: Progress = lambda _position, _head: None,
) -> Verdict:
    """Verify everything with the keys that the master key sealed; the others are findings."""
    own, foreign = await trusted_keys(connection, master_key)
    verdict = await verify(connection, own, kept, progress)
    strangers = [Finding(None, f"the signing key {key.text()} was not sealed by the master key") for key in foreign]
    return verdict._replace(findings=(*strangers, *verdict.findings))


class _Verification:
    def __init__(
        self,
        connection: AsyncConnection[TupleRow],
        keys: Sequence[VerifierKey],
        kept: Sequence[Checkpoint],
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._kept = kept
        self._progress = progress
        self._tree = Tree()
        self._sizes: list[int] = []  # of the levels, as they are stored
        self._head = 0
        self._rows = 0
        self._append_end = 0  # of the append that the last event was part of, until that is whole
        self._fitting = 0  # the size of the last checkpoint that fits
        self._unfitting: list[int] = []  # those since
        self._findings: dict[Finding, None] = {}
        self._told: set[int] = set()

    async def run(self) -> Verdict:
        self._head = await log.head(self._connection)
        self._sizes = await tree.level_sizes(self._connection)
        wrong_links = await self._read()
        if self._append_end:
            self._find(self._head, f"the append that it is part of goes on to {self._append_end}, which is missing")
        if self._unfitting:
            self._find_unfitting()
        signed = await self._look_at_what_was_signed()
        [(rows,)] = await self._asked("SELECT count(*) FROM book.log")
        if rows != self._rows:  # one was passed over between two reads
            self._find(None, f"{rows - self._rows} positions are there twice")
        await self._look_at_versions()
        for position, text in wrong_links:
            self._find(position, text)
        await self._look_at_tiles()
        return Verdict(self._head, signed, tuple(sorted(self._findings, key=place_of)))

    def _find(self, position: int | None, text: str) -> None:
        if len(self._findings) < FINDINGS_MAX:
            self._findings[Finding(position, text)] = None
            self._told |= set() if position is None else {position}

    # ---- the rows

    async def _read(self) -> list[WrongLink]:
        """Compare the log with the tree and with the links; while a part is looked at, the next is on its way."""
        async with links_of(self._connection, FINDINGS_MAX) as links:
            leaves = await leaves_after(self._connection, BEFORE_ALL, READ_EVENTS)
            while leaves:
                coming = leaves_after(self._connection, fixed(leaves[-1])[2], READ_EVENTS)
                leaves, (hashes, spoken) = await asyncio.gather(coming, self._seen(leaves))
                await self._compare(hashes)
                await links.compare(spoken)
                self._progress(self._tree.size, self._head)
            return await links.wrong()

    async def _seen(self, leaves: Sequence[bytes]) -> tuple[bytes, Spoken]:
        self._rows += len(leaves)
        return self._hashes(leaves), spoken_in(leaves)

    def _hashes(self, leaves: Iterable[bytes]) -> bytes:
        """Return the hashes of the next events by position; what is missing has one that no event has."""
        hashes: list[bytes] = []
        expected = self._tree.size + 1
        for leaf in leaves:
            _, _, position, _, _, _, append_end, _, _ = fixed(leaf)
            if position != expected:
                if position < expected:
                    self._find(position, "it is there twice" if position > 0 else "there is no room for an event here")
                    continue
                if position - expected > GAP_EVENTS_MAX:
                    self._find(position, f"it is far beyond the log, whose next position is {expected}")
                    continue
                hashes += self._missing(expected, position)
                expected = position
            if append_end != self._append_end or append_end == position:
                self._look_at_append(position, append_end)
            hashes.append(sha256(b"\0" + leaf).digest())  # merkle.leaf_hash, without the call: there are many
            expected += 1
        return b"".join(hashes)

    def _missing(self, expected: int, position: int) -> list[bytes]:
        last = position - 1
        self._find(expected, "it is missing" if last == expected else f"it is missing, and all up to {last}")
        self._told |= set(range(expected, min(position, expected + FINDINGS_MAX)))
        return [NO_HASH] * (position - expected)

    def _look_at_append(self, position: int, append_end: int) -> None:
        if append_end < position or self._append_end not in (0, append_end):
            self._find(position, f"it is said to be appended together with all up to {append_end}, which cannot be")
        self._append_end = append_end if append_end > position else 0

    async def _look_at_versions(self) -> None:
        query = """
            SELECT position, stream, version, expected
            FROM (
                SELECT position, stream, version, row_number() OVER (PARTITION BY stream ORDER BY position) AS expected
                FROM book.log
            ) AS numbered
            WHERE version <> expected
            ORDER BY position
            LIMIT %s
        """
        for position, stream, version, expected in await self._asked(query, FINDINGS_MAX):
            self._find(position, f"it is version {version} of {stream}, where version {expected} should be")

    # ---- the tree

    async def _compare(self, hashes: bytes) -> None:
        """Let the tree grow, compare it with the tiles, and its root wherever one was signed."""
        parts: list[Part] = []
        at, begin = 0, self._tree.size
        end = begin + len(hashes) // HASH_BYTES
        signed = await tree.checkpoints_between(self._connection, begin + 1, end)
        sizes = {checkpoint.size for checkpoint in signed} | {kept.size for kept in self._kept}
        by_size = {checkpoint.size: checkpoint for checkpoint in signed}
        for size in sorted(size for size in sizes | {end} if begin < size <= end):
            parts += self._tree.append(hashes[at : (size - begin) * HASH_BYTES])
            at = (size - begin) * HASH_BYTES
            if size in sizes:
                self._look_at_root(size, by_size.get(size))
        await self._compare_tiles(parts)

    async def _compare_tiles(self, parts: Sequence[Part]) -> None:
        stored = await tree.tiles(self._connection, {(part.level, part.first // TILE_HASHES) for part in parts})
        for level, first, hashes in parts:
            begin = first % TILE_HASHES * HASH_BYTES
            length = min(len(hashes), max(0, self._sizes[level] - first) * HASH_BYTES)
            there = stored[level, first // TILE_HASHES][begin : begin + length]
            if there != hashes[:length]:
                self._find_different(level, first, hashes[:length], there)

    def _find_different(self, level: int, first: int, hashes: bytes, there: bytes) -> None:
        for at in range(0, len(hashes), HASH_BYTES):
            begin = (first + at // HASH_BYTES) << TILE_HEIGHT * level
            end = begin + (1 << TILE_HEIGHT * level)
            is_told = any(begin < position <= end for position in self._told)
            if hashes[at : at + HASH_BYTES] != there[at : at + HASH_BYTES] and not is_told:
                below = "" if level == 0 else f" over the events up to {end}, on level {level},"
                self._find(begin + 1, f"its hash{below} is not the one in the tree")

    async def _look_at_tiles(self) -> None:
        """The levels must fit each other, and nothing may be stored beside them."""
        query = "SELECT level, sum(octet_length(hashes)) / 32 FROM book.tiles GROUP BY level"
        stored = {level: int(count) for level, count in await self._asked(query)}
        [place] = [row[0] for row in await self._asked(PLACE, tree.READER)] or [0]
        expected = {level: size for level in range(LEVELS) if (size := place >> TILE_HEIGHT * level)}
        if stored != expected:
            text = f"the tree has {stored} hashes by level; up to position {place} there should be {expected}"
            self._find(None, text)
        if self._sizes[0] > self._head:
            self._find(self._head + 1, f"the tree goes on to {self._sizes[0]}, but the log ends here")

    # ---- what was signed

    def _look_at_root(self, size: int, signed: SignedCheckpoint | None) -> None:
        root = self._tree.root()
        for kept in self._kept:
            if kept.size == size and kept.root != root:
                self._find(size, "the log up to here is not the one that the checkpoint was kept of: it was rewritten")
        checkpoint = self._opened(signed) if signed else None
        if checkpoint and checkpoint.root != root:
            self._unfitting.append(size)
        elif checkpoint:
            for other in self._unfitting:
                self._find(None, f"the checkpoint of {other} has another root than the log, which a later one confirms")
            self._fitting, self._unfitting = size, []

    def _find_unfitting(self) -> None:
        size = self._unfitting[0]
        text = f"this or an event up to {size} is not what was signed in the checkpoint of {size}"
        if not any(self._fitting < position <= size for position in self._told):
            self._find(self._fitting + 1, text)

    def _opened(self, signed: SignedCheckpoint) -> Checkpoint | None:
        """Return what a checkpoint says, if it is what it should be."""
        try:
            checkpoint = notes.opened(signed.note, self._keys)
        except NoteError as error:
            self._find(None, f"the checkpoint of {signed.size}: {error}")
            return None
        if checkpoint.size != signed.size:
            self._find(None, f"the checkpoint of {signed.size} was signed for {checkpoint.size}")
            return None
        return checkpoint

    async def _look_at_what_was_signed(self) -> int:
        """Find what was signed of more than there is; return the size of the newest checkpoint."""
        for wrong in await tree.checkpoints_between(self._connection, BEFORE_ALL, 0):
            self._find(None, f"a checkpoint of {wrong.size}, which nobody signs")
        beyond = await tree.checkpoints_between(self._connection, self._head + 1, LAST)
        for size in [*(each.size for each in beyond), *(each.size for each in self._kept if each.size > self._head)]:
            self._find(self._head + 1, f"a checkpoint was signed of events up to {size}, but the log ends here")
        await self._look_for_checkpoints_that_are_gone()
        latest = await tree.latest_checkpoint(self._connection)
        if latest is None and self._head:
            self._find(None, "nothing of this log was ever signed: does `guildbook work notary` run?")
        return latest.size if latest else 0

    async def _look_for_checkpoints_that_are_gone(self) -> None:
        query = """
            SELECT size, before
            FROM (
                SELECT size, before, lag(size, 1, 0::bigint) OVER (ORDER BY size) AS found
                FROM book.signed_checkpoints
            ) AS chain
            WHERE before <> found
            ORDER BY size
            LIMIT %s
        """
        for size, before in await self._asked(query, FINDINGS_MAX):
            self._find(None, f"the checkpoint of {size} was signed after one of {before}, and another stands before it")

    async def _asked(self, query: LiteralString, *arguments: object) -> list[TupleRow]:
        return await (await self._connection.execute(query, arguments or None)).fetchall()


def place_of(finding: Finding) -> tuple[bool, int]:
    """Return what findings are sorted by: first those about no event, then by position."""
    return finding.position is not None, finding.position or 0
