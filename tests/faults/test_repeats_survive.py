"""A server is killed while it answers a write with an Idempotency-Key; another finishes it, once."""

import asyncio

import httpx
import psycopg
import pytest

from tests.books import ask, until
from tests.servers import free_port, kill_with_its_workers, served, spawn, wait_until_ready
from tests.world import Bot, World, open_world

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]

LOCK_APPENDS = "SELECT pg_advisory_lock(7121402816)"
COMMANDS = "/book/bots/@me/commands"
BODY = {"commands": [{"name": "ban"}]}
KEY = {"Idempotency-Key": "killed"}
GIVEN_SECONDS_MAX = 90.0  # a claim that nobody renews ends by itself


async def test_what_a_killed_server_was_asked_is_done_once_by_another(database_url: str) -> None:
    with served(database_url) as base_url:
        async with open_world(base_url, database_url) as world:
            bot = await world.bot()
            await killed_while_writing(database_url, bot)
            answer = await given_in_the_end(world, bot)
    assert answer.json()["position"] > 0
    assert ask(database_url, "SELECT count(*) FROM book.log WHERE stream = %s", f"fleet-commands-{bot.id}") == [(1,)]


async def killed_while_writing(url: str, bot: Bot) -> None:
    """Ask a server of its own, which is killed when it has claimed the key and cannot append."""
    port = str(free_port())
    process = spawn("serve", "--port", port, url=url)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        with psycopg.connect(url, autocommit=True) as holding:
            holding.execute(LOCK_APPENDS)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                asking = asyncio.create_task(bot.at(http).put(COMMANDS, BODY, headers=KEY))
                await until(lambda: ask(url, "SELECT key FROM operations.keyed_requests WHERE key = 'killed'"))
                kill_with_its_workers(process.pid)
                with pytest.raises(httpx.TransportError):
                    await asking
    finally:
        process.kill()
        process.wait()


async def given_in_the_end(world: World, bot: Bot) -> httpx.Response:
    """Ask the other server until the claim of the dead one has ended."""
    answers = [await bot.put(COMMANDS, BODY, headers=KEY)]
    assert answers[0].status_code == 409

    async def is_given() -> bool:
        answers.append(await bot.put(COMMANDS, BODY, headers=KEY))
        return answers[-1].status_code == 200

    await until(is_given, GIVEN_SECONDS_MAX)
    return answers[-1]
