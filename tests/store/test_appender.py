"""Group commit on a real database: gapless, each command for itself, several appenders at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
import pytest

from store import appender as module
from store.appender import Append, Appended, Appender, BookUnavailableError, ConflictError, NewEvent
from tests.books import ask

LOG = "SELECT position, stream, version, append_end FROM book.log ORDER BY position"


@asynccontextmanager
async def appending(url: str) -> AsyncGenerator[Appender]:
    appender = Appender(url)
    try:
        yield appender
    finally:
        await appender.close()


def event(stream: str, version: int, links: str = "") -> NewEvent:
    return NewEvent(stream, version, "teams.TeamCreated", b"{}", f"{stream}/{version}".encode(), links)


def one(stream: str, version: int = 1, links: str = "") -> Append:
    """Append one event to a stream that was seen just before it."""
    return Append([event(stream, version, links)], {stream: version - 1})


async def all_of(appender: Appender, *appends: Append) -> list[Appended | BaseException]:
    """Append at the same time, which is in one batch."""
    return await asyncio.gather(*(appender.append(append) for append in appends), return_exceptions=True)


async def test_positions_are_gapless_and_each_caller_is_told_its_own(database_url: str) -> None:
    async with appending(database_url) as first, appending(database_url) as second:
        streams = {
            appender: [f"teams-{name}{n}" for n in range(300)] for name, appender in (("a", first), ("b", second))
        }
        told = await asyncio.gather(*(all_of(appender, *map(one, streams[appender])) for appender in streams))
    expected = {
        stream: done.position
        for group, names in zip(told, streams.values(), strict=True)
        for stream, done in zip(names, group, strict=True)
        if isinstance(done, Appended)
    }
    rows = ask(database_url, LOG)
    assert [row[0] for row in rows] == list(range(1, 601))
    assert {row[1]: row[0] for row in rows} == expected


async def test_later_positions_were_recorded_later(database_url: str) -> None:
    async with appending(database_url) as appender:
        for version in range(1, 20):
            await appender.append(one("teams-1", version))
    [(ordered,)] = ask(
        database_url,
        "SELECT array_agg(position ORDER BY recorded_at, position) = array_agg(position ORDER BY position)"
        " FROM book.log",
    )
    assert ordered


async def test_events_of_one_append_stand_together_and_share_their_end(database_url: str) -> None:
    several = Append([event("teams-1", 1), event("teams-2", 1), event("teams-1", 2)], {"teams-1": 0, "teams-2": 0})
    async with appending(database_url) as appender:
        done = await all_of(appender, one("teams-3"), several, one("teams-4"))
    assert [answer.position for answer in done if isinstance(answer, Appended)] == [1, 4, 5]
    assert ask(database_url, LOG) == [
        (1, "teams-3", 1, 1),
        (2, "teams-1", 1, 4),
        (3, "teams-2", 1, 4),
        (4, "teams-1", 2, 4),
        (5, "teams-4", 1, 5),
    ]


async def test_a_conflict_fails_one_command_of_the_batch_alone_and_wholly(database_url: str) -> None:
    stale = Append([event("teams-9", 1), event("teams-1", 1)], {"teams-9": 0, "teams-1": 0})
    async with appending(database_url) as appender:
        await appender.append(one("teams-1"))
        done = await all_of(appender, one("teams-2"), stale, one("teams-3"))
    assert [type(answer) for answer in done] == [Appended, ConflictError, Appended]
    assert [row[:2] for row in ask(database_url, LOG)] == [(1, "teams-1"), (2, "teams-2"), (3, "teams-3")]


async def test_what_was_only_read_is_checked_too(database_url: str) -> None:
    async with appending(database_url) as appender:
        await appender.append(one("teams-1"))
        with pytest.raises(ConflictError):
            await appender.append(Append([event("teams-2", 1)], {"teams-2": 0, "teams-1": 0}))


async def test_of_two_in_a_batch_that_want_the_same_stream_the_first_has_it(database_url: str) -> None:
    async with appending(database_url) as appender:
        done = await all_of(appender, one("teams-1"), one("teams-1"), one("teams-2"))
    assert [type(answer) for answer in done] == [Appended, ConflictError, Appended]


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_a_new_link_refuses_who_listed_the_links_before(database_url: str, *, in_one_batch: bool) -> None:
    async with appending(database_url) as first, appending(database_url) as second:
        await first.append(one("accounts-1"))
        linking = one("awards-1-1", links="accounts-1 awards-1")
        listing = Append([event("accounts-1", 2)], {"accounts-1": 1}, {"accounts-1": 1})
        if in_one_batch:
            done = await all_of(first, linking, listing)
        else:
            done = [await first.append(linking), *await all_of(second, listing)]
    assert [type(answer) for answer in done] == [Appended, ConflictError]


async def test_a_link_is_where_it_was_said_first(database_url: str) -> None:
    async with appending(database_url) as appender:
        await all_of(appender, one("awards-1-1", links="accounts-1 awards-1"), one("teams-1"))
        await appender.append(one("awards-1-1", 2, links="accounts-1"))
    links = ask(database_url, "SELECT entity, stream, position FROM book.links ORDER BY entity")
    assert links == [("accounts-1", "awards-1-1", 1), ("awards-1", "awards-1-1", 1)]


async def test_a_book_that_cannot_be_reached_is_unavailable(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "APPEND_SECONDS_MAX", 0.3)
    async with appending(f"{database_url}_gone") as appender:
        done = await all_of(appender, one("teams-1"), one("teams-2"))
    assert [type(answer) for answer in done] == [BookUnavailableError, BookUnavailableError]


async def test_what_the_database_cannot_hold_fails_alone(database_url: str) -> None:
    async with appending(database_url) as appender:
        done = await all_of(appender, one("teams-1"), one("teams-\0"), one("teams-3"))
    assert [type(answer) for answer in done] == [Appended, psycopg.errors.CharacterNotInRepertoire, Appended]
    assert [row[:2] for row in ask(database_url, LOG)] == [(1, "teams-1"), (2, "teams-3")]


async def test_one_notification_tells_of_a_batch(database_url: str) -> None:
    async with appending(database_url) as appender, await module.connect(database_url) as listener:
        await listener.execute("LISTEN guildbook_log")
        await all_of(appender, one("teams-1"), one("teams-2"))
        told = [notify.payload async for notify in listener.notifies(timeout=30, stop_after=1)]
    assert told == ["2"]
