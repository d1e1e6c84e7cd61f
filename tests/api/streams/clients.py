"""Clients of streams, and what makes the log grow under them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from domain.guilds.aggregate import GUILD
from domain.guilds.events import GuildUpdated
from domain.kernel import Book
from tests.guild_samples import new_guild, snapshot
from tests.world import ORIGIN, Bot, World

WEBSOCKET = "/book/events/ws"
EVENTS = "/book/events"
PATIENCE_SECONDS = 60.0

Event = dict[str, Any]


def url_of(http: httpx.AsyncClient, path: str = WEBSOCKET, **query: object) -> str:
    """Return the URL of a WebSocket on the server of a client."""
    return f"ws://{urlsplit(str(http.base_url)).netloc}{path}?{urlencode(query)}"


def listening(caller: Any, path: str = WEBSOCKET, **query: object) -> connect:  # noqa: ANN401 - whoever has a token
    """Return the way to a WebSocket with somebody's token."""
    headers = {"Authorization": caller.token}
    return connect(url_of(caller.http, path, **query), additional_headers=headers, max_queue=None, proxy=None)


async def refusal(
    http: httpx.AsyncClient, token: str | None, query: str = "", path: str = WEBSOCKET
) -> tuple[int, dict[str, Any]]:
    """Return the status and the body with which a WebSocket is refused."""
    headers = {} if token is None else {"Authorization": token}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"{url_of(http, path)}{query}", additional_headers=headers, proxy=None):
            pass
    response = refused.value.response
    assert "X-Request-Id" in response.headers
    return response.status_code, json.loads(response.body)


async def heard(socket: ClientConnection) -> Event:
    """Return the next event."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            frame = json.loads(await socket.recv())
            if set(frame) != {"position"}:  # a sign of life
                return frame


async def heard_until(socket: ClientConnection, position: int) -> list[Event]:
    """Return the events up to the one at a position."""
    events = [await heard(socket)]
    while events[-1]["position"] < position:
        events.append(await heard(socket))
    return events


async def close_code(socket: ClientConnection) -> int:
    """Return why the socket was closed, whatever it says before."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@asynccontextmanager
async def streaming(caller: Any, *headers: tuple[str, str], **query: Any) -> AsyncIterator[AsyncIterator[Event]]:  # noqa: ANN401 - likewise
    """Follow the log as server-sent events."""
    sent = {"Authorization": caller.token, "Accept": "text/event-stream", **dict(headers)}
    async with caller.http.stream("GET", EVENTS, params=query, headers=sent, timeout=PATIENCE_SECONDS) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    number = ""
    async for line in answer.aiter_lines():
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        if line.startswith("data: "):
            event = json.loads(line.removeprefix("data: "))
            assert event["position"] == int(number)
            yield event


async def new_home(bot: Bot) -> int:
    """Report a guild, and return its id."""
    guild = new_guild()
    answer = await bot.put(f"/book/guilds/{guild}", snapshot(guild))
    assert answer.status_code == 200, answer.text
    return guild


async def rename(world: World, guild: int, times: int, text: str = "") -> int:
    """Rename a guild in one append, and return the position of the last event."""

    async def renamed(book: Book) -> None:
        await book.load(GUILD, guild)
        book.append(GUILD.stream(guild), [GuildUpdated(guild=guild, name=f"{n} {text}") for n in range(times)])

    return (await world.store.execute(ORIGIN, renamed)).position
