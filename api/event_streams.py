"""Server-sent events: a stream over plain HTTP that ends with its connection, or when its listener is sent away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from api.listeners import Listener, Listeners

MEDIA_TYPE = "text/event-stream"
BEGINNING = "retry: 1000\n\n"  # milliseconds until a browser comes back
HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]


class EventStream(Response[bytes]):
    """Answers with frames for as long as the caller listens."""

    def __init__(self, frames: AsyncIterator[str], listener: Listener, listeners: Listeners) -> None:
        super().__init__(b"", media_type=MEDIA_TYPE)
        self._frames = frames
        self._listener = listener
        self._listeners = listeners

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]  # noqa: ANN401 - theirs
        return self._stream

    async def _stream(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async def write(frame: str) -> None:
            await send(cast("Any", {"type": "http.response.body", "body": frame.encode(), "more_body": True}))

        try:
            await send(cast("Any", {"type": "http.response.start", "status": 200, "headers": HEADERS}))
            await tell_while_there(self._listener, _begun(self._frames), write, receive)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await send(cast("Any", {"type": "http.response.body", "body": b"", "more_body": False}))
        finally:
            self._listeners.leave(self._listener)


async def tell_while_there(
    listener: Listener, frames: AsyncIterator[str], write: Callable[[str], Awaitable[None]], receive: Receive
) -> bool:
    """Send frames until the client is gone or sent away; tell whether there were no more before that."""
    sending = asyncio.create_task(listener.tell(frames, write))
    leaving = asyncio.create_task(_gone(receive))
    await asyncio.wait({sending, leaving, listener.ended}, return_when=asyncio.FIRST_COMPLETED)
    are_sent = sending.done()
    for task in (sending, leaving):
        task.cancel()
    await asyncio.gather(sending, leaving, return_exceptions=True)
    return are_sent


async def _begun(frames: AsyncIterator[str]) -> AsyncIterator[str]:
    yield BEGINNING
    async for frame in frames:
        yield frame


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
