"""A server is killed with -9 again and again while it restores settings: who asks again has all of them, once."""

import asyncio
import time

import httpx
import psycopg
import pytest

from domain.kernel import Book
from domain.settings.events import RowCreated
from tests.api.antiraid.guildhall import made
from tests.api.book.restores import Move, open_move
from tests.books import ask
from tests.domain.book import stream_of
from tests.servers import free_port, kill_with_its_workers, served, spawn, wait_until_ready
from tests.world import open_world

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

ROWS = 2000
PART = 200  # rows in one append
KILLS = 4
SECONDS_MAX = 60.0
RESTORED = "SELECT count(*) FROM book.log WHERE type = 'settings.RowCreated' AND starts_with(stream, %s)"
APPENDS = """
    SELECT count(*)
    FROM book.log
    WHERE type = 'settings.RowCreated' AND starts_with(stream, %s)
    GROUP BY append_end
    ORDER BY append_end
"""


async def test_a_restore_that_was_killed_is_completed_by_who_asks_again(database_url: str) -> None:
    with served(database_url) as base_url:
        async with open_world(base_url, database_url) as world:
            move = await open_move(world)
            await move.loaded()
            await world.do(settle, move)
            done = [await killed_while_restoring(database_url, move, kill) for kill in range(KILLS)]
            assert 0 < done[0] < done[-1] < ROWS
            report = made(await move.ask())
            assert report["totals"] == {"created": ROWS - done[-1], "updated": 0, "unchanged": done[-1], "skipped": 0}
            again = made(await move.ask())
            assert again["totals"] == {"created": 0, "updated": 0, "unchanged": ROWS, "skipped": 0}
            rows = await move.rows()
    target = move.target
    wanted = {"room": target.room, "roles": [target.low], "token": None, "by": "17"}
    assert rows == [{"name": f"ping {n:04}", **wanted} for n in range(ROWS)]
    assert ask(database_url, RESTORED, written_in(move)) == [(ROWS,)]  # each once


async def settle(book: Book, move: Move) -> None:
    """Let the source have many rows, which name a channel and a role."""
    where = {"guild": move.source.id, "template": move.template, "setting": "pings"}
    fields = {"room": move.source.room, "roles": [move.source.low], "token": None, "by": "17"}
    for n in range(ROWS):
        name = {"name": f"ping {n:04}"}
        event = RowCreated(**where, key=name, fields={**name, **fields})
        book.append(stream_of(event), [event])


async def killed_while_restoring(url: str, move: Move, kill: int) -> int:
    """Ask a server of its own, which is killed some appends later; return how many rows are restored then."""
    port = str(free_port())
    process = spawn("serve", "--port", port, url=url)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        before = restored(url, move)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS_MAX) as http:
            asking = asyncio.create_task(move.ask(move.source.owner.at(http)))
            await asyncio.to_thread(wait_for_more, url, move, before, kill * 0.007)
            kill_with_its_workers(process.pid)
            with pytest.raises(httpx.TransportError):
                await asking
    finally:
        process.kill()
        process.wait()
    assert {count for (count,) in ask(url, APPENDS, written_in(move))} == {PART}  # all of an append, or nothing
    return restored(url, move)


def wait_for_more(url: str, move: Move, before: int, delay_seconds: float) -> None:
    """Return a moment after more rows were restored."""
    deadline = time.monotonic() + SECONDS_MAX
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(RESTORED, (written_in(move),)).fetchone() == (before,):
            assert time.monotonic() < deadline
    time.sleep(delay_seconds)


def restored(url: str, move: Move) -> int:
    [(count,)] = ask(url, RESTORED, written_in(move))
    assert isinstance(count, int)
    return count


def written_in(move: Move) -> str:
    """Return how the streams of the target's rows begin."""
    return f"settings-row-{move.target.id}-"
