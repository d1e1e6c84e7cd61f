"""The loader feed: what loads begin, how far they are and how they end, for whoever listens."""

import asyncio
import hashlib
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed

from domain.apps.commands import reset_bot_token
from tests.api.xenon.callers import Program, anybody, program, said
from tests.api.xenon.listeners import PATHS, Frame, listening, refusal
from tests.api.xenon.loads import Load
from tests.world import World

STATUS_SECONDS = 5.0


def events(frames: list[Frame]) -> list[str]:
    return [frame["event"] for frame in frames]


@pytest.mark.parametrize("path", PATHS)
async def test_a_load_is_followed_from_its_beginning_to_its_end(world: World, bot: Program, path: str) -> None:
    load = Load(world)
    async with listening(bot, path, guild_id=load.target) as ear:
        await ear.socket.send("{}")
        begun = await load.start()
        said_at = await load.say("deleting roles", 0.05)
        await load.begin()
        ended = await load.end()
        start, status, done = await ear.until_done(load.id)
    where = {"id": str(load.target), "type": "backup", "source_id": str(load.source), "backup_id": load.backup}
    who = {"user_id": "64", "load_id": load.id}
    assert start == {"event": "start", "data": {**where, **who, "position": begun}}
    told = {"id": str(load.target), "status": "deleting roles", "load_id": load.id}
    assert status == {"event": "status", "data": {**told, "progress": 0.05, "position": said_at}}
    last = {"outcome": "success", "progress": 1, "position": ended}
    assert done == {"event": "done", "data": {**where, **who, **last}}
    assert list(start["data"]) == [*where, *who, "position"]
    assert list(done["data"]) == [*where, *who, *last]


async def test_what_was_done_can_be_looked_up_at_once(world: World, bot: Program) -> None:
    async with listening(bot) as ear:
        for _ in range(20):
            load = Load(world)
            await load.start()
            await load.begin()
            ending = asyncio.create_task(load.end())
            done = (await ear.until_done(load.id))[-1]["data"]
            answer = await bot.mapper(target=done["id"], source=done["source_id"])
            assert (answer.status_code, answer.json()["position"]) == (200, done["position"])
            await ending


async def test_a_template_is_named_instead_of_a_backup(world: World, bot: Program) -> None:
    load = Load(world, template="pQ7nB2xLm4Tz", user=71)
    async with listening(bot, guild_id=load.target) as ear:
        await load.run({1: 2})
        for frame in await ear.until_done(load.id):
            assert (frame["data"]["type"], frame["data"]["template_id"]) == ("template", "pQ7nB2xLm4Tz")
            assert "backup_id" not in frame["data"]


async def test_a_refused_load_begins_and_ends(world: World, bot: Program) -> None:
    load = Load(world)
    async with listening(bot, guild_id=load.target) as ear:
        position = await load.refuse("ld_other")
        start, done = await ear.until_done(load.id)
    assert (start["event"], start["data"]["position"]) == ("start", position - 1)
    assert (done["data"]["outcome"], done["data"]["progress"], done["data"]["position"]) == ("refused", 0, position)


async def test_whoever_comes_back_misses_nothing(world: World, bot: Program) -> None:
    loads = [Load(world) for _ in range(3)]
    guilds = [load.target for load in loads]
    first = await loads[0].start()
    for load in loads[1:]:
        await load.start()
    for load in loads:
        await load.end()
    async with listening(bot, after=first - 1, guild_id=guilds) as ear:
        whole = await ear.until_done(loads[-1].id)
    assert events(whole) == ["start"] * 3 + ["done"] * 3
    positions = [frame["data"]["position"] for frame in whole]
    assert all(before < after for before, after in pairwise(positions))
    for cut, position in enumerate([first - 1, *positions[:-1]]):
        async with listening(bot, after=position, guild_id=guilds) as ear:
            assert await ear.until_done(loads[-1].id) == whole[cut:]


async def test_what_was_and_what_comes_follow_each_other_without_a_gap(world: World, bot: Program) -> None:
    load, later = Load(world), Load(world)
    first = await load.start()
    async with listening(bot, after=first - 1, guild_id=[load.target, later.target]) as ear:
        assert (await ear.frame())["data"]["load_id"] == load.id
        await load.end()
        await later.run({1: 2})
        assert events(await ear.until_done(later.id)) == ["done", "start", "done"]


async def test_without_a_position_only_what_comes_is_told(world: World, bot: Program) -> None:
    load, later = Load(world), Load(world)
    await load.run({1: 2})
    async with listening(bot, guild_id=[load.target, later.target]) as ear:
        await later.start()
        assert (await ear.frame())["data"]["load_id"] == later.id


async def test_only_the_guilds_that_were_asked_for_are_told_of(world: World, bot: Program) -> None:
    load, other = Load(world), Load(world)
    async with listening(bot, guild_id=[load.target, 1, 2]) as ear:
        await other.run({1: 2})
        await load.run({1: 2})
        assert {frame["data"]["id"] for frame in await ear.until_done(load.id)} == {str(load.target)}


