"""Where the fan-out is in the log, and where the callbacks are that are not level with it."""

from collections.abc import Mapping

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import CALLBACK, Callback
from domain.kernel import Event
from projections import checkpoints
from store.codec import decode_closed

READER = "callback_fanout"
CONTEXT_START, CONTEXT_END = f"{CALLBACK.context}-", f"{CALLBACK.context}."  # the sign after the hyphen


async def place(connection: AsyncConnection[TupleRow]) -> int:
    """Return where the fan-out is. It begins just before the first callback: nobody is told of what was earlier."""
    query = """
        SELECT
            (SELECT position FROM operations.checkpoints WHERE reader = %(reader)b),
            coalesce(
                (SELECT min(position) FROM book.log WHERE stream >= %(start)b AND stream < %(end)b) - 1,
                book.head()
            )
    """
    wanted = {"reader": READER, "start": CONTEXT_START, "end": CONTEXT_END}
    row = await (await connection.execute(query, wanted, binary=True)).fetchone()
    assert row is not None
    if row[0] is None:
        await checkpoints.begin(connection, READER, row[1], "")
        return row[1]
    return row[0]


async def callbacks_at(connection: AsyncConnection[TupleRow], position: int) -> list[Callback]:
    """Return the callbacks as they were at a position; their secrets stay closed."""
    query = """
        SELECT stream, type, data
        FROM book.log
        WHERE stream >= %b AND stream < %b AND position <= %b
        ORDER BY stream, version
    """
    rows = await (await connection.execute(query, (CONTEXT_START, CONTEXT_END, position), binary=True)).fetchall()
    histories: dict[str, list[Event]] = {}
    for stream, stored_type, data in rows:
        histories.setdefault(stream, []).append(decode_closed(stored_type, data))
    states = map(CALLBACK.fold, histories.values())
    return [state for state in states if state is not None]


async def all_cursors(connection: AsyncConnection[TupleRow]) -> dict[int, int]:
    """Return where those are that are not level."""
    query = "SELECT callback, position FROM operations.callback_cursors"
    return dict(await (await connection.execute(query, binary=True)).fetchall())


async def save(
    connection: AsyncConnection[TupleRow], cursors: Mapping[int, tuple[int, bool]], level: list[int]
) -> None:
    """Write down where these are, and whether they are held; and that others are level, or gone."""
    if cursors:
        statement = """
            INSERT INTO operations.callback_cursors (callback, position, is_held)
            SELECT callback, position, is_held
            FROM unnest(%b::bigint[], %b::bigint[], %b::boolean[]) AS cursor (callback, position, is_held)
            ON CONFLICT (callback) DO UPDATE SET (position, is_held) = (EXCLUDED.position, EXCLUDED.is_held)
        """
        places = list(cursors.values())
        columns = [list(cursors), [position for position, _ in places], [is_held for _, is_held in places]]
        await connection.execute(statement, columns)
    if level:
        await connection.execute("DELETE FROM operations.callback_cursors WHERE callback = ANY(%b)", (level,))


async def forget_failures(connection: AsyncConnection[TupleRow], callback: int) -> None:
    """Begin anew to count for how long it has failed."""
    statement = "UPDATE operations.callback_figures SET failing_since = NULL WHERE callback = %b"
    await connection.execute(statement, (callback,))


async def forget(connection: AsyncConnection[TupleRow], callbacks: list[int]) -> None:
    """Remove the figures of callbacks that are gone."""
    await connection.execute("DELETE FROM operations.callback_figures WHERE callback = ANY(%b)", (callbacks,))
