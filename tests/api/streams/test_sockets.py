"""WebSockets: who is let in, what they hear, and how they are sent away."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest
from websockets.exceptions import InvalidStatus

from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import edit_app, reset_bot_token
from domain.guilds.commands import bot_left
from domain.processes.delete_app import delete_app
from tests.api.antiraid.callers import open_session
from tests.api.streams.clients import (
    WEBSOCKET,
    close_code,
    heard,
    heard_until,
    listening,
    new_home,
    refusal,
    rename,
    url_of,
)
from tests.books import until
from tests.guild_samples import member, snapshot
from tests.world import Bot, World

REVOKED_SECONDS_MAX = 15.0
ASKED_SECONDS = 3.0  # in which it is asked at least once who was let in


async def test_events_are_heard_as_they_happen(world: World) -> None:
    bot, auditor = await world.bot(), await world.bot(AUDITOR_SCOPE)
    async with listening(bot) as own, listening(auditor) as all_of_it:
        guild = await new_home(bot)
        for socket in (own, all_of_it):
            events = [await heard(socket) for _ in range(3)]
            assert [event["type"] for event in events] == [
                *("guilds.GuildCreated", "guilds.RoleCreated", "guilds.MemberJoined")
            ]
            assert {event["data"]["guild"] for event in events} == {guild}


async def test_whoever_comes_back_misses_nothing_and_hears_nothing_twice(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    end = await rename(world, guild, 50)
    positions, after = list[int](), end - 50
    while after < end + 400:
        async with listening(bot, after=after) as socket:
            renaming = asyncio.create_task(rename(world, guild, 50))
            positions += [(await heard(socket))["position"] for _ in range(50)]
            after = positions[-1]
            await renaming
    assert positions == list(range(end - 49, after + 1))


async def test_every_client_hears_the_same_in_the_same_order(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(listening(bot)) for _ in range(10)]
        end = [await rename(world, guild, 250) for _ in range(4)][-1]
        for heard_of in await asyncio.gather(*(heard_until(socket, end) for socket in sockets)):
            assert [event["position"] for event in heard_of] == list(range(end - 999, end + 1))


async def test_only_what_was_asked_for_is_heard(world: World) -> None:
    bot = await world.bot()
    guild, other = await new_home(bot), await new_home(bot)
    async with listening(bot, guild=guild) as by_guild, listening(bot, type="guilds.GuildUpdated") as by_type:
        await rename(world, other, 1)
        await new_home(bot)
        end = await rename(world, guild, 1)
        assert [event["position"] for event in await heard_until(by_guild, end)] == [end]
        assert [event["data"]["guild"] for event in await heard_until(by_type, end)] == [other, guild]


async def test_a_bot_hears_of_a_guild_from_when_it_comes_until_it_goes(world: World) -> None:
    bot, host = await world.bot(), await world.bot()
    guild = await new_home(host)
    async with listening(bot) as socket:
        await rename(world, guild, 1)
        joined = await host.put(f"/book/guilds/{guild}", snapshot(guild, name="Madeira", members=[member(bot.id)]))
        assert joined.status_code == 200, joined.text
        inside = await rename(world, guild, 1)
        await world.do(bot_left, guild=guild, bot=bot.id)
        await rename(world, guild, 1)
        last = await new_home(bot)
        events = [await heard(socket)]
        while events[-1]["data"]["guild"] != last:
            events.append(await heard(socket))
    assert [event["type"] for event in events[:2]] == ["guilds.MemberJoined", "guilds.GuildUpdated"]
    assert [event["position"] for event in events[1:2]] == [inside]
    assert len(events) == 3


async def test_a_session_hears_what_its_account_does(world: World) -> None:
    person, other = await open_session(world), await open_session(world)
    async with listening(person) as socket:
        await other.issue()
        await person.issue()
        assert (await heard(socket))["actor"] == f"accounts-{person.account}"


async def test_whoever_is_not_let_in_is_told_why_before_the_upgrade(world: World) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    head = (await auditor.get("/book/events")).json()["head"]
    for token, query, status, detail in (
        (None, "", 401, "This needs a token."),
        ("Bot 1.x", "", 401, "This token lets nobody in."),
        (auditor.token, "after=-1", 400, "after must be a position of the log."),
        (auditor.token, f"after={head + 10**6}", 400, "after is beyond the end of the log"),
        (auditor.token, "guild=x", 400, "guild must be an id: 1 to 20 digits."),
    ):
        answered, body = await refusal(world.http, token, query)
        assert (answered, body["status"], body["detail"].startswith(detail)) == (status, status, True), body


@pytest.mark.parametrize("path", ["/book/ebb", "/nowhere", "/book/events", "/accounts/signups", "/guilds/1", "/login"])
async def test_where_there_is_no_socket_the_upgrade_is_refused(world: World, path: str) -> None:
    assert (await refusal(world.http, None, path=path))[0] == 404


async def test_a_plain_request_is_told_to_upgrade(world: World) -> None:
    answer = await world.anyone.get(WEBSOCKET)
    assert (answer.status_code, answer.headers["Upgrade"]) == (426, "websocket")
    assert answer.json()["detail"] == "This is for WebSockets."


async def test_a_token_is_good_for_ten_connections(world: World) -> None:
    bot, other = await world.bot(), await world.bot()
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(listening(bot)) for _ in range(10)]
        status, body = await refusal(world.http, bot.token)
        assert (status, body["detail"]) == (429, "There are too many connections with this token.")
        async with listening(other):
            pass
        await sockets[0].close()

        async def is_room() -> bool:
            with suppress(InvalidStatus):
                async with listening(bot):
                    return True
            return False

        await until(is_room)


async def test_what_a_client_says_is_ignored_unless_it_is_too_much(world: World) -> None:
    bot = await world.bot()
    guild = await new_home(bot)
    async with listening(bot) as socket:
        for frame in ("{}", "", b"\x00\xff", "x" * 4096, "ä" * 2048):
            await socket.send(frame)
        end = await rename(world, guild, 1)
        assert (await heard(socket))["position"] == end
        await socket.send("x" * 4097)
        assert await close_code(socket) == 1009
    async with listening(bot) as socket:
        await socket.send("ä" * 2049)
        assert await close_code(socket) == 1009


async def test_a_client_that_leaves_is_let_go(world: World) -> None:
    bot = await world.bot()
    for _ in range(25):  # more than there may be at once
        async with listening(bot) as socket:
            await socket.ping()
    async with listening(bot) as socket:
        guild = await new_home(bot)
        assert (await heard(socket))["data"]["guild"] == guild


async def test_a_token_that_is_revoked_hears_no_more(world: World) -> None:
    async def hears_no_more(revoke: Callable[[Bot], Awaitable[object]]) -> None:
        bot = await world.bot(AUDITOR_SCOPE, "stats:write")
        async with listening(bot) as socket:
            await revoke(bot)
            started = time.monotonic()
            assert await close_code(socket) == 1008
            assert time.monotonic() - started < REVOKED_SECONDS_MAX

    async with asyncio.TaskGroup() as each:
        for revoke in (
            lambda bot: world.do(delete_app, app=bot.id),
            lambda bot: world.do(reset_bot_token, app=bot.id, token_hash="0" * 64),
            lambda bot: world.do(reset_bot_token, app=bot.id, scopes=("stats:write",)),
            lambda bot: world.do(reset_bot_token, app=bot.id, guilds=(1,)),
        ):
            each.create_task(hears_no_more(revoke))


async def test_a_session_that_is_closed_hears_no_more(world: World) -> None:
    person = await open_session(world)
    script = await person.issue()
    async with listening(script) as socket:
        assert (await person.delete(f"/sessions/{script.session}")).status_code == 204
        assert await close_code(socket) == 1008


async def test_a_bot_that_is_only_renamed_goes_on_listening(world: World) -> None:
    bot = await world.bot()
    async with listening(bot) as socket:
        await world.do(edit_app, app=bot.id, name="other")
        await asyncio.sleep(ASKED_SECONDS)
        guild = await new_home(bot)
        assert (await heard(socket))["data"]["guild"] == guild


async def test_a_handshake_by_hand_is_answered_in_json(world: World) -> None:
    answer = await world.http.get(
        WEBSOCKET,
        headers={
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    )
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert url_of(world.http).startswith("ws://")