async def test_guilds_that_a_token_is_not_good_for_never_appear(world: World) -> None:
    load, other = Load(world), Load(world)
    bot = program(await world.bot(guilds=[load.target]))
    async with listening(bot) as ear, listening(bot, guild_id=[load.target, other.target]) as both:
        await other.run({1: 2})
        await load.run({1: 2})
        for each in (ear, both):
            assert {frame["data"]["id"] for frame in await each.until_done(load.id)} == {str(load.target)}
    async with listening(bot, guild_id=other.target) as none:
        await Load(world, target=other.target).run({1: 2})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await none.socket.recv()


async def test_statuses_keep_their_distance_and_the_newest_is_told(world: World, bot: Program) -> None:
    load, other = Load(world), Load(world)
    loop = asyncio.get_running_loop()
    async with listening(bot, guild_id=[load.target, other.target]) as ear:
        await load.start()
        begun_at = loop.time()
        await load.rush("loading roles", 10)
        assert [(await ear.frame())["event"], (await ear.frame())["data"]["progress"]] == ["start", 0]
        await other.start()
        assert (await ear.frame())["event"] == "start"
        newest = await load.say("loading channels", 0.95)
        data = (await ear.frame())["data"]
        assert loop.time() - begun_at >= STATUS_SECONDS
        assert (data["status"], data["progress"], data["position"]) == ("loading channels", 0.95, newest)
        for each in (other, load):
            await each.end()
        assert events(await ear.until_done(load.id)) == ["done", "done"]


async def test_statuses_that_were_are_thinned_by_the_time_at_which_they_were(world: World, bot: Program) -> None:
    load = Load(world)
    first = await load.start()
    await load.rush("loading roles", 10)
    await load.end()
    async with listening(bot, after=first - 1, guild_id=load.target) as ear:
        frames = await ear.until_done(load.id)
    assert events(frames) == ["start", "status", "done"]


BAD = [
    *(("after", text) for text in ("-1", "x", "1.5", "", "9" * 19, "9" * 40, "٣", "1&after=2")),
    *(("guild_id", text) for text in ("", "x", "-1", "1" * 21, "1&guild_id=x", "&guild_id=".join("1" * 101))),
]


@pytest.mark.parametrize(("name", "text"), BAD)
async def test_a_query_that_cannot_be_meant_is_refused_before_the_upgrade(bot: Program, name: str, text: str) -> None:
    status, body, headers = await refusal(bot, query=f"{name}={text}")
    assert (status, body) == (400, {"error": f"Invalid query parameter: {name}"})
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_without_a_token_of_a_bot_may_listen(world: World, bot: Program, path: str) -> None:
    words = {None: "Unauthorized", "": "Unauthorized", "x": "Invalid token", f"Bot {bot.token}": "Invalid token"}
    for token, error in words.items():
        status, body, _ = await refusal(anybody(world, token), path, query="after=x")
        assert (status, body) == (401, {"error": error})


@pytest.mark.parametrize("path", PATHS)
async def test_without_an_upgrade_it_is_said_that_one_is_needed(world: World, bot: Program, path: str) -> None:
    answer = await bot.get(path)
    assert said(answer) == (426, "Upgrade required")
    assert answer.headers["Upgrade"] == "websocket"
    assert said(await bot.ask("POST", path)) == (405, "Method not allowed")


async def test_no_other_path_is_a_feed(bot: Program) -> None:
    for path in ("/loaders", "/loaders/x", "/api/loaders/ws/x", "/mappers"):
        status, body, _ = await refusal(bot, path)
        assert (status, body, path) == (404, {"error": "Not found"}, path)


async def test_a_token_that_was_replaced_is_cut_off_soon(world: World) -> None:
    bot = program(await world.bot())
    async with listening(bot) as ear:
        await world.do(reset_bot_token, app=bot.id, token_hash=hashlib.sha256(b"other").hexdigest())
        async with asyncio.timeout(20):
            with pytest.raises(ConnectionClosed):
                await ear.socket.recv()
        assert ear.socket.close_code == 1008


async def test_a_frame_that_is_too_large_ends_the_connection(bot: Program) -> None:
    async with listening(bot) as ear:
        await ear.socket.send("x" * 4096)
        await ear.socket.send(b"x" * 4096)
        await ear.socket.send("x" * 4097)
        with pytest.raises(ConnectionClosed):
            await ear.socket.recv()
        assert ear.socket.close_code == 1009


async def test_a_token_opens_so_many_connections_and_no_more(world: World) -> None:
    bot = program(await world.bot())
    async with asyncio.TaskGroup() as tasks:
        leave, opened = asyncio.Event(), asyncio.Semaphore(0)

        async def stay() -> None:
            async with listening(bot):
                opened.release()
                await leave.wait()

        for _ in range(10):
            tasks.create_task(stay())
        for _ in range(10):
            await opened.acquire()
        status, body, _ = await refusal(bot)
        leave.set()
    assert (status, body) == (429, {"error": "There are too many connections with this token."})
    async with listening(bot):
        pass
