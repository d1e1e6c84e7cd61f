"""Whether events are proven: their rows as they are now, by what the book has signed."""

from collections.abc import Collection
from typing import Literal, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import merkle, notes, tree
from store.leaves import fixed, leaves_at
from store.merkle import TileMissingError, Tiles
from store.notes import Checkpoint, NoteError
from store.signing_keys import trusted_keys
from store.tree import SignedCheckpoint


class Judgement(NamedTuple):
    """What can be said of one event; `size` is that of the checkpoint by which it was judged, 0 without one."""

    state: Literal["proven", "unsigned", "broken"]
    size: int = 0
    reason: str = ""


UNSIGNED = Judgement("unsigned")


async def judgements_of(
    connection: AsyncConnection[TupleRow], master_key: bytes, positions: Collection[int]
) -> dict[int, Judgement]:
    """Judge events: each leaf is made from the row, and led to the root that a key of the book has signed.

    A key counts when the master key has sealed it: who owns the database alone can put in others, but none of these.
    """
    signed = await tree.latest_checkpoint(connection)
    if signed is None:
        return dict.fromkeys(positions, UNSIGNED)
    try:
        checkpoint = await _opened(connection, master_key, signed)
    except NoteError as error:
        return dict.fromkeys(positions, Judgement("broken", signed.size, str(error)))
    covered = sorted(position for position in positions if position <= checkpoint.size)
    judged = await _judged(connection, covered, checkpoint)
    return {position: judged.get(position, UNSIGNED._replace(size=checkpoint.size)) for position in positions}


async def _opened(connection: AsyncConnection[TupleRow], master_key: bytes, signed: SignedCheckpoint) -> Checkpoint:
    keys, _ = await trusted_keys(connection, master_key)
    checkpoint = notes.opened(signed.note, keys)
    if checkpoint.size != signed.size:
        message = "The newest checkpoint is kept under another size than it was signed for."
        raise NoteError(message)
    return checkpoint


async def _judged(
    connection: AsyncConnection[TupleRow], positions: list[int], checkpoint: Checkpoint
) -> dict[int, Judgement]:
    ranges = [each for position in positions for each in merkle.inclusion_ranges(position - 1, checkpoint.size)]
    tiles = await tree.tiles(connection, merkle.tiles_under(ranges))
    leaves = await leaves_at(connection, positions) if positions else []
    found = {fixed(leaf)[2]: leaf for leaf in leaves}
    return {position: _judge(position, found.get(position), tiles, checkpoint) for position in positions}


def _judge(position: int, leaf: bytes | None, tiles: Tiles, checkpoint: Checkpoint) -> Judgement:
    if leaf is None:
        return Judgement("broken", checkpoint.size, "The event is not in the log any more.")
    index = position - 1
    try:
        path = [merkle.root_of(*each, tiles) for each in merkle.inclusion_ranges(index, checkpoint.size)]
    except TileMissingError:
        return Judgement("broken", checkpoint.size, "The tree is not whole.")
    if not merkle.includes(checkpoint.root, checkpoint.size, index, merkle.leaf_hash(leaf), path):
        return Judgement("broken", checkpoint.size, "The event is not what was signed.")
    return Judgement("proven", checkpoint.size)
