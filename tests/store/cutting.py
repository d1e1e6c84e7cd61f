"""A line to PostgreSQL that can be cut at awkward moments."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from psycopg.conninfo import conninfo_to_dict

CHUNK_BYTES_MAX = 65_536


class Line:
    """One connection through the proxy."""

    def __init__(self, client: StreamWriter, server: StreamWriter) -> None:
        self.client = client
        self.server = server
        self.is_mute = False
        self.answered = asyncio.Event()

    async def forward(self, query: bytes) -> None:
        """Let the server have what the client says."""
        self.server.write(query)
        await self.server.drain()

    def answer(self, answer: bytes) -> None:
        """Let the client have what the server says, unless it is not to know."""
        self.answered.set()
        if not self.is_mute:
            self.client.write(answer)


Carry = Callable[[bytes, Line], Awaitable[None]]


async def forward(query: bytes, line: Line) -> None:
    """Carry, as any line does."""
    await line.forward(query)


async def lose_the_query(_query: bytes, line: Line) -> None:
    """Cut before the server has heard anything."""
    line.client.close()
    line.server.close()


async def lose_the_answer(query: bytes, line: Line) -> None:
    """Cut when the server has done it and says so: the client cannot know."""
    line.is_mute = True
    line.answered.clear()
    await line.forward(query)
    await line.answered.wait()
    line.client.close()
    line.server.close()


class Proxy:
    """Stands between clients and PostgreSQL; what they say is given to `carry`."""

    def __init__(self, upstream: str) -> None:
        self._upstream = conninfo_to_dict(upstream)
        self._lines: list[Line] = []
        self.carry: Carry = forward

    def once(self, carry: Carry) -> None:
        """Carry the next thing that is said like this."""

        async def carry_once(query: bytes, line: Line) -> None:
            self.carry = forward
            await carry(query, line)

        self.carry = carry_once

    async def serve(self, reader: StreamReader, client: StreamWriter) -> None:
        """Carry what is said both ways, until one of them goes."""
        answers, server = await self._connect()
        line = Line(client, server)
        self._lines.append(line)
        async with asyncio.TaskGroup() as both:
            both.create_task(_answer(answers, line))
            with suppress(ConnectionError):
                while query := await reader.read(CHUNK_BYTES_MAX):
                    await self.carry(query, line)
                server.close()

    async def _connect(self) -> tuple[StreamReader, StreamWriter]:
        host, port = str(self._upstream["host"]), str(self._upstream["port"])
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    def close(self) -> None:
        for line in self._lines:
            line.client.transport.abort()
            line.server.transport.abort()
            line.answered.set()  # whoever waits need not wait any more


async def _answer(answers: StreamReader, line: Line) -> None:
    with suppress(ConnectionError):
        while answer := await answers.read(CHUNK_BYTES_MAX):
            line.answer(answer)
    line.client.close()


@asynccontextmanager
async def proxied(database_url: str) -> AsyncGenerator[tuple[str, Proxy]]:
    """Give a URL that leads to the database through a proxy, and the proxy."""
    proxy = Proxy(database_url)
    async with asyncio.TaskGroup() as serving:
        server = await asyncio.start_server(lambda *ends: serving.create_task(proxy.serve(*ends)), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        name = urlsplit(database_url).path
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}{name}?sslmode=disable&gssencmode=disable", proxy
        finally:
            server.close()
            proxy.close()
