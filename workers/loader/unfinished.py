"""Which loads have not ended: those to be run here, and those of bots of which nobody has heard for too long."""

from collections.abc import Collection
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.loads.aggregate import LOAD
from domain.loads.events import LoadFinished, LoadStarted

PREFIX = LOAD.prefix()
REGISTRY = "registry"  # where a load is run unless it says something else
BEYOND = f"{PREFIX[:-1]}."  # the sign after the hyphen


class Unfinished(NamedTuple):
    """A load that has not ended. `gateway` None: a bot runs it itself."""

    load: str
    gateway: str | None


class Silent(NamedTuple):
    """A load, and the position of its last event."""

    load: str
    position: int


async def unfinished_loads(connection: AsyncConnection[TupleRow], up_to: int) -> list[Unfinished]:
    """Return the loads that had begun up to a position and have not ended, in order."""
    query = """
        SELECT begun.stream, CASE asked.data ->> 'kind' WHEN 'internal' THEN coalesce(asked.data ->> 'gateway', %b) END
        FROM book.log AS begun
        CROSS JOIN LATERAL (SELECT convert_from(begun.data, 'UTF8')::json AS data) AS asked
        WHERE begun.stream >= %b AND begun.stream < %b AND begun.version = 1
          AND begun.position <= %b
          AND begun.type = %b
          AND NOT EXISTS (
              SELECT FROM book.log AS ended WHERE ended.stream = begun.stream AND ended.type = %b
          )
        ORDER BY begun.position
    """
    wanted = (REGISTRY, PREFIX, BEYOND, up_to, LoadStarted.stored_type, LoadFinished.stored_type)
    rows = await (await connection.execute(query, wanted, binary=True)).fetchall()
    return [Unfinished(stream.removeprefix(PREFIX), gateway) for stream, gateway in rows]


async def silent_loads(connection: AsyncConnection[TupleRow], names: Collection[str], seconds: int) -> list[Silent]:
    """Return those of these loads whose last event is older than this."""
    query = """
        SELECT stream, max(position)
        FROM book.log
        WHERE stream = ANY(%b)
        GROUP BY stream
        HAVING max(recorded_at) < now() - make_interval(secs => %b)
    """
    streams = [LOAD.stream(name) for name in names]
    rows = await (await connection.execute(query, (streams, float(seconds)), binary=True)).fetchall()
    return [Silent(stream.removeprefix(PREFIX), position) for stream, position in rows]
