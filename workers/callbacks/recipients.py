"""Where deliveries go and how they are signed: callbacks as the log has them at this moment."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import structlog
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks.aggregate import CALLBACK, Callback
from store import log
from store.codec import UNDECODABLE
from store.connections import described
from store.keys import Keyring
from workers.callbacks.outbox import Due

REMEMBERED_MAX = 10_000

_logger = structlog.get_logger()


class Known(NamedTuple):
    """A callback as of a version of its stream: None when it is gone, and when its stream cannot be read."""

    version: int
    callback: Callback | None
    is_readable: bool = True


class Recipients:
    """The callbacks that were sent to lately. One that has changed since is read again."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._known: dict[str, Known] = {}

    async def of(
        self, connection: AsyncConnection[TupleRow], found: Sequence[Due]
    ) -> tuple[dict[int, Callback], set[int]]:
        """Return those that exist, by id; and the ids of those whose streams cannot be read: they have to wait."""
        versions = {stream_of(due): due.version or 0 for due in found}
        unread = [stream for stream, version in versions.items() if not self._knows(stream, version)]
        if len(self._known) + len(unread) > REMEMBERED_MAX:
            self._known.clear()
            unread = list(versions)
        if unread:
            await self._read(connection, {stream: versions[stream] for stream in unread})
        known = [self._known[stream].callback for stream in versions]
        unreadable = {due.lane.callback for due in found if not self._known[stream_of(due)].is_readable}
        return {callback.id: callback for callback in known if callback is not None}, unreadable

    def _knows(self, stream: str, version: int) -> bool:
        known = self._known.get(stream)
        return known is not None and known.version >= version

    async def _read(self, connection: AsyncConnection[TupleRow], versions: Mapping[str, int]) -> None:
        try:
            histories = await log.read_streams(connection, self._keyring, list(versions))
        except UNDECODABLE as error:
            await self._read_one_by_one(connection, versions, error)
            return
        for stream in versions:
            history = histories.get(stream, log.NO_STREAM)
            self._known[stream] = Known(history.version, CALLBACK.fold(history.events))

    async def _read_one_by_one(
        self, connection: AsyncConnection[TupleRow], versions: Mapping[str, int], error: Exception
    ) -> None:
        if len(versions) > 1:
            for stream, version in versions.items():
                await self._read(connection, {stream: version})
            return
        for stream, version in versions.items():
            _logger.error("callback not sent to: its stream cannot be read", stream=stream, error=described(error))
            self._known[stream] = Known(version, None, is_readable=False)


def stream_of(due: Due) -> str:
    """Return the stream of the callback that a delivery is for."""
    return CALLBACK.stream(due.app, due.event)
