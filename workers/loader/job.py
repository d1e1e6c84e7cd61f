"""What a load needs to be run: what it loads, what was mapped before it, and in whose name it acts."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from domain.guilds.aggregate import GUILD
from domain.loads.aggregate import LOAD, Load
from domain.loads.events import LoadStarted
from domain.processes.snapshot import Snapshot
from store import log
from store.codec import Origin
from store.event_store import EventStore
from store.snapshots import snapshot_at

SURFACE = "loader"


class SourceLostError(Exception):
    """The log does not say what the guild was that is to be loaded."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Job(NamedTuple):
    """A load that is to be run here. `earlier`: what became of the source's objects in the loads before it."""

    load: Load
    snapshot: Snapshot
    since: datetime
    origin: Origin
    earlier: Mapping[str, str]


async def running_load(store: EventStore, name: str) -> Load | None:
    """Return a load that has not ended."""
    load = (await store.load(LOAD, LOAD.stream(name))).state
    return load if load and load.outcome is None and isinstance(load.asked, LoadStarted) else None


async def job_of(store: EventStore, load: Load) -> Job:
    """Return how to run a load. Errors: SourceLostError."""
    stream = LOAD.stream(load.id)
    async with store.pool.connection() as connection:
        [begun, *_] = await log.read_back(connection, store.keyring, [stream], await log.head(connection))
    asked, meta = load.asked, begun.meta()
    snapshot = await snapshot_at(store, load.source, asked.at) if asked.at is not None else None
    if snapshot is None:
        raise SourceLostError
    origin = Origin(actor=meta.actor, surface=SURFACE, on_behalf=meta.on_behalf, cause=begun.position)
    return Job(load, snapshot, begun.recorded_at, origin, await _mapped_before(store, load))


async def _mapped_before(store: EventStore, load: Load) -> dict[str, str]:
    """Return what the loads of the same source and target have mapped, as far as no load has deleted it."""
    async with store.pool.connection() as connection:
        _, streams = await log.streams_about(connection, GUILD.stream(load.target), LOAD.prefix())
    mapped: dict[str, str] = {}
    deleted: set[str] = set()
    for seen in (await store.load_many(LOAD, streams)).values():
        other: Load | None = seen.state
        if other:
            deleted |= set(other.deleted)
            mapped |= other.translated() if other.source == load.source and other.id != load.id else {}
    return {old: new for old, new in mapped.items() if new not in deleted}
