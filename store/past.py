"""The past: what streams said at a position of the log, for who looks back. No rule is decided from it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, TypeVar

from domain.kernel import Entity, Event
from store import log
from store.codec import decode_events
from store.event_store import EventStore

S = TypeVar("S")


async def state_at(store: EventStore, entity: Entity[S], position: int, *ids: object) -> S | None:
    """Return what an entity was."""
    states = await _states_at(store, entity, [entity.stream(*ids)], position)
    return states[0] if states else None


async def states_about_at(store: EventStore, entity: Entity[S], position: int, about: str) -> list[S]:
    """Return what all entities of a kind were that spoke of the stream `about`."""
    async with store.pool.connection() as connection:
        _, streams = await log.streams_about(connection, about, entity.prefix())
    return await _states_at(store, entity, streams, position)


async def states_below_at(store: EventStore, entity: Entity[S], position: int, *ids: object) -> list[S]:
    """Return what all entities of a kind were whose ids begin with these: for those that the log keeps no list of."""
    query = "SELECT stream FROM book.log WHERE stream >= %b AND stream < %b AND version = 1 AND position <= %b"
    async with store.pool.connection() as connection:
        rows = await (await connection.execute(query, (*_below(entity, *ids), position), binary=True)).fetchall()
    return await _states_at(store, entity, [row[0] for row in rows], position)


def _below(entity: Entity[Any], *ids: object) -> tuple[str, str]:
    """Return between which names all streams are whose ids begin with these."""
    return f"{entity.stream(*ids)}-", f"{entity.stream(*ids)}."  # the character after the dash


async def _states_at(store: EventStore, entity: Entity[S], streams: Sequence[str], position: int) -> list[S]:
    query = """
        SELECT stream, type, data
        FROM book.log
        WHERE stream = ANY(%b) AND position <= %b
        ORDER BY stream, version
    """
    async with store.pool.connection() as connection:
        rows = await (await connection.execute(query, (list(streams), position), binary=True)).fetchall()
    events = await decode_events([(row[1], row[2]) for row in rows], store.keyring)
    said = groupby(zip(rows, events, strict=True), key=lambda pair: pair[0][0])
    states = [entity.fold(event for _, event in pairs) for _, pairs in said]
    return [state for state in states if state is not None]


async def count_at(
    store: EventStore, entity: Entity[S], position: int, begun: type[Event], ended: type[Event], *ids: object
) -> int:
    """Count the entities whose ids begin with these, and that had begun and not ended: nothing is decoded."""
    query = """
        SELECT count(*)
        FROM (
            SELECT DISTINCT ON (stream) type
            FROM book.log
            WHERE stream >= %b AND stream < %b AND position <= %b AND type IN (%b, %b)
            ORDER BY stream, version DESC
        ) AS last
        WHERE type = %b
    """
    types = begun.stored_type, ended.stored_type, begun.stored_type
    async with store.pool.connection() as connection:
        row = await (await connection.execute(query, (*_below(entity, *ids), position, *types), binary=True)).fetchone()
    return row[0] if row else 0
