"""Events of templates and rows in, query tables out; and the same rows after a rebuild."""

from collections.abc import Sequence
from itertools import count
from random import Random
from typing import Any

import pytest

from domain.apps.aggregate import APP
from domain.apps.events import AppCreated, BotTokenReset
from domain.guilds.aggregate import MEMBER
from domain.guilds.events import MemberJoined
from domain.kernel import Book, Entity, Event
from domain.settings.aggregate import ROW, SET, TEMPLATE, row_id, set_id, template_id
from domain.settings.events import (
    OperationRequested,
    RowCreated,
    RowDeleted,
    RowEvent,
    RowsReordered,
    RowUpdated,
    SettingEvent,
    TemplateEvent,
    TemplateRegistered,
    TemplateRevised,
    TemplateWithdrawn,
)
from domain.settings.orders import Order, places
from projections.catalogue import PROJECTORS
from projections.offers import templates_offered
from projections.rebuild import rebuild
from projections.settings.queries import (
    RowsFound,
    rows_of_setting,
    templates_after,
    templates_by_name,
)
from store.connections import connect
from store.event_store import EventStore
from tests.books import ORIGIN, dump, opened, projecting, shown

GUILD, BOT = 920, 77
KINDS: tuple[Entity[Any], ...] = (TEMPLATE, ROW, SET, APP, MEMBER)
DOORBELL: dict[str, Any] = {"guild": GUILD, "template": "greeter", "setting": "doorbell"}


def key(room: str) -> dict[str, Any]:
    return {"room": room}


def made(room: str, index: int | None = 0, **fields: object) -> RowCreated:
    return RowCreated(**DOORBELL, key=key(room), fields={"room": room, **fields}, index=index)


def ident(room: str) -> str:
    return row_id("greeter", "doorbell", key(room))


def registered(name: str, owner: int | None = None, guilds: tuple[int, ...] | None = None) -> TemplateRegistered:
    return TemplateRegistered(template=name, owner=owner, guilds=guilds, settings=({"id": "doorbell"},))


def stream_of(event: Event) -> str:
    match event:
        case TemplateEvent():
            return TEMPLATE.stream(template_id(event.template))
        case RowEvent():
            return ROW.stream(event.guild, row_id(event.template, event.setting, event.key))
        case SettingEvent():
            return SET.stream(event.guild, set_id(event.template, event.setting))
        case AppCreated() | BotTokenReset():
            return APP.stream(event.app)
        case MemberJoined():
            return MEMBER.stream(event.guild, event.user)
        case _:
            raise AssertionError(event)


async def say(store: EventStore, *events: Event) -> list[int]:
    """Append these events, each alone, and return their positions."""
    return [(await store.execute(ORIGIN, _append, event)).position for event in events]


async def _append(book: Book, event: Event) -> None:
    stream = stream_of(event)
    kind: Entity[Any] = next(entity for entity in KINDS if stream.startswith(entity.prefix()))
    await book.load(kind, *stream.removeprefix(kind.prefix()).split("-"))
    book.append(stream, [event])


async def found(url: str) -> RowsFound:
    """Return what the tables show of the doorbells."""
    await shown(url)
    async with await connect(url) as connection:
        return (await rows_of_setting(connection, GUILD, "doorbell", ["greeter"])).get("greeter", RowsFound())


async def rooms(url: str) -> list[str]:
    return [row.fields["room"] for _, row in (await found(url)).in_order()]


async def test_a_row_is_shown_as_its_events_left_it(database_url: str) -> None:
    changed = RowUpdated(**DOORBELL, key=key("921"), before={"style": 1}, after={"style": 2})
    async with opened(database_url) as store, projecting(database_url):
        first, second = await say(store, made("921", style=1, mention=["940"]), changed)
        (row,) = (await found(database_url)).rows
        assert (row.id, row.at) == (ident("921"), second)
        assert row.fields == {"room": "921", "style": 2, "mention": ["940"]}
        assert (first, second) == (1, 2)
        await say(store, RowDeleted(**DOORBELL, key=key("921")))
        assert (await found(database_url)).rows == []


async def test_a_row_that_comes_back_begins_anew(database_url: str) -> None:
    events = made("921", style=1), made("922"), RowDeleted(**DOORBELL, key=key("921")), made("921")
    async with opened(database_url) as store, projecting(database_url):
        await say(store, *events)
        assert await rooms(database_url) == ["922", "921"]
        assert (await found(database_url)).in_order()[1][1].fields == {"room": "921"}


async def test_every_event_moves_the_position_of_the_setting(database_url: str) -> None:
    asked = OperationRequested(**DOORBELL, id="1", operation="Ring")
    async with opened(database_url) as store, projecting(database_url):
        assert (await found(database_url)).position == 0
        for event in (made("921"), asked, RowsReordered(**DOORBELL, order=(ident("921"),))):
            (position,) = await say(store, event)
            assert (await found(database_url)).position == position


