"""Where each reader of the log is, what stopped it, and what its tables were made with."""

import hashlib
from collections.abc import Sequence

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from projections.rows import Projector
from store import signals
from store.connections import described


class Checkpoint(msgspec.Struct, frozen=True):
    """One reader's place. `stopped_at` is the position of the event that it could not take in.

    Only projectors have a fingerprint: of what their tables were made with.
    """

    reader: str
    position: int
    fingerprint: str
    stopped_at: int | None
    error: str | None
    lag: int


class FencedError(Exception):
    """Another process has moved the checkpoint: this one is not the projector any more."""


def fingerprint(projector: Projector) -> str:
    """Tell tables that were made by another version apart."""
    return hashlib.sha256(f"{projector.revision}\n{projector.tables}".encode()).hexdigest()[:16]


async def all_checkpoints(connection: AsyncConnection[TupleRow]) -> list[Checkpoint]:
    """Return the place of every reader, and how many positions it is behind."""
    query = """
        SELECT reader, position, fingerprint, stopped_at, error, book.head() - position
        FROM operations.checkpoints
        ORDER BY reader
    """
    rows = await (await connection.execute(query)).fetchall()
    return [Checkpoint(*row) for row in rows]


async def begin(connection: AsyncConnection[TupleRow], reader: str, position: int, mark: str) -> None:
    """Set a reader's place, whatever it was."""
    statement = """
        INSERT INTO operations.checkpoints (reader, position, fingerprint)
        VALUES (%s, %s, %s)
        ON CONFLICT (reader) DO UPDATE SET
            (position, fingerprint, stopped_at, error, updated_at)
            = (EXCLUDED.position, EXCLUDED.fingerprint, NULL, NULL, now())
    """
    await connection.execute(statement, (reader, position, mark))


async def move(
    connection: AsyncConnection[TupleRow], readers: Sequence[str], position: int, to: int
) -> AsyncCursor[TupleRow]:
    """Move these places on from `position` and hold them until the transaction ends; see `require_moved`."""
    statement = """
        UPDATE operations.checkpoints
        SET (position, stopped_at, error, updated_at) = ROW (%s, NULL, NULL, now())
        WHERE reader = ANY(%s) AND position = %s
        RETURNING reader
    """
    return await connection.execute(statement, (to, list(readers), position))


async def require_moved(moved: AsyncCursor[TupleRow], readers: Sequence[str]) -> None:
    """Refuse with FencedError when not all of them were where we believed. Asked late, it costs no round trip."""
    if len(await moved.fetchall()) != len(readers):
        raise FencedError


async def announce(connection: AsyncConnection[TupleRow]) -> None:
    """Tell who waits for the query tables how far all of them are, and whether one of them is stopped."""
    query = """
        SELECT pg_notify(%s, concat_ws(' ', min(position) FILTER (WHERE stopped_at IS NULL), count(stopped_at)))
        FROM operations.checkpoints
        WHERE fingerprint <> ''
    """
    await connection.execute(query, (signals.PROJECTED,))


async def stop(connection: AsyncConnection[TupleRow], reader: str, at: int, error: Exception) -> None:
    """Write down what stopped a reader, and tell who waits."""
    statement = """
        UPDATE operations.checkpoints
        SET (stopped_at, error, updated_at) = ROW (%s, %s, now())
        WHERE reader = %s
    """
    await connection.execute(statement, (at, described(error), reader))
    await announce(connection)


async def forget(connection: AsyncConnection[TupleRow], known: Sequence[str]) -> None:
    """Remove the places of projectors that are not among these: their read models are no more."""
    statement = "DELETE FROM operations.checkpoints WHERE fingerprint <> '' AND reader <> ALL(%s)"
    await connection.execute(statement, (list(known),))
