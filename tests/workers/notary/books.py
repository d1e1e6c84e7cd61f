"""A small honest book with a tree and signed checkpoints, and a notary that is run until it has signed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

from schemas.settings import Settings
from store import log, notes, tree
from store.appender import Append, Appender, NewEvent
from store.connections import connect
from store.signing_keys import trusted_keys
from store.tree import SignedCheckpoint
from store.verification import Verdict, verify_by_own_keys
from tests.books import KEY, until
from workers.notary.notary import Notary

NAME = "book.example.org/tests"
SETTINGS = Settings(checkpoint_origin=NAME, checkpoint_seconds=1)


@asynccontextmanager
async def notarizing(url: str, settings: Settings = SETTINGS, key: bytes = KEY) -> AsyncIterator[asyncio.Task[None]]:
    """Run a notary beside the test; what ends it early fails the test."""
    worker = asyncio.create_task(Notary(url, key, settings).run())
    try:
        yield worker
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def latest(url: str) -> SignedCheckpoint | None:
    async with await connect(url) as connection:
        return await tree.latest_checkpoint(connection)


async def is_signed(url: str) -> bool:
    async with await connect(url) as connection:
        found = await tree.latest_checkpoint(connection)
        return found is not None and found.size == await log.head(connection)


async def notarize(url: str, settings: Settings = SETTINGS) -> SignedCheckpoint:
    """Have all that is in the log signed."""
    async with notarizing(url, settings):
        await until(lambda: is_signed(url))
    found = await latest(url)
    assert found
    return found


async def append(url: str, appends: Iterable[Sequence[str]], versions: Counter[str] | None = None) -> None:
    """Write appends, each of one event to each of the streams that it names."""
    versions = Counter() if versions is None else versions
    appender = Appender(url)
    for streams in appends:
        events = [_event(stream, versions) for stream in streams]
        await appender.append(Append(events=events, reads={}))
    await appender.close()


def _event(stream: str, versions: Counter[str]) -> NewEvent:
    versions[stream] += 1
    data = f'{{"team":1,"name":"Ünï {stream} {versions[stream]}"}}'.encode()
    return NewEvent(stream, versions[stream], "teams.TeamRenamed", data, b'{"actor":"operator"}', "")


async def verdict(url: str, kept: Sequence[str] = ()) -> Verdict:
    async with await connect(url) as connection:
        own, _ = await trusted_keys(connection, KEY)
        return await verify_by_own_keys(connection, KEY, [notes.opened(note, own) for note in kept])
