"""HTTP by hand, for what no library would send."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from tests.world import Caller


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        return json.loads(self.content)


class Connection:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        self._writer.write(b"".join(parts))
        await self._writer.drain()

    async def ask(self, line: bytes, *headers: bytes, body: bytes = b"") -> Answer:
        """Send a request with this first line, and return what is answered."""
        await self.send(line, b" HTTP/1.1\r\nHost: x\r\n", *(header + b"\r\n" for header in headers), b"\r\n", body)
        return await self.answer()

    async def answer(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(first.split()[1]), headers, content)


@asynccontextmanager
async def connected(http: httpx.AsyncClient) -> AsyncIterator[Connection]:
    """Connect to the server of a client."""
    host = urlsplit(str(http.base_url))
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    yield Connection(reader, writer)
    writer.close()


def authorization(caller: Caller) -> bytes:
    """Return the header of a caller."""
    return b"Authorization: Basic " + base64.b64encode(f"{caller.username}:{caller.password}".encode())
