"""How often one may ask, and what is said of it."""

import asyncio
import re
from itertools import count

import httpx

from tests.api.xenon.callers import Program, program, said
from tests.api.xenon.listeners import listening, refusal
from tests.world import World

POLICY = '"bot";q=30;w=10'
_addresses = count(1)


async def fresh(world: World, limited: httpx.AsyncClient) -> Program:
    return program(await world.bot()).at(limited)


def elsewhere() -> dict[str, str]:
    """Return a header that says that somebody calls from where nobody has called from."""
    return {"X-Forwarded-For": f"203.0.113.{next(_addresses)}"}


def left(answer: httpx.Response) -> int:
    told = re.fullmatch(r'"bot";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert told, answer.headers
    assert 1 <= int(told[2]) <= 10
    assert answer.headers["RateLimit-Policy"] == POLICY
    assert not {"Bucket", "Req-Limit", "Req-Made"} & set(answer.headers)
    return int(told[1])


async def test_the_thirty_first_request_within_ten_seconds_is_refused(world: World, limited: httpx.AsyncClient) -> None:
    bot = await fresh(world, limited)
    answers = [await bot.mapper() for _ in range(31)]
    assert [answer.status_code for answer in answers] == [400] * 30 + [429]
    assert [left(answer) for answer in answers] == [*range(29, -1, -1), 0]
    last = answers[-1]
    assert list(last.json()) == ["error", "retry_after"]
    assert last.json()["error"] == "You got ratelimited"
    wait = last.json()["retry_after"]
    assert isinstance(wait, float)
    assert 5_000 < wait <= 10_000
    assert (wait - 1) / 1000 < int(last.headers["Retry-After"]) < wait / 1000 + 1
    assert last.headers["Cache-Control"] == "no-store"


async def test_it_is_said_exactly_how_long_to_wait_and_refused_requests_do_not_count(
    world: World, limited: httpx.AsyncClient
) -> None:
    bot = await fresh(world, limited)
    await asyncio.gather(*(bot.mapper() for _ in range(30)))
    refusals = [await bot.mapper() for _ in range(20)]
    waits = [answer.json()["retry_after"] for answer in refusals]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[-1]
    await asyncio.sleep(waits[-1] / 1000)
    assert (await bot.mapper()).status_code == 400


async def test_everything_that_a_token_asks_for_is_counted_together(world: World, limited: httpx.AsyncClient) -> None:
    bot = await fresh(world, limited)
    async with listening(bot):
        paths = ["/mappers", "/api/mappers", "/templates/x/bots", "/api/templates/x/bots"]
        answers = [await bot.ask("GET" if "mappers" in path else "POST", path) for path in paths * 7]
        answers.append(await bot.mapper(target=1, source=2))
        assert [left(answer) for answer in answers] == list(range(28, -1, -1))
        status, body, headers = await refusal(bot)
    assert (status, list(body)) == (429, ["error", "retry_after"])
    assert (headers["RateLimit-Policy"], int(headers["Retry-After"])) == (POLICY, int(headers["Retry-After"]))


async def test_every_bot_is_counted_for_itself(world: World, limited: httpx.AsyncClient) -> None:
    for bot in (await fresh(world, limited), await fresh(world, limited)):
        assert left(await bot.mapper()) == 29


async def test_who_is_not_let_in_is_counted_for_where_it_comes_from(limited: httpx.AsyncClient) -> None:
    headers = elsewhere()
    tokens = [{}, {"Authorization": "x"}, {"Authorization": f"1.{'x' * 43}"}]
    answers = [await limited.get("/mappers", headers={**headers, **tokens[number % 3]}) for number in range(30)]
    assert [answer.status_code for answer in answers] == [401] * 30
    assert [left(answer) for answer in answers] == list(range(29, -1, -1))
    assert (await limited.post("/templates/x/bots", headers=headers)).status_code == 429
    assert (await limited.get("/mappers", headers=elsewhere())).status_code == 401


async def test_a_token_is_let_in_also_from_where_others_failed(world: World, limited: httpx.AsyncClient) -> None:
    headers = elsewhere()
    for _ in range(31):
        await limited.get("/mappers", headers=headers)
    bot = await fresh(world, limited)
    assert (await bot.get("/mappers", headers=headers)).status_code == 400


async def test_who_looks_without_a_token_is_counted_for_where_it_comes_from(limited: httpx.AsyncClient) -> None:
    headers = elsewhere()
    answers = [await limited.get("/templates/x/bots", headers=headers) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [404] * 30 + [429]
    assert [left(answer) for answer in answers] == [*range(29, -1, -1), 0]


async def test_refusals_of_many_at_once_are_exact(world: World, limited: httpx.AsyncClient) -> None:
    bot = await fresh(world, limited)
    answers = await asyncio.gather(*(bot.mapper() for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [400] * 30 + [429] * 20


async def test_a_limit_that_is_off_says_nothing(bot: Program) -> None:
    answer = await bot.mapper()
    assert said(answer)[0] == 400
    assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)
