"""The log over HTTP: a page of it by position, and what each caller may see."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.commands import reset_bot_token
from domain.guilds.aggregate import GUILD
from domain.guilds.commands import bot_left
from domain.guilds.events import GuildUpdated
from domain.kernel import Book
from tests.api.antiraid.callers import Holder, open_session
from tests.api.book.problems import refused
from tests.guild_samples import member, new_guild, role, snapshot
from tests.world import ORIGIN, Bot, Caller, World

PATH = "/book/events"


async def page(caller: Caller | Holder, **query: object) -> dict[str, Any]:
    answer = await caller.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def everything(caller: Caller | Holder, **query: object) -> list[dict[str, Any]]:
    """Read page after page until the end of the log."""
    items, after = list[dict[str, Any]](), query.pop("after", 0)
    while True:
        found = await page(caller, after=after, **query)
        items += found["items"]
        after = found["next"]
        if after >= found["head"]:
            return items


async def reported(bot: Bot, **more: Any) -> tuple[int, int]:  # noqa: ANN401 - what is in it
    """Report a guild of three events; return its id and the position before them."""
    guild = new_guild()
    answer = await bot.put(f"/book/guilds/{guild}", snapshot(guild, **more))
    body = answer.json()
    return guild, body["position"] - body["events"]


def types(items: list[dict[str, Any]]) -> list[str]:
    return [item["type"].partition(".")[2] for item in items]


async def test_an_event_is_shown_with_who_did_it_when_and_through_what(world: World) -> None:
    bot, auditor = await world.bot(), await world.bot(AUDITOR_SCOPE)
    guild, before = await reported(bot)
    shown = (await page(auditor, after=before, limit=1))["items"][0]
    assert datetime.fromisoformat(shown.pop("recorded_at")) - datetime.now(UTC) < timedelta(seconds=30)
    assert shown.pop("request")
    assert shown.pop("data").items() >= {"guild": guild, "owner": 7, "name": "Azores"}.items()
    assert shown == {
        "position": before + 1,
        "stream": f"guilds-guild-{guild}",
        "version": 1,
        "type": "guilds.GuildCreated",
        "actor": f"apps-{bot.id}",
        "surface": "book",
        "append_end": before + 3,
    }


@pytest.mark.parametrize("limit", [1, 2, 7, 200])
async def test_page_after_page_shows_every_event_once_and_in_order(world: World, limit: int) -> None:
    bot, auditor = await world.bot(), await world.bot(AUDITOR_SCOPE)
    _, before = await reported(bot)
    _, last = await reported(bot)
    found = await everything(auditor, after=before, limit=limit)
    assert [item["position"] for item in found][: last - before] == list(range(before + 1, last + 1))
    assert [item["position"] for item in found] == sorted({item["position"] for item in found})


async def test_a_page_holds_no_more_than_a_few_megabytes(world: World) -> None:
    auditor, guild = await world.bot(AUDITOR_SCOPE), new_guild()
    stream = GUILD.stream(guild)

    async def said(book: Book) -> None:
        book.append(stream, [GuildUpdated(guild=guild, name=f"{n}{'x' * 1_500_000}") for n in range(5)])

    before = (await world.store.execute(ORIGIN, said)).position - 5
    for query in ({"stream": stream}, {"guild": guild}):
        shown, after = list[int](), before
        while len(shown) < 5:
            found = await page(auditor, after=after, limit=200, **query)
            assert len(found["items"]) <= 3
            shown += [item["position"] for item in found["items"]]
            after = found["next"]
        assert shown == list(range(before + 1, before + 6))


async def test_the_end_of_the_log_is_an_empty_page(world: World) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    head = (await page(auditor, limit=1))["head"]
    assert await page(auditor, after=head) == {"items": [], "next": head, "head": head}


async def test_what_is_asked_for_is_shown_and_nothing_else(world: World) -> None:
    bot, auditor = await world.bot(), await world.bot(AUDITOR_SCOPE)
    guild, before = await reported(bot)
    other, _ = await reported(bot)
    asked: Mapping[str, tuple[dict[str, object], list[str]]] = {
        "a stream": ({"stream": f"guilds-guild-{other}"}, ["GuildCreated"]),
        "a type": ({"type": "guilds.RoleCreated", "guild": guild}, ["RoleCreated"]),
        "a guild": ({"guild": guild}, ["GuildCreated", "RoleCreated", "MemberJoined"]),
        "a context": ({"context": "guilds", "guild": other}, ["GuildCreated", "RoleCreated", "MemberJoined"]),
        "another context": ({"context": "guild", "guild": other}, []),
        "an actor": ({"actor": f"apps-{bot.id}", "type": "guilds.GuildCreated"}, ["GuildCreated", "GuildCreated"]),
        "another actor": ({"actor": f"apps-{auditor.id}"}, []),
        "a type that there is not": ({"type": "guilds.GuildSunk"}, []),
        "several things": ({"stream": f"guilds-guild-{guild}", "type": "guilds.RoleCreated"}, []),
    }
    for what, (query, found) in asked.items():
        assert types(await everything(auditor, after=before, **query)) == found, what


async def test_a_time_is_asked_for_with_its_beginning_and_without_its_end(world: World) -> None:
    bot, auditor = await world.bot(), await world.bot(AUDITOR_SCOPE)
    first, _ = await reported(bot)
    second, before = await reported(bot)
    [shown] = await everything(auditor, stream=f"guilds-guild-{second}")
    when = datetime.fromisoformat(shown["recorded_at"])
    since = await everything(auditor, since=when.isoformat(), actor=f"apps-{bot.id}")
    assert [item["position"] for item in since] == [before + 1, before + 2, before + 3]
    until = await everything(auditor, until=when.isoformat(), actor=f"apps-{bot.id}")
    assert {item["data"]["guild"] for item in until} == {first}
    assert await everything(auditor, since=(when + timedelta(days=1)).isoformat()) == []


async def test_a_bot_sees_the_guilds_that_it_is_in_and_what_it_did_itself(world: World) -> None:
    bot, other, third = await world.bot(), await world.bot(), await world.bot()
    joined, before = await reported(other, members=[member(bot.id)])
    await reported(other)
    left, _ = await reported(bot)
    await reported(third)
    await world.do(bot_left, guild=left, bot=bot.id)
    found = await everything(bot, after=before)
    assert {item["data"]["guild"] for item in found} == {joined, left}
    assert [item["type"] for item in found if item["data"]["guild"] == left] == [
        *("guilds.GuildCreated", "guilds.RoleCreated", "guilds.MemberJoined")
    ]  # that it left is what an operator said


async def test_a_token_for_some_guilds_shows_nothing_of_others(world: World) -> None:
    bot = await world.bot()
    guilds = [(await reported(bot))[0] for _ in range(2)]
    limited = await world.bot(AUDITOR_SCOPE, guilds=guilds[:1])
    assert {item["data"]["guild"] for item in await everything(limited)} == {guilds[0]}
    own = await world.bot("guilds:write", guilds=[guilds[1]])
    assert await everything(own) == []
    await own.put(f"/book/guilds/{guilds[1]}", snapshot(guilds[1], roles=[role(guilds[1]), role(guilds[1] + 1)]))
    assert {item["data"]["guild"] for item in await everything(own)} == {guilds[1]}


async def test_a_session_sees_what_its_account_did(world: World) -> None:
    person, other = await open_session(world), await open_session(world)
    await person.issue()
    found = await everything(person)
    assert types(found) == ["SessionOpened"]
    assert {item["actor"] for item in found} == {f"accounts-{person.account}"}
    assert {item["actor"] for item in await everything(other)} <= {f"accounts-{other.account}"}


async def test_nothing_that_is_sealed_or_opens_a_door_is_shown_to_anybody(world: World) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    bot = await world.bot()
    _, before = await reported(bot, members=[member(world_user := 71_000_017)])
    joined = await everything(auditor, after=before, type="guilds.MemberJoined")
    assert [set(item["data"]) & {"sealed", "username", "global_name", "avatar", "nick"} for item in joined] == [
        set()
    ] * 2
    assert {item["data"]["user"] for item in joined} == {world_user, bot.id}
    for item in await everything(auditor):
        assert not set(item["data"]) & {"sealed", "token_hash", "secret", "secrets"}, item


async def test_without_a_token_that_is_good_for_it_nobody_reads(world: World) -> None:
    assert (await world.anyone.get(PATH)).status_code == 401
    assert refused(await world.http.get(PATH, headers={"Authorization": "Bot 1.x"}))[0] == 401
    person = await open_session(world)
    answer = await (await person.issue(scopes=["sessions:read"])).get(PATH)
    assert refused(answer) == (403, "This token does not have the 'events:read' scope.")


WRONG = {
    "after=-1": "after must be a position of the log.",
    "after=x": "after must be a position of the log.",
    "after=99999999999999999999": "after must be a position of the log.",
    "after=1e3": "after must be a position of the log.",
    "after=9223372036854775807": "after is beyond the end of the log:",
    "limit=0": "limit must be a number from 1 to 200.",
    "limit=201": "limit must be a number from 1 to 200.",
    "limit=": "limit must be a number from 1 to 200.",
    "guild=x": "guild must be an id: 1 to 20 digits.",
    "guild=": "guild must be an id: 1 to 20 digits.",
    "stream=": "stream must be a word of at most 255 characters.",
    "stream=a%00b": "stream must be a word of at most 255 characters.",
    "type=%0A": "type must be a word of at most 255 characters.",
    f"actor={'a' * 256}": "actor must be a word of at most 255 characters.",
    "since=yesterday": "since must be a time with an offset, as 2026-02-03T10:20:31Z.",
    "until=2026-02-03T10:20:31": "until must be a time with an offset, as 2026-02-03T10:20:31Z.",
    "since=": "since must be a time with an offset, as 2026-02-03T10:20:31Z.",
}


@pytest.mark.parametrize(("query", "detail"), WRONG.items())
async def test_a_wrong_question_is_answered_with_what_is_wrong(world: World, query: str, detail: str) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    status, said = refused(await auditor.get(f"{PATH}?{query}"))
    assert (status, said.startswith(detail)) == (400, True), said


@pytest.mark.parametrize("query", ["guild=18446744073709551615", "since=0001-01-01T00:00:00Z", "type=ä", "%FF=%FE"])
async def test_an_odd_question_is_answered(world: World, query: str) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    assert (await auditor.get(f"{PATH}?{query}")).status_code == 200


async def test_a_filter_that_lets_nothing_through_still_comes_to_the_end(world: World) -> None:
    bot = await world.bot("stats:write")
    async with asyncio.timeout(60):
        assert await everything(bot, guild=1) == []


async def test_the_reach_of_a_token_counts_as_it_is_now(world: World) -> None:
    auditor = await world.bot(AUDITOR_SCOPE)
    assert await everything(auditor, limit=200)
    await world.do(reset_bot_token, app=auditor.id, scopes=())
    assert await everything(auditor, limit=200) == []
