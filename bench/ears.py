"""Clients of WebSockets that only count what they hear, so that a thousand of them cost the bench little."""

import asyncio
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)
SHORT_BYTES_MAX = 125
MIDDLE = 126  # the length follows in two bytes; longer frames are not sent here
PLAIN_HEAD, MIDDLE_HEAD = 2, 4


class DeafError(Exception):
    """The server has not let a client in."""


class Ear(asyncio.Protocol):
    """One client. `hear` is called with each frame's text."""

    def __init__(self, request: bytes, hear: Callable[[bytes], None]) -> None:
        self.is_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._hear = hear
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.WriteTransport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self.is_in.done():
            data = self._enter(data)
        place = 0
        while (end := _frame_end(data, place)) <= len(data):
            self._hear(data[_text_begin(data, place) : end])
            place = end
        self._rest = data[place:]

    def _enter(self, data: bytes) -> bytes:
        head, found, rest = data.partition(b"\r\n\r\n")
        if not found:
            self._rest = data
            return b""
        if b" 101 " in head:
            self.is_in.set_result(None)
        else:
            self.is_in.set_exception(DeafError(data))
        return rest

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.is_in.done():
            self.is_in.set_exception(exc or DeafError("closed"))


def _text_begin(data: bytes, place: int) -> int:
    return place + (PLAIN_HEAD if data[place + 1] <= SHORT_BYTES_MAX else MIDDLE_HEAD)


def _frame_end(data: bytes, place: int) -> int:
    """Return where the frame at a place ends, beyond the data when not even that is there."""
    if len(data) < place + MIDDLE_HEAD:
        return len(data) + 1
    length = data[place + 1]
    assert length <= MIDDLE, "a frame is longer than the bench expects"
    if length <= SHORT_BYTES_MAX:
        return place + PLAIN_HEAD + length
    return place + MIDDLE_HEAD + int.from_bytes(data[place + PLAIN_HEAD : place + MIDDLE_HEAD])


async def listen(address: str, path: str, hear: Callable[[bytes], None], *headers: str) -> asyncio.Transport:
    """Open a WebSocket at the server's address."""
    url = urlsplit(address)
    request = HANDSHAKE.format(path=path, more="".join(f"{header}\r\n" for header in headers)).encode()
    loop = asyncio.get_running_loop()
    assert url.hostname is not None, address
    transport, ear = await loop.create_connection(lambda: Ear(request, hear), url.hostname, url.port or 80)
    await ear.is_in
    return transport
