"""One client follows the log: handed what it is free to take, and asked for the rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.book.event_filters import Wanted
from api.book.following import Following
from projections.sights import Line, Sight
from store.tail import Tail
from tests.books import opened
from tests.store.test_tail import PATIENCE_SECONDS, add, followed, head


class Client:
    """Takes frames while it is not busy."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.is_busy = False

    def offer(self, frame: str) -> bool:
        if not self.is_busy:
            self.frames.append(frame)
        return not self.is_busy


def show(position: int, line: Line | None) -> str:
    return f"{position} {line.shown.type if line else 'still here'}"


def of_everything() -> Sight:
    return Sight("apps-1", 1, None, sees_all=True, guilds=set(), as_of=0)


def of_nothing() -> Sight:
    return Sight("apps-1", 1, None, sees_all=False, guilds=set(), as_of=0)


@asynccontextmanager
async def asked(following: Following) -> AsyncIterator[list[str]]:
    """Ask for frames one by one, as a stream does; they are added to the list."""
    frames = list[str]()

    async def ask() -> None:
        async for frame in following:
            frames.append(frame)

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)  # it waits now
    yield frames
    asking.cancel()


async def passed(tail: Tail, position: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await tail.wait(position - 1)
        await asyncio.sleep(0)


async def test_who_is_level_and_free_is_handed_every_event_and_never_woken(database_url: str) -> None:
    async with opened(database_url) as store, followed(store, database_url) as tail:
        client, following = Client(), Following(tail, of_everything(), Wanted(), 0, show)
        following.hand_to(client)
        async with asked(following) as frames:
            for _ in range(3):
                await add(store, 1)
                await passed(tail, await head(store))
    assert client.frames == [f"{position} teams.TeamCreated" for position in (1, 2, 3)]
    assert frames == []


async def test_who_is_busy_or_gets_several_at_once_is_asked_in_order(database_url: str) -> None:
    async with opened(database_url) as store, followed(store, database_url) as tail:
        client, following = Client(), Following(tail, of_everything(), Wanted(), 0, show)
        following.hand_to(client)
        async with asked(following) as frames:
            await add(store, 3)
            await passed(tail, 3)
            client.is_busy = True
            await add(store, 1)
            await passed(tail, 4)
    assert client.frames == ["1 teams.TeamCreated"]
    assert frames == [f"{position} teams.TeamCreated" for position in (2, 3, 4)]


async def test_what_one_may_not_see_or_did_not_ask_for_is_handed_to_nobody(database_url: str) -> None:
    async with opened(database_url) as store, followed(store, database_url) as tail:
        clients = Client(), Client()
        followings = (
            Following(tail, of_nothing(), Wanted(), 0, show),
            Following(tail, of_everything(), Wanted(type="teams.TeamDeleted"), 0, show),
        )
        for client, following in zip(clients, followings, strict=True):
            following.hand_to(client)
        async with asked(followings[0]) as blind, asked(followings[1]) as deaf:
            await add(store, 2)
            await passed(tail, 2)
    assert [client.frames for client in clients] == [[], []]
    assert (blind, deaf) == ([], [])
