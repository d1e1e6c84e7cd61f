"""A command may rest on where a stream, or all that speaks of one, ends: that is checked as what it loaded is."""

import pytest

from domain.guilds.aggregate import CHANNEL, ROLE
from domain.guilds.events import ChannelCreated, RoleCreated
from domain.kernel import Book, Entity, RefusalError
from domain.settings.events import RowCreated, RowDeleted, digest
from store.event_store import EventStore
from tests.books import ORIGIN, opened

ROW = Entity[int]("settings", lambda _state, _event: 1, kind="row")
SET = f"settings-set-920-{digest('greeter', 'doorbell')}"


class ChangedError(RefusalError):
    """Somebody has changed it."""


def stream(room: str) -> str:
    return f"settings-row-920-{digest('greeter', 'doorbell', room)}"


async def create(book: Book, room: str) -> None:
    key = {"room": room}
    book.append(stream(room), [RowCreated(guild=920, template="greeter", setting="doorbell", key=key)])


async def delete(book: Book, room: str) -> None:
    key = {"room": room}
    book.append(stream(room), [RowDeleted(guild=920, template="greeter", setting="doorbell", key=key)])


async def create_if_unchanged(book: Book, room: str, position: int, others: list[EventStore]) -> None:
    """Create a row if nothing has happened to the setting since a position; others may do something meanwhile."""
    if await book.last_position_about(SET) != position:
        raise ChangedError
    for other in others:
        await other.execute(ORIGIN, create, "late")
    others.clear()
    await create(book, room)


async def test_where_a_setting_ends_is_where_its_last_row_changed(database_url: str) -> None:
    async with opened(database_url) as store:
        await store.execute(ORIGIN, create, "921")
        second = await store.execute(ORIGIN, create, "922")
        await store.execute(ORIGIN, create_if_unchanged, "923", second.position, [])
        with pytest.raises(ChangedError):
            await store.execute(ORIGIN, create_if_unchanged, "924", second.position, [])


async def test_a_row_that_was_created_meanwhile_is_noticed_when_it_is_appended(database_url: str) -> None:
    async with opened(database_url) as store, opened(database_url) as other:
        first = await store.execute(ORIGIN, create, "921")
        with pytest.raises(ChangedError):
            await store.execute(ORIGIN, create_if_unchanged, "922", first.position, [other])


async def test_a_row_that_was_changed_meanwhile_is_noticed_when_it_is_appended(database_url: str) -> None:
    async def create_after(book: Book, position: int, others: list[EventStore]) -> None:
        if await book.last_position_about(SET) != position:
            raise ChangedError
        for other in others:
            await other.execute(ORIGIN, delete_known, "921")
        others.clear()
        await create(book, "922")

    async with opened(database_url) as store, opened(database_url) as other:
        first = await store.execute(ORIGIN, create, "921")
        with pytest.raises(ChangedError):
            await store.execute(ORIGIN, create_after, first.position, [other])


async def delete_known(book: Book, room: str) -> None:
    """Delete a row after a look at where its stream ends."""
    assert await book.last_position(ROW, 920, digest("greeter", "doorbell", room))
    await delete(book, room)


async def test_a_kind_of_a_context_is_listed_by_itself(database_url: str) -> None:
    async def make(book: Book) -> None:
        book.append(ROLE.stream(920, 940), [RoleCreated(guild=920, role=940, name="Mods")])
        book.append(CHANNEL.stream(920, 921), [ChannelCreated(guild=920, channel=921, kind=0, name="general")])

    async def names(book: Book) -> list[str]:
        return [role.name for role in (await book.load_about(ROLE, "guilds-guild-920")).values()]

    async with opened(database_url) as store:
        await store.execute(ORIGIN, make)
        assert (await store.execute(ORIGIN, names)).value == ["Mods"]
