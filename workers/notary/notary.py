"""The notary: takes what was recorded into the tree, and signs how far it is; of several, one acts.

It does so every few seconds and not at every append, so that a busy log costs it one checkpoint for all that happened
in between. What it has signed binds it: it begins by asking whether the tiles still say the same.
"""

import asyncio

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections import checkpoints
from projections.checkpoints import FencedError
from schemas.settings import Settings
from store import leadership, log, notes, signing_keys, tree
from store.connections import connect, described
from store.leaves import fixed, leaves_after
from store.merkle import TileMissingError, Tree, leaf_hashes
from store.notes import Checkpoint, NoteError
from store.signing_keys import ForeignKeyError
from store.tree import READER, SignedCheckpoint, TreeError

READ_EVENTS = 4096
RESTART_SECONDS = 0.5
STOPPED_SECONDS = 30.0

_logger = structlog.get_logger()


class Notary:
    """One process's notary."""

    def __init__(self, url: str, master_key: bytes, settings: Settings) -> None:
        self._url = url
        self._master_key = master_key
        self._origin = settings.checkpoint_name()
        self._seconds = settings.checkpoint_seconds

    async def run(self) -> None:
        """Run until cancelled; after a lost connection, stand by again."""
        while True:
            try:
                await self._lead()
            except (psycopg.Error, FencedError) as error:
                _logger.warning("notary restarts", error=described(error))
                await asyncio.sleep(RESTART_SECONDS)
            except (TreeError, TileMissingError, NoteError, ForeignKeyError) as error:
                _logger.error("notary stopped: it cannot vouch for the log", error=str(error))  # noqa: TRY400 - no bug
                await asyncio.sleep(STOPPED_SECONDS)

    async def _lead(self) -> None:
        async with await connect(self._url) as connection:
            await leadership.become_leader(connection, leadership.NOTARY)
            await connection.execute("SET synchronous_commit = off")  # hashes can be made again; see _sign
            try:
                growing = await _resume(connection)
                while True:
                    head = await log.head(connection)  # what comes meanwhile waits for its turn
                    while growing.size < head and await _take_in(connection, growing):
                        pass
                    await self._sign(connection, growing)
                    await asyncio.sleep(self._seconds)
            except (TreeError, TileMissingError, NoteError, ForeignKeyError) as error:
                place = await _place(connection)
                await checkpoints.stop(connection, READER, place, error)
                raise

    async def _sign(self, connection: AsyncConnection[TupleRow], growing: Tree) -> None:
        last = await tree.latest_checkpoint(connection)
        if growing.size <= (last.size if last else 0):
            return
        last_note = last.note if last else None
        keys = await signing_keys.keys_to_sign_with(connection, self._master_key, self._origin, last_note)
        text = Checkpoint(self._origin, growing.size, growing.root()).text()
        lines = [notes.sign(text, key.name, private) for key, private in keys]
        async with connection.transaction():
            await connection.execute("SET LOCAL synchronous_commit = on")  # a signature binds, so it is not lost
            await tree.save_checkpoint(connection, growing.size, f"{text}\n{''.join(lines)}")


async def _place(connection: AsyncConnection[TupleRow]) -> int:
    """Return up to where the log is in the tree; there is such a place from now on."""
    for place in await checkpoints.all_checkpoints(connection):
        if place.reader == READER:
            return place.position
    await checkpoints.begin(connection, READER, 0, "")
    return 0


async def _resume(connection: AsyncConnection[TupleRow]) -> Tree:
    """Return the tree as it was left, if it is the one that was signed.

    Errors: TreeError, TileMissingError, NoteError.
    """
    position = await _place(connection)
    growing = await tree.load_tree(connection)
    last = await tree.latest_checkpoint(connection)
    if growing.size != position or (last and not await _is_signed(connection, last)):
        raise TreeError
    await checkpoints.begin(connection, READER, position, "")  # if it was stopped, it is no more
    return growing


async def _is_signed(connection: AsyncConnection[TupleRow], last: SignedCheckpoint) -> bool:
    """Tell whether the tiles give the root that was signed last."""
    checkpoint = notes.read_checkpoint(notes.split(last.note)[0])
    [root] = await tree.roots(connection, [(0, last.size)])
    return (checkpoint.size, checkpoint.root) == (last.size, root)


async def _take_in(connection: AsyncConnection[TupleRow], growing: Tree) -> int:
    """Take in a batch of events, and tell how many there were; after an error the tree has to be loaded again.

    Errors: TreeError.
    """
    leaves = await leaves_after(connection, growing.size, READ_EVENTS)
    if not leaves:
        return 0
    if fixed(leaves[-1])[2] != growing.size + len(leaves):
        raise TreeError
    before, parts = growing.size, growing.append(leaf_hashes(leaves))
    async with connection.transaction():
        moved = await checkpoints.move(connection, [READER], before, growing.size)
        await checkpoints.require_moved(moved, [READER])
        await tree.save_parts(connection, parts)
    return len(leaves)
