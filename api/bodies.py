"""The body of a request as it comes in."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from litestar.types import Receive, ReceiveMessage

DRAINED_BYTES_MAX = 64 * 1_048_576  # more than the largest body that any route takes


class Body:
    """Hands the body on, and takes in what nobody has asked for."""

    def __init__(self, receive: Receive, headers: Mapping[bytes, bytes]) -> None:
        self._receive = receive
        self._is_over = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers

    async def receive(self) -> ReceiveMessage:
        """Return the next part."""
        message = await self._receive()
        self._is_over = not message.get("more_body", False)
        return message

    async def drain(self, seconds: float) -> None:
        """Take in the rest: a caller whose body is not taken would lose the answer with the connection."""
        if self._is_over:
            return
        bytes_left = DRAINED_BYTES_MAX
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._is_over and bytes_left > 0:
                    message = await self.receive()
                    bytes_left -= len(message.get("body", b""))
