"""Events as they reach those who listen: one event to a thousand sockets, and the delay of many events to a few."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from hashlib import sha256
from itertools import count
from time import perf_counter
from typing import Any

import msgspec
import uvloop
from websockets.asyncio.client import connect

from bench import broadcast, guildbook, server
from bench.ears import listen
from bench.latency import percentiles_ms
from domain.apps.aggregate import AUDITOR_SCOPE
from domain.apps.events import AppCreated, BotTokenReset
from domain.guilds.aggregate import GUILD, ROLE
from domain.guilds.events import GuildCreated, RoleCreated
from domain.kernel import Book, Event
from store.event_store import EventStore
from store.migrate import migrate

LISTENERS = 1_000
LISTENERS_A_TOKEN = 10
FEW_LISTENERS = 10
EVENTS_A_SECOND = 500
SECRET = "s" * 43
HOME = 920
PATH = "/book/events/ws"
AFTER_SECONDS_MAX = 10.0

_roles = count(1000)


class Heard(msgspec.Struct):
    """What the bench reads of an event."""

    position: int


def events() -> Iterator[tuple[str, Event]]:
    """A guild, and bots that may read the whole log."""
    yield GUILD.stream(HOME), GuildCreated(guild=HOME, origin="mirrored", owner=1, name="Bench")
    for bot in range(1, LISTENERS // LISTENERS_A_TOKEN + 1):
        yield f"apps-{bot}", AppCreated(app=bot, name="bench", permissions=0, token_hash="")
        token_hash = sha256(SECRET.encode()).hexdigest()
        yield f"apps-{bot}", BotTokenReset(app=bot, token_hash=token_hash, scopes=(AUDITOR_SCOPE,))


def seed(url: str) -> None:
    migrate(url)
    guildbook.fill(url, events())


async def say(store: EventStore) -> int:
    """Append one event to a stream of its own, and return its position."""

    async def said(book: Book) -> None:
        role = next(_roles)
        book.append(ROLE.stream(HOME, role), [RoleCreated(guild=HOME, role=role, name=f"Role {role} {'x' * 100}")])

    return (await store.execute(guildbook.ORIGIN, said)).position


class Room:
    """Counts what all listeners have heard."""

    def __init__(self) -> None:
        self.text = b""
        self._count = 0
        self._awaited = 0
        self._all_heard: asyncio.Future[None] | None = None

    def hear(self, text: bytes) -> None:
        self._count += 1
        self.text = text
        if self._all_heard is not None and self._count >= self._awaited:
            self._all_heard.set_result(None)
            self._all_heard = None

    async def hears(self, count: int, said: Awaitable[object]) -> None:
        """Return when something that is said has been heard so often."""
        all_heard = self._all_heard = asyncio.get_running_loop().create_future()
        self._awaited = self._count + count
        await said
        async with asyncio.timeout(AFTER_SECONDS_MAX):
            await all_heard


async def _rate(room: Room, say: Callable[[], Awaitable[object]], seconds: float) -> float:
    """Deliveries a second, one event at a time."""
    await room.hears(LISTENERS, say())
    begun, number = perf_counter(), 0
    while perf_counter() < begun + seconds:
        number += 1
        await room.hears(LISTENERS, say())
    return LISTENERS * number / (perf_counter() - begun)


def fan_out(database: str, address: str, seconds: float) -> tuple[float, str]:
    """Deliveries a second of single events to a thousand sockets, each appended to the log; and what one looks like."""
    return uvloop.run(_fan_out(database, address, seconds))


async def _fan_out(database: str, address: str, seconds: float) -> tuple[float, str]:
    room = Room()
    transports = [await listen(address, PATH, room.hear, token(number)) for number in range(LISTENERS)]
    async with guildbook.opened(database) as store:
        rate = await _rate(room, lambda: say(store), seconds)
    for transport in transports:
        transport.abort()
    return rate, room.text.decode()


def token(listener: int) -> str:
    """The header of a listener; ten share a token."""
    return f"Authorization: Bot {listener // LISTENERS_A_TOKEN + 1}.{SECRET}"


def bare_fan_out(text: str, seconds: float) -> float:
    """Deliveries a second of a text to a thousand sockets, by a server that does nothing else."""
    port = server.free_port()
    with server.running([sys.executable, "-m", "bench.broadcast", "--port", str(port)], port, {}) as address:
        return uvloop.run(_bare_fan_out(address, text, seconds))


async def _bare_fan_out(address: str, text: str, seconds: float) -> float:
    room = Room()
    transports = [await listen(address, "/", room.hear) for _ in range(LISTENERS)]
    async with connect(address.replace("http", "ws") + broadcast.SPEAKER, compression=None, proxy=None) as speaker:
        rate = await _rate(room, lambda: speaker.send(text), seconds)
    for transport in transports:
        transport.abort()
    return rate


def delay(database: str, address: str, seconds: float) -> tuple[float, float]:
    """The p50 and p99, in ms, from asking for an append to hearing its event, at a steady rate of appends."""
    return uvloop.run(_delay(database, address, seconds))


async def _delay(database: str, address: str, seconds: float) -> tuple[float, float]:
    asked, heard = dict[int, float](), list[tuple[int, float]]()
    room, decoder, events = Room(), msgspec.json.Decoder(Heard), int(EVENTS_A_SECOND * seconds)

    def hear(text: bytes) -> None:
        heard.append((decoder.decode(text).position, perf_counter()))
        room.hear(text)

    transports = [await listen(address, PATH, hear, token(number)) for number in range(FEW_LISTENERS)]
    async with guildbook.opened(database) as store:

        async def one() -> None:
            at = perf_counter()
            asked[await say(store)] = at

        await one()  # connects
        await room.hears(events * FEW_LISTENERS, _steadily(one, events))
    for transport in transports:
        transport.abort()
    return percentiles_ms([at - asked[position] for position, at in heard[FEW_LISTENERS:]])


async def _steadily(do: Callable[[], Coroutine[Any, Any, None]], times: int) -> None:
    """Begin something at a steady rate, however long each takes."""
    begun = perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(times):
            await asyncio.sleep(max(0.0, begun + number / EVENTS_A_SECOND - perf_counter()))
            tasks.create_task(do())
