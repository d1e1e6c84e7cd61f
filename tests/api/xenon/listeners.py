"""Bots that listen to the loader feed, with a client that is not ours."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.api.xenon.callers import Program

Frame = dict[str, Any]

PATHS = ("/loaders/ws", "/api/loaders/ws")
PATIENCE_SECONDS = 60.0


class Ear:
    """An open connection to the feed."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def frame(self) -> Frame:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return json.loads(await self.socket.recv())

    async def until_done(self, load: str) -> list[Frame]:
        """Return all frames up to the one that says that a load has ended."""
        frames: list[Frame] = []
        while not frames or (frames[-1]["event"], frames[-1]["data"]["load_id"]) != ("done", load):
            frames.append(await self.frame())
        return frames


def url_of(http: httpx.AsyncClient, path: str, query: object) -> str:
    text = urlencode(query, doseq=True) if isinstance(query, dict | list) else str(query)
    return f"{str(http.base_url).replace('http', 'ws', 1).rstrip('/')}{path}{f'?{text}' if text else ''}"


@asynccontextmanager
async def listening(bot: Program, path: str = PATHS[0], **query: object) -> AsyncIterator[Ear]:
    """Listen to the feed as long as the block lasts."""
    headers = {} if bot.token is None else {"Authorization": bot.token}
    async with connect(url_of(bot.http, path, query), additional_headers=headers, proxy=None) as socket:
        yield Ear(socket)


async def refusal(bot: Program, path: str = PATHS[0], query: object = "") -> tuple[int, Any, Any]:
    """Return the status, the body and the headers with which a connection is refused."""
    headers = {} if bot.token is None else {"Authorization": bot.token}
    try:
        async with connect(url_of(bot.http, path, query), additional_headers=headers, proxy=None):
            raise AssertionError(query)
    except InvalidStatus as error:
        response = error.response
        assert response.headers["Content-Type"] == "application/json"
        return response.status_code, json.loads(response.body or b""), response.headers
