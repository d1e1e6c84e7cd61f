"""The projector is killed with -9 in the middle of its batches, again and again: its rows are those of a replay."""

import asyncio
import time

import psycopg
import pytest

from projections.catalogue import PROJECTORS
from projections.rebuild import rebuild
from tests import servers
from tests.books import dump, opened, shown
from tests.deeds import Deeds, do_many

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

KILLS = 8
DEEDS_AT_A_TIME = 100
START_SECONDS_MAX = 30.0
IN_A_BATCH = """
    SELECT pid
    FROM pg_locks
    WHERE relation = 'operations.checkpoints'::regclass AND mode = 'RowExclusiveLock'
    LIMIT 1
"""


def kill_in_a_batch(url: str) -> None:
    """Start a projector, and kill it while it has changed something that is not committed."""
    projector = servers.spawn("work", "projector", url=url)
    with psycopg.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not connection.execute(IN_A_BATCH).fetchone():
            assert projector.poll() is None
            assert time.monotonic() < deadline
    projector.kill()
    projector.wait()


async def test_rows_are_those_of_a_replay_however_often_the_projector_was_killed(database_url: str) -> None:
    deeds = Deeds(seed=1)
    async with opened(database_url) as store:
        for _ in range(KILLS):
            killing = asyncio.create_task(asyncio.to_thread(kill_in_a_batch, database_url))
            while not killing.done():
                await do_many(store, deeds, DEEDS_AT_A_TIME)
            await killing
        projector = await asyncio.to_thread(servers.spawn, "work", "projector", url=database_url)
        await shown(database_url)
        await asyncio.to_thread(servers.stop, projector)
        projected = dump(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
    assert all(projected.values())
    assert dump(database_url) == projected