async def test_rows_stand_where_they_were_put(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await say(store, made("a"), made("b"), made("c", 1), made("d", 2), made("e", 99))
        assert await rooms(database_url) == ["c", "d", "a", "b", "e"]
        await say(store, RowUpdated(**DOORBELL, key=key("e"), index=2), RowDeleted(**DOORBELL, key=key("d")))
        assert await rooms(database_url) == ["c", "e", "a", "b"]
        await say(store, RowsReordered(**DOORBELL, order=tuple(map(ident, "beca"))))
        assert await rooms(database_url) == ["b", "e", "c", "a"]


async def test_rows_from_before_there_was_an_order_stay_first_until_they_are_sorted(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await say(store, made("a", None), made("b", None), made("c"))
        assert await rooms(database_url) == ["a", "b", "c"]
        await say(store, RowsReordered(**DOORBELL, order=tuple(map(ident, "cba"))), made("d"))
        assert await rooms(database_url) == ["c", "b", "a", "d"]


async def test_only_the_rows_that_are_asked_for_are_read(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await say(store, made("a"), made("b"))
        await shown(database_url)
        async with await connect(database_url) as connection:
            only = await rows_of_setting(connection, GUILD, "doorbell", ["greeter", "other"], [ident("b")])
    assert {name: [row.fields for row in rows.rows] for name, rows in only.items()} == {"greeter": [{"room": "b"}]}


async def test_passwords_are_in_no_table(database_url: str) -> None:
    sealed = RowCreated(**DOORBELL, key=key("a"), fields={"room": "a"}, secrets={"code": "hunter2"})
    hidden = RowUpdated(**DOORBELL, key=key("b"), before={"pin": "1234"}, secrets_after={"pin": "1234"})
    async with opened(database_url) as store, projecting(database_url):
        await say(store, sealed, made("b", pin="1234"), hidden)
        assert (await found(database_url)).in_order()[-1][1].fields == {"room": "b"}
    assert not any(secret in rows for rows in dump(database_url).values() for secret in (b"hunter2", b"1234"))


async def offered(url: str, guild: int) -> list[str] | None:
    await shown(url)
    async with await connect(url) as connection:
        places = (await templates_offered(connection, [guild])).get(guild)
    return None if places is None else [name for name, _ in places]


def at_home(bot: int, *guilds: int) -> list[Event]:
    """Say that a bot is registered, and in these guilds."""
    known = [AppCreated(app=bot, name="bot", permissions=0, token_hash=""), BotTokenReset(app=bot, token_hash="ab")]
    return [*known, *(MemberJoined(guild=guild, user=bot, bot=True) for guild in guilds)]


async def test_a_template_is_offered_where_its_bot_is(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await say(store, registered("greeter", BOT), registered("$builtins"), registered("few", BOT, (921, 2**64 - 1)))
        await say(store, *at_home(BOT, GUILD, 921), *at_home(78, 922))
        assert await offered(database_url, GUILD) == ["$builtins", "greeter"]
        assert await offered(database_url, 921) == ["$builtins", "few", "greeter"]
        assert await offered(database_url, 922) == ["$builtins"]
        assert await offered(database_url, 923) is None


async def test_a_template_counts_its_revisions_beyond_its_withdrawal(database_url: str) -> None:
    revised = TemplateRevised(template="greeter", guilds=(GUILD,), settings=({"id": "bell"},), policies={"bell": {}})
    async with opened(database_url) as store, projecting(database_url):
        await say(store, *at_home(BOT, GUILD), registered("greeter", BOT), revised)
        await shown(database_url)
        async with await connect(database_url) as connection:
            one = (await templates_by_name(connection, ["greeter"]))["greeter"]
            assert await templates_after(connection, BOT, "", 10) == [one]
        assert (one.owner, one.guilds, one.revision) == (BOT, [str(GUILD)], 2)
        assert (one.definitions, one.policies) == ('[{"id":"bell"}]', '{"bell":{}}')
        await say(store, TemplateWithdrawn(template="greeter"))
        assert await offered(database_url, GUILD) == []
        await say(store, registered("greeter", BOT))
        async with await connect(database_url) as connection:
            await shown(database_url)
            assert (await templates_by_name(connection, ["greeter"]))["greeter"].revision == 3


def deeds(random: Random, number: int) -> Sequence[Event]:
    """Return many events as they may follow on one another."""
    standing: list[str] = []
    names = map(str, count())
    said: list[Event] = []
    for _ in range(number):
        deed = random.choice(["make", "make", "make", "change", "move", "delete", "sort"]) if standing else "make"
        chosen = random.choice(standing) if standing else ""
        match deed:
            case "make":
                standing.append(next(names))
                said.append(made(standing[-1], random.choice([0, 1, 2, len(standing), 99]), style=random.random()))
            case "change":
                said.append(RowUpdated(**DOORBELL, key=key(chosen), after={"style": random.randint(0, 9)}))
            case "move":
                said.append(RowUpdated(**DOORBELL, key=key(chosen), index=random.randint(1, len(standing))))
            case "delete":
                standing.remove(chosen)
                said.append(RowDeleted(**DOORBELL, key=key(chosen)))
            case _:
                random.shuffle(standing)
                said.append(RowsReordered(**DOORBELL, order=tuple(map(ident, standing))))
    return said


async def test_a_rebuild_makes_the_same_rows(database_url: str) -> None:
    events = [registered("greeter", BOT), *deeds(Random(5), 300), made("z", None), registered("$builtins")]
    async with opened(database_url) as store:
        async with projecting(database_url):
            await say(store, *events)
            await shown(database_url)
        rows = dump(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
    assert dump(database_url) == rows


@pytest.mark.parametrize("seed", range(5))
def test_an_order_is_what_a_list_would_be(seed: int) -> None:
    random, order, like = Random(seed), Order(), list[str]()
    for number in range(400):
        if like and random.random() < 0.4:
            gone = random.choice(like)
            order = order.remove(gone)
            like.remove(gone)
        name, place = ident(str(number)), random.randint(0, len(like) + 2)
        order = order.insert(name, place)
        like.insert(place - 1 if place else len(like), name)
        assert list(places(order.placed)) == like
