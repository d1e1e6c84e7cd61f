"""A write with an Idempotency-Key is done once, whoever of the servers is asked, and whatever becomes of it."""

import asyncio
import json
import secrets

import httpx
import psycopg
import pytest

from tests.api.book.problems import refused
from tests.books import ask, until
from tests.world import Bot, World

STATS, COMMANDS = "/book/bots/@me/stats", "/book/bots/@me/commands"
BODY = {"shard_conns": {}, "total_guilds": 3}


def key() -> dict[str, str]:
    return {"Idempotency-Key": f'"{secrets.token_hex(8)}"'}


def reports(url: str, bot: Bot) -> int:
    [(count,)] = ask(url, "SELECT count(*) FROM book.log WHERE stream = %s", f"fleet-stats-{bot.id}")
    assert isinstance(count, int)
    return count


def is_replayed(answer: httpx.Response) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


async def test_who_asks_again_is_given_the_first_answer(world: World, shared_database_url: str) -> None:
    bot, headers = await world.bot(), key()
    first = await bot.put(STATS, BODY, headers=headers)
    again = await bot.put(STATS, BODY, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Guildbook-Position"] == first.headers["Guildbook-Position"]
    assert (is_replayed(first), is_replayed(again)) == (False, True)
    assert reports(shared_database_url, bot) == 1


async def test_another_server_gives_the_first_answer_too(world: World, curt: World, shared_database_url: str) -> None:
    bot, headers = await world.bot(), key()
    first = await bot.put(STATS, BODY, headers=headers)
    again = await bot.at(curt.http).put(STATS, BODY, headers=headers)
    assert again.content == first.content
    assert reports(shared_database_url, bot) == 1


async def test_the_same_key_with_and_without_quotes_is_one(world: World) -> None:
    bot = await world.bot()
    first = await bot.put(STATS, BODY, headers={"Idempotency-Key": '"one"'})
    assert (await bot.put(STATS, BODY, headers={"Idempotency-Key": "one"})).content == first.content


async def test_a_key_that_was_used_for_another_request_is_refused(world: World) -> None:
    bot, headers = await world.bot(), key()
    await bot.put(STATS, BODY, headers=headers)
    answer = await bot.put(STATS, {**BODY, "total_guilds": 4}, headers=headers)
    assert refused(answer) == (422, "This Idempotency-Key was used for another request.")


async def test_a_key_belongs_to_one_bot_and_one_route(world: World, shared_database_url: str) -> None:
    bot, other, headers = await world.bot(), await world.bot(), key()
    await bot.put(STATS, BODY, headers=headers)
    assert not is_replayed(await other.put(STATS, {**BODY, "total_guilds": 9}, headers=headers))
    assert not is_replayed(await bot.put(COMMANDS, {"commands": []}, headers=headers))


@pytest.mark.parametrize("text", ["", '""', "a b", "é", "x" * 256, '"open'])
async def test_a_key_that_is_none_is_a_bad_request(world: World, text: str) -> None:
    bot = await world.bot()
    answer = await bot.put(STATS, BODY, headers={"Idempotency-Key": text.encode()})
    assert refused(answer) == (400, "Idempotency-Key must be 1 to 255 visible characters.")


async def test_without_a_good_token_a_key_is_not_looked_at(world: World) -> None:
    bot, headers = await world.bot(), key()
    await bot.put(STATS, BODY, headers=headers)
    assert refused(await world.http.put(STATS, json=BODY, headers=headers)) == (401, "This needs a token.")


async def test_what_was_refused_may_be_put_right_under_the_same_key(world: World) -> None:
    bot, headers = await world.bot(), key()
    assert (await bot.put(STATS, {}, headers=headers)).status_code == 422
    assert (await bot.put(STATS, BODY, headers=headers)).status_code == 200


async def test_of_many_at_once_one_is_done(world: World, curt: World, shared_database_url: str) -> None:
    bot, headers = await world.bot(), key()
    callers = [bot, bot.at(curt.http)] * 8
    answers = await asyncio.gather(*(caller.put(STATS, BODY, headers=headers) for caller in callers))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert reports(shared_database_url, bot) == 1


def claimed(url: str, bot: Bot, text: str, seconds: int) -> None:
    """Leave behind what a process leaves that was killed in the middle so many seconds ago."""
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            INSERT INTO operations.keyed_requests (caller, route, key, request, claim, claimed_at)
            SELECT caller, route, %s, request, %s, now() - make_interval(secs => %s)
            FROM operations.keyed_requests WHERE caller = %s
            """,
            (text, secrets.token_hex(8), seconds, f"apps-{bot.id}"),
        )


async def test_a_request_that_is_under_way_elsewhere_is_waited_for_by_the_caller(
    world: World, shared_database_url: str
) -> None:
    bot = await world.bot()
    await bot.put(STATS, BODY, headers=key())
    claimed(shared_database_url, bot, "under-way", 0)
    answer = await bot.put(STATS, BODY, headers={"Idempotency-Key": "under-way"})
    assert refused(answer) == (409, "The request with this Idempotency-Key is still under way.")
    assert answer.headers["Retry-After"] == "1"


async def test_what_a_killed_process_left_is_taken_over(world: World, shared_database_url: str) -> None:
    bot = await world.bot()
    await bot.put(STATS, BODY, headers=key())
    claimed(shared_database_url, bot, "left", 10)
    other = await bot.put(STATS, {**BODY, "total_guilds": 4}, headers={"Idempotency-Key": "left"})
    assert other.status_code == 422
    answers = [await bot.put(STATS, BODY, headers={"Idempotency-Key": "left"}) for _ in range(2)]
    assert [is_replayed(answer) for answer in answers] == [False, True]


async def test_a_key_is_new_again_after_a_day(world: World, shared_database_url: str) -> None:
    bot, headers = await world.bot(), key()
    await bot.put(STATS, BODY, headers=headers)
    days_ago = "UPDATE operations.keyed_requests SET created_at = now() - interval '25 hours' WHERE caller = %s"
    ask(shared_database_url, days_ago, f"apps-{bot.id}")
    assert not is_replayed(await bot.put(STATS, {**BODY, "total_guilds": 4}, headers=headers))
    ask(shared_database_url, days_ago, f"apps-{bot.id}")
    other = await world.bot()

    async def is_let_go() -> bool:
        await other.put(STATS, BODY, headers=key())
        return (
            ask(shared_database_url, "SELECT key FROM operations.keyed_requests WHERE caller = %s", f"apps-{bot.id}")
            == []
        )

    await until(is_let_go)


async def test_the_key_stands_in_the_log(world: World, shared_database_url: str) -> None:
    bot = await world.bot()
    answer = await bot.put(STATS, BODY, headers={"Idempotency-Key": "in-the-log"})
    [(meta,)] = ask(shared_database_url, "SELECT meta FROM book.log WHERE position = %s", answer.json()["position"])
    assert isinstance(meta, bytes)
    said = json.loads(meta)
    assert (said["actor"], said["surface"], said["key"]) == (f"apps-{bot.id}", "book", "in-the-log")
