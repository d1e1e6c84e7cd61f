"""Where each reader of the log is, what stopped it, and what its tables were made with."""

import hashlib
from collections.abc import Sequence

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from projections.rows import Projector

ERROR_CHARACTERS_MAX = 2000


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


async def lock(connection: AsyncConnection[TupleRow], readers: Sequence[str], position: int) -> None:
    """Hold these places until the transaction ends; FencedError when one is not where we believe it."""
    query = "SELECT position FROM operations.checkpoints WHERE reader = ANY(%s) ORDER BY reader FOR UPDATE"
    rows = await (await connection.execute(query, (list(readers),))).fetchall()
    if [row[0] for row in rows] != [position] * len(readers):
        raise FencedError


async def move(connection: AsyncConnection[TupleRow], readers: Sequence[str], position: int) -> None:
    """Move these places on."""
    statement = """
        UPDATE operations.checkpoints
        SET (position, stopped_at, error, updated_at) = ROW (%s, NULL, NULL, now())
        WHERE reader = ANY(%s)
    """
    await connection.execute(statement, (position, list(readers)))


async def stop(connection: AsyncConnection[TupleRow], reader: str, at: int, error: Exception) -> None:
    """Write down what stopped a reader."""
    statement = (
        "UPDATE operations.checkpoints SET (stopped_at, error, updated_at) = ROW (%s, %s, now()) WHERE reader = %s"
    )
    text = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
    await connection.execute(statement, (at, text, reader))
