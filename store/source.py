"""Where a reader of the log reads it: in the database, or where else it is carried."""

from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store import log


class Source(Protocol):
    """Every event after a position, once and in order.

    `tells_of_more`: who has read less than the limit has read all there was, and is woken for whatever comes then. Only
    large events make a reading end sooner (`log.READ_BYTES`); who waits then goes on at their next look.
    """

    tells_of_more: bool

    async def read(
        self, connection: AsyncConnection[TupleRow], after: int, limit: int, types: Collection[str] | None
    ) -> tuple[int, list[TupleRow]]:
        """Return where the reading ended, and the events of these types up to there, as `log.read_rows` does."""
        ...

    async def keep(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Write down that all up to a position is taken in, in the transaction that takes it in."""
        ...


class Opening(Protocol):
    """Opens the source of a reader, by its name; `wake` is called, in the loop, when there may be something new."""

    def __call__(
        self, connection: AsyncConnection[TupleRow], reader: str, wake: Callable[[], None], /
    ) -> AbstractAsyncContextManager[Source]: ...


class LogSource:
    """The log itself, whose every append wakes its readers."""

    tells_of_more = True

    async def read(
        self, connection: AsyncConnection[TupleRow], after: int, limit: int, types: Collection[str] | None
    ) -> tuple[int, list[TupleRow]]:
        """Read the log."""
        return await log.read_rows(connection, after, limit, types)

    async def keep(self, connection: AsyncConnection[TupleRow], position: int) -> None:
        """Do nothing: the reader's checkpoint says it."""


THE_LOG = LogSource()


@asynccontextmanager
async def from_log(
    _connection: AsyncConnection[TupleRow], _reader: str, _wake: Callable[[], None]
) -> AsyncGenerator[Source]:
    """Open the log itself as the source of whatever reader."""
    yield THE_LOG
