"""Group commit: everything that waits in this process is appended in one round trip and one commit."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.connections import connect, is_outage
from store.gather import Gatherer

APPEND_SECONDS_MAX = 5
RECONNECT_SECONDS = 0.1
BATCH_COMMANDS_MAX = 512
EXHAUSTED = ("53", "58")  # SQLSTATEs of a full disk, no memory, an I/O error: nothing of the batch was written
# The plan of the one statement is worth keeping; who does not get the lock in time says so.
SETTINGS: tuple[LiteralString, ...] = ("SET plan_cache_mode = force_generic_plan", "SET statement_timeout = '5s'")
ANSWER_SECONDS_MAX = 7  # a server that has not given up by then has stopped moving


class BookUnavailableError(Exception):
    """The book cannot be written at the moment."""


class OutcomeUnknownError(BookUnavailableError):
    """The connection was lost while this was written, and the book cannot be asked whether it is there."""


class ConflictError(Exception):
    """What the command saw has changed meanwhile."""


class NewEvent(NamedTuple):
    """One event to append, encoded. `links` names the entities that it speaks of, separated by spaces."""

    stream: str
    version: int
    type: str
    data: bytes
    meta: bytes
    links: str


class Append(msgspec.Struct, frozen=True):
    """What one command appends, wholly or not at all, and what it has seen.

    `reads`: version by stream; `sets`: by entity, the position at which the streams about it were listed.
    """

    events: list[NewEvent]
    reads: dict[str, int]
    sets: dict[str, int] = {}


class Appended(NamedTuple):
    """Where the last event of an append is, and when the append was made."""

    position: int
    recorded_at: datetime


class Appender:
    """Appends for one process over one connection of its own; the lock in the database orders the processes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AsyncConnection[TupleRow] | None = None
        self._gatherer = Gatherer[Append, Appended](self._run, batch_max=BATCH_COMMANDS_MAX)

    async def append(self, append: Append) -> Appended:
        """Return after the commit. Errors: ConflictError, BookUnavailableError."""
        return await self._gatherer.get(append)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _run(self, batch: Sequence[Append]) -> list[Appended | Exception]:
        apart = _independent(batch)
        done = await self._settle([append for append, alone in zip(batch, apart, strict=True) if alone])
        answers = iter(done)
        return [next(answers) if alone else ConflictError() for alone in apart]

    async def _settle(self, batch: list[Append], *, in_doubt: bool = False) -> list[Appended | Exception]:
        """Append, and after a lost connection find out what became of it before trying again."""
        deadline = time.monotonic() + APPEND_SECONDS_MAX
        while True:
            sent = False
            try:
                connection = await self._connected()
                sent = True
                return await (_append_again if in_doubt else _append)(connection, batch)
            except psycopg.Error as error:
                if not is_outage(error):
                    return await self._settle_alone(batch, error, in_doubt=in_doubt)
                is_exhausted = (error.sqlstate or "").startswith(EXHAUSTED)
                in_doubt |= sent and not is_exhausted
                if is_exhausted or time.monotonic() > deadline:
                    raise (OutcomeUnknownError if in_doubt else BookUnavailableError) from error
                await self._drop()

    async def _settle_alone(
        self, batch: list[Append], error: psycopg.Error, *, in_doubt: bool
    ) -> list[Appended | Exception]:
        """Let only those fail that are at fault: append one by one."""
        if isinstance(error, psycopg.errors.QueryCanceled):  # nothing at fault: the lock was not to be had in time
            raise (OutcomeUnknownError if in_doubt else BookUnavailableError) from error
        if len(batch) == 1:
            return [error]
        return [(await self._settle([append], in_doubt=in_doubt))[0] for append in batch]

    async def _connected(self) -> AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.broken or self._connection.closed:
            self._connection = await connect(self._url, ANSWER_SECONDS_MAX)
            for setting in SETTINGS:
                await self._connection.execute(setting)
        return self._connection

    async def _drop(self) -> None:
        await self.close()
        await asyncio.sleep(RECONNECT_SECONDS)


def _independent(batch: Sequence[Append]) -> list[bool]:
    """Tell, for each append, whether nothing that it has seen is changed by an earlier one of the batch."""
    written: set[str] = set()
    linked: set[str] = set()
    apart: list[bool] = []
    for append in batch:
        alone = written.isdisjoint(append.reads) and linked.isdisjoint(append.sets)
        apart.append(alone)
        if alone:
            written.update(event.stream for event in append.events)
            linked.update(entity for event in append.events for entity in event.links.split())
    return apart


async def _append_again(connection: AsyncConnection[TupleRow], batch: list[Append]) -> list[Appended | Exception]:
    """Append what of a batch in doubt is not in the log after all.

    The first try may still be on its way to the server. Under one lock it either has arrived and is found, or arrives
    later and is refused, because its streams have moved on.
    """
    async with connection.transaction():
        await connection.execute("SELECT book.lock_appends()")  # whoever was still committing has finished
        found = await _find(connection, batch)
        rest = [append for place, append in enumerate(batch) if place not in found]
        answers = iter(await _append(connection, rest) if rest else [])
    return [found[place] if place in found else next(answers) for place in range(len(batch))]


async def _append(connection: AsyncConnection[TupleRow], batch: list[Append]) -> list[Appended | Exception]:
    query = """
        SELECT refused, head, recorded_at
        FROM book.append(
            %b, %b::text[], %b, %b, %b::text[], %b, %b, %b::text[], %b, %b::text[], %b::bytea[], %b::bytea[], %b::text[]
        )
    """
    cursor = await connection.execute(query, _arguments(batch), binary=True)
    row = await cursor.fetchone()
    assert row is not None
    return _answers(batch, frozenset(row[0]), row[1], row[2])


def _arguments(batch: list[Append]) -> list[list[object]]:
    """Lay a batch out in columns; every event and every check carries the number of its command."""
    reads = _columns(
        3, ((n, stream, version) for n, append in enumerate(batch) for stream, version in append.reads.items())
    )
    sets = _columns(3, ((n, entity, at) for n, append in enumerate(batch) for entity, at in append.sets.items()))
    events = _columns(7, ((n, *event) for n, append in enumerate(batch) for event in append.events))
    return [*reads, *sets, *events]


def _columns(count: int, rows: Iterable[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


def _answers(
    batch: list[Append], refused: frozenset[int], head: int, recorded_at: datetime
) -> list[Appended | Exception]:
    answers: list[Appended | Exception] = []
    for number, append in enumerate(batch):
        if number in refused:
            answers.append(ConflictError())
            continue
        head += len(append.events)
        answers.append(Appended(head, recorded_at))
    return answers


async def _find(connection: AsyncConnection[TupleRow], batch: list[Append]) -> dict[int, Appended]:
    """Return which appends of a batch in doubt are in the log after all, recognised by their unique meta."""
    query = """
        SELECT log.append_end, log.recorded_at, sent.place
        FROM unnest(%b::text[], %b, %b::bytea[]) WITH ORDINALITY AS sent (stream, version, meta, place)
        JOIN book.log USING (stream, version, meta)
    """
    firsts = [append.events[0] for append in batch]
    columns = [[e.stream for e in firsts], [e.version for e in firsts], [e.meta for e in firsts]]
    rows = await (await connection.execute(query, columns, binary=True)).fetchall()
    return {place - 1: Appended(end, at) for end, at, place in rows}
