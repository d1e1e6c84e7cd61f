"""Runs a load in a guild of ours: some objects at a time, each time in one append with what the load says of them."""

from domain.processes.advance_load import advance_load
from store.event_store import EventStore
from workers.loader.job import Job
from workers.loader.snowflakes import Snowflakes

OBJECTS_MAX = 25


async def run(store: EventStore, job: Job, snowflakes: Snowflakes) -> None:
    """Do all that a load is to do, from wherever it is, and end it unless there is something else to do then."""
    is_done = False
    while not is_done:
        work = {"snapshot": job.snapshot, "new_ids": snowflakes.some(OBJECTS_MAX), "earlier": job.earlier}
        ends = not job.load.asked.restore_settings
        is_done = (await store.execute(job.origin, advance_load, load=job.load.id, **work, ends=ends)).value
