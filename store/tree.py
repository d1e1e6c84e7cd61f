"""The Merkle tree over the log as it is kept: tiles, and the checkpoints that were signed of it; append-only."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import merkle
from store.merkle import HASH_BYTES, TILE_HASHES, TILE_HEIGHT, Part, Range, Tree

Names = Iterable[tuple[int, int]]

LEVELS = 8  # 256 ** 8 hashes are more than positions

READER = "notary"
"""The name of the tree's keeper among the readers of the log."""


class TreeError(Exception):
    """The tiles of the tree do not fit each other, or not what was signed of them."""

    def __str__(self) -> str:
        return f"{self.__doc__} Run `guildbook verify`."


class SignedCheckpoint(NamedTuple):
    """A checkpoint as it is published: cosignatures of witnesses are the last lines of its note."""

    size: int
    note: str
    made_at: datetime


# ---- tiles -----------------------------------------------------------------------------------------------------------


async def save_parts(connection: AsyncConnection[TupleRow], parts: Sequence[Part]) -> None:
    statement = """
        INSERT INTO book.tiles (level, first, hashes)
        SELECT level, first, hashes
        FROM unnest(%b::bigint[], %b::bigint[], %b::bytea[]) AS new (level, first, hashes)
    """
    columns = ([part.level for part in parts], [part.first for part in parts], [part.hashes for part in parts])
    await connection.execute(statement, columns, binary=True)


async def level_sizes(connection: AsyncConnection[TupleRow]) -> list[int]:
    """Return how many hashes each level has."""
    query = """
        SELECT coalesce(
            (
                SELECT first + octet_length(hashes) / 32
                FROM book.tiles
                WHERE tiles.level = levels.level
                ORDER BY first DESC
                LIMIT 1
            ), 0
        )
        FROM generate_series(0, %b - 1) AS levels (level)
        ORDER BY levels.level
    """
    return [row[0] for row in await (await connection.execute(query, (LEVELS,), binary=True)).fetchall()]


async def tiles(
    connection: AsyncConnection[TupleRow], names: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Return tiles by level and number, as far as they are there without a gap."""
    query = """
        SELECT wanted.level, wanted.number, tiles.first %% 256, tiles.hashes
        FROM unnest(%b::bigint[], %b::bigint[]) AS wanted (level, number)
        JOIN book.tiles ON tiles.level = wanted.level
            AND tiles.first BETWEEN wanted.number * 256 AND wanted.number * 256 + 255
        ORDER BY wanted.level, tiles.first
    """
    wanted = sorted(names)
    columns = ([level for level, _ in wanted], [number for _, number in wanted])
    found = dict.fromkeys(wanted, b"")
    for level, number, first, hashes in await (await connection.execute(query, columns, binary=True)).fetchall():
        if first * HASH_BYTES == len(found[level, number]):
            found[level, number] += hashes
    return found


async def roots(connection: AsyncConnection[TupleRow], ranges: Sequence[Range]) -> list[bytes]:
    """Return the roots of ranges, as those of a proof. Errors: TileMissingError."""
    found = await tiles(connection, merkle.tiles_under(ranges))
    return [merkle.root_of(begin, end, found) for begin, end in ranges]


async def load_tree(connection: AsyncConnection[TupleRow]) -> Tree:
    """Return the tree as it was left. Errors: TreeError."""
    sizes = await level_sizes(connection)
    if sizes != [sizes[0] >> TILE_HEIGHT * level for level in range(LEVELS)]:
        raise TreeError
    names = [(level, size // TILE_HASHES) for level, size in enumerate(sizes) if size]
    edges = [edge for _, edge in sorted((await tiles(connection, names)).items())]
    if [len(edge) for edge in edges] != [size % TILE_HASHES * HASH_BYTES for size in sizes if size]:
        raise TreeError
    return Tree(sizes[0], edges)


# ---- checkpoints -----------------------------------------------------------------------------------------------------


async def save_checkpoint(connection: AsyncConnection[TupleRow], size: int, note: str) -> None:
    statement = """
        INSERT INTO book.signed_checkpoints (size, note, before)
        SELECT %s, %s, coalesce(max(size), 0)
        FROM book.signed_checkpoints
    """
    await connection.execute(statement, (size, note))


async def latest_checkpoint(connection: AsyncConnection[TupleRow]) -> SignedCheckpoint | None:
    """Return the newest one."""
    return next(iter(await latest_checkpoints(connection, 1)), None)


async def latest_checkpoints(connection: AsyncConnection[TupleRow], limit: int) -> list[SignedCheckpoint]:
    """Return the newest ones, the largest first."""
    query = "SELECT size, note, made_at FROM book.published_checkpoints ORDER BY size DESC LIMIT %s"
    rows = await (await connection.execute(query, (limit,))).fetchall()
    return [SignedCheckpoint(*row) for row in rows]


async def checkpoints_between(
    connection: AsyncConnection[TupleRow], smallest: int, largest: int, limit: int | None = None
) -> list[SignedCheckpoint]:
    """Return checkpoints of these sizes, the smallest first."""
    query = """
        SELECT size, note, made_at
        FROM book.published_checkpoints
        WHERE size BETWEEN %s AND %s
        ORDER BY size
        LIMIT %s
    """
    rows = await (await connection.execute(query, (smallest, largest, limit))).fetchall()
    return [SignedCheckpoint(*row) for row in rows]


async def last_cosigned(connection: AsyncConnection[TupleRow], witness: str) -> int:
    """Return the size of the last checkpoint that a witness signed, 0 when there is none."""
    query = "SELECT coalesce(max(size), 0) FROM book.cosignatures WHERE witness = %s"
    row = await (await connection.execute(query, (witness,))).fetchone()
    return row[0] if row else 0


async def save_cosignature(connection: AsyncConnection[TupleRow], size: int, witness: str, lines: str) -> None:
    statement = """
        INSERT INTO book.cosignatures (size, witness, lines)
        VALUES (%s, %s, %s)
        ON CONFLICT DO NOTHING
    """
    await connection.execute(statement, (size, witness, lines))
