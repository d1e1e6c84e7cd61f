"""Server-sent events: the log over plain HTTP."""

import asyncio
import json

import httpx
import pytest

from domain.apps.aggregate import AUDITOR_SCOPE
from domain.processes.delete_app import delete_app
from tests.api.book.problems import refused
from tests.api.streams.clients import EVENTS, new_home, rename, streaming
from tests.books import until
from tests.world import World

ACCEPT = {"Accept": "text/event-stream"}


async def test_events_are_told_as_they_happen(world: World) -> None:
    bot = await world.bot(AUDITOR_SCOPE, "guilds:write")
    async with streaming(bot) as events:
        guild = await new_home(bot)
        assert [(await anext(events))["data"]["guild"] for _ in range(3)] == [guild] * 3


async def test_it_is_resumed_by_the_id_of_the_last_event_that_was_heard(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    end = await rename(world, guild, 30)
    positions = [end - 30]
    while positions[-1] < end:
        last = ("Last-Event-ID", str(positions[-1]))
        async with streaming(bot, last, after=0) as events:  # a browser repeats the address as it was
            positions += [(await anext(events))["position"] for _ in range(10)]
    assert positions == list(range(end - 30, end + 1))


async def test_it_is_filtered_as_pages_are(world: World) -> None:
    bot = await world.bot()
    guild, other = await new_home(bot), await new_home(bot)
    async with streaming(bot, guild=guild, type="guilds.GuildUpdated", after=0) as events:
        await rename(world, other, 1)
        end = await rename(world, guild, 1)
        assert (await anext(events))["position"] == end


async def test_a_time_says_where_it_begins(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    end = await rename(world, guild, 3)
    page = await bot.get(EVENTS, params={"after": end - 3, "limit": 1})
    async with streaming(bot, since=page.json()["items"][0]["recorded_at"]) as events:
        assert [(await anext(events))["position"] for _ in range(3)] == [end - 2, end - 1, end]


async def test_it_ends_when_its_token_is_revoked(world: World) -> None:
    bot = await world.bot()
    async with asyncio.timeout(60), streaming(bot) as events:
        await world.do(delete_app, app=bot.id)
        assert [event async for event in events] == []


async def test_a_token_is_good_for_ten_streams(world: World) -> None:
    bot = await world.bot()
    headers = {"Authorization": bot.token, **ACCEPT}
    async with httpx.AsyncClient(base_url=world.http.base_url, limits=httpx.Limits(max_connections=20)) as http:
        asked = [http.build_request("GET", EVENTS, headers=headers) for _ in range(10)]
        answers = [await http.send(request, stream=True) for request in asked]
        assert [answer.status_code for answer in answers] == [200] * 10
        assert refused(await http.get(EVENTS, headers=headers)) == (
            *(429, "There are too many connections with this token."),
        )
        for answer in answers:
            await answer.aclose()

        async def is_room() -> bool:
            async with http.stream("GET", EVENTS, headers=headers) as answer:
                return answer.status_code == 200

        await until(is_room)


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 20, str(2**62)])
async def test_a_wrong_last_id_is_refused(world: World, last: str) -> None:
    bot = await world.bot()
    answer = await bot.get(EVENTS, headers={**ACCEPT, "Last-Event-ID": last})
    assert answer.status_code == 400
    assert json.loads(answer.content)["detail"]


async def test_without_a_token_there_is_no_stream(world: World) -> None:
    assert (await world.http.get(EVENTS, headers=ACCEPT)).status_code == 401
