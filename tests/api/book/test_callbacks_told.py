"""A bot looks after its callback over HTTP while a sender runs: pauses, tests, replays and resends do what they say."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.api.book.loading import done
from tests.api.book.subscribing import CALLBACKS, path_of, subscribe
from tests.books import until
from tests.conftest import cloned
from tests.servers import served, spawn, stop
from tests.workers.callbacks.receivers import Receiver, open_receiver
from tests.world import Bot, open_world

SETTINGS = {"GUILDBOOK_CALLBACKS_ALLOW_PRIVATE": "1"}


@pytest.fixture
def urls(server_url: str, template: str) -> Iterator[tuple[str, str]]:
    """Run a server with its sender of callbacks."""
    with cloned(server_url, template) as url, served(url, SETTINGS) as base_url:
        sender = spawn("work", "callbacks", url=url, settings=SETTINGS)
        yield base_url, url
        stop(sender)


@pytest.fixture
async def bot(urls: tuple[str, str]) -> AsyncIterator[Bot]:
    """Meet that server."""
    async with open_world(*urls) as world:
        yield await world.bot()


async def act(bot: Bot, word: str) -> int:
    """Have the bot do something that it is told of itself, and return the position of that."""
    answer = await bot.put("/book/bots/@me/commands", {"commands": [{"name": word, "description": word}]})
    return done(answer)["position"]


def positions(receiver: Receiver) -> list[int]:
    """Return what came, by position."""
    return [int(json.loads(each.body)["position"]) for each in receiver.received]


async def figures(bot: Bot, callback: dict[str, Any]) -> dict[str, Any]:
    return done(await bot.get(path_of(callback)))["figures"]


async def test_a_callback_does_what_its_bot_asks_for(bot: Bot) -> None:
    async with open_receiver() as receiver:
        callback = await subscribe(bot, url=receiver.url, contexts=["fleet"])
        first = await act(bot, "one")
        await receiver.came(1)
        done(await bot.post(path_of(callback, "pause")))
        second = await act(bot, "two")
        done(await bot.post(path_of(callback, "resume")))
        await receiver.came(2)
        probe = done(await bot.post(path_of(callback, "test")), 202)
        await receiver.came(3)
        assert positions(receiver) == [first, second, probe["position"]]

        async def has_arrived() -> bool:
            return (await figures(bot, callback))["delivered"] == 3

        await until(has_arrived)
        name = f"msg_{first}_{callback['id']}"
        done(await bot.post(path_of(callback, "deliveries", name, "resend")), 202)
        await receiver.came(4)
        done(await bot.post(path_of(callback, "replay"), {"after": first}))
        await receiver.came(5)
        assert positions(receiver)[3:] == [first, second]
        ids = [each.headers["webhook-id"] for each in receiver.received]
        assert (ids[0], ids[1], ids[2]) == (ids[3], ids[4], probe["delivery"])

        async def is_settled() -> bool:
            now = await figures(bot, callback)
            return now["pending"] == 0 and now["delivered"] == 5

        await until(is_settled)
        log = done(await bot.get(path_of(callback, "deliveries")))["items"]
        assert [(each["id"], each["state"], len(each["attempts"])) for each in log] == [
            (ids[2], "delivered", 1),
            (ids[1], "delivered", 2),
            (ids[0], "delivered", 2),
        ]
        assert {attempt["status"] for each in log for attempt in each["attempts"]} == {204}
        assert [each["type"] for each in log] == ["callbacks.CallbackTested", *["fleet.CommandsPublished"] * 2]


async def test_a_callback_that_is_gone_is_disabled_and_the_others_of_its_bot_are_told(bot: Bot) -> None:
    async with open_receiver() as gone, open_receiver() as other:
        gone.always(410)
        callback = await subscribe(bot, url=gone.url, contexts=["fleet"])
        await subscribe(bot, url=other.url, types=["callbacks.CallbackDisabled"])
        await act(bot, "one")
        [told] = await other.came(1)
        notice = json.loads(told.body)
        assert (notice["actor"], notice["data"]["callback"]) == ("callback_sender", int(callback["id"]))
        assert notice["data"]["reason"] == "The receiver answered 410 Gone."

        async def is_disabled() -> bool:
            return done(await bot.get(path_of(callback)))["status"] == "disabled"

        await until(is_disabled)
        [listed] = done(await bot.get(f"{CALLBACKS}?status=disabled"))["items"]
        assert (listed["id"], listed["reason"]) == (callback["id"], notice["data"]["reason"])
        gone.always(204)
        assert done(await bot.post(path_of(callback, "resume")))["status"] == "active"
        await gone.came(2)
