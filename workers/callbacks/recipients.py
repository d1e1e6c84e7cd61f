"""Where deliveries go and how they are signed: callbacks as the log has them at this moment."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import CALLBACK, Callback
from store import log
from store.keys import Keyring
from workers.callbacks.outbox import Due

REMEMBERED_MAX = 10_000


class Known(NamedTuple):
    """A callback as of a version of its stream; None when it is gone."""

    version: int
    callback: Callback | None


class Recipients:
    """The callbacks that were sent to lately. One that has changed since is read again."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._known: dict[str, Known] = {}

    async def of(self, connection: AsyncConnection[TupleRow], found: Sequence[Due]) -> dict[int, Callback]:
        """Return those that exist, by id."""
        versions = {stream_of(due): due.version or 0 for due in found}
        unread = [stream for stream, version in versions.items() if not self._knows(stream, version)]
        if len(self._known) + len(unread) > REMEMBERED_MAX:
            self._known.clear()
            unread = list(versions)
        if unread:
            await self._read(connection, unread)
        known = [self._known[stream].callback for stream in versions]
        return {callback.id: callback for callback in known if callback is not None}

    def _knows(self, stream: str, version: int) -> bool:
        known = self._known.get(stream)
        return known is not None and known.version >= version

    async def _read(self, connection: AsyncConnection[TupleRow], streams: Sequence[str]) -> None:
        histories = await log.read_streams(connection, self._keyring, streams)
        for stream in streams:
            history = histories.get(stream, log.NO_STREAM)
            self._known[stream] = Known(history.version, CALLBACK.fold(history.events))


def stream_of(due: Due) -> str:
    """Return the stream of the callback that a delivery is for."""
    return CALLBACK.stream(due.app, due.event)
