"""WebSockets, for all surfaces: refused by an ordinary answer before the upgrade, and ended with a stated code."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, cast

from litestar import Response, WebSocket
from litestar.datastructures import State
from litestar.types import Send

from api.dialects import Answer, Headers
from api.edge import DENIAL, send_answer
from api.errors import HANDLERS
from api.listeners import Ending, Listener
from api.parts import Asked, parts_of

FRAME_BYTES_MAX = 4096
CLOSE_SECONDS_MAX = 0.5  # to take in why it ends

Socket = WebSocket[Any, Any, State]
Handlers = Mapping[int | type[Exception], Callable[..., Response[Any]]]


class Feed(NamedTuple):
    """What an admitted client is told. `key` says whose connections are counted together.

    `is_allowed` is asked every few seconds whether the token still lets its owner in. `hand_to` is told who takes
    frames at once, where they need not be asked for one by one.
    """

    key: str
    is_allowed: Callable[[], Awaitable[bool]]
    frames: AsyncIterator[str]
    hand_to: Callable[[Listener], None] | None = None


async def serve_socket(socket: Socket, admit: Callable[[Asked], Awaitable[Feed]], handlers: Handlers) -> None:
    """Serve one WebSocket. `admit` finds out who asks and for what, before the upgrade.

    What it raises is answered over HTTP, by the surface's `handlers`. What the client sends is ignored.
    """
    await socket.receive()  # that it wants to connect
    asked = cast("Asked", socket)  # there are headers, a query and a state; nothing else of it is used
    listeners = parts_of(asked).listeners
    try:
        feed = await admit(asked)
        listener = listeners.join(feed.key, feed.is_allowed)
    except Exception as error:  # noqa: BLE001 - each is answered, and a mistake of ours is logged where that is done
        await send_answer(socket.send, _answer_to(error, asked, handlers), DENIAL)
        return
    try:
        await socket.send({"type": "websocket.accept", "subprotocol": None, "headers": _extra(asked)})
        await _tell(socket, feed, listener)
    finally:
        listeners.leave(listener)


async def _tell(socket: Socket, feed: Feed, listener: Listener) -> None:
    """Send frames until the client has gone or is sent away."""
    asgi: Send = socket.scope["state"]["send"]

    def send(frame: str) -> Awaitable[None]:
        return asgi({"type": "websocket.send", "text": frame, "bytes": None})

    if feed.hand_to:
        feed.hand_to(listener)
    sending = asyncio.create_task(listener.tell(feed.frames, send))
    reading = asyncio.create_task(_read(socket, listener))
    await asyncio.wait({sending, reading, listener.ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in (sending, reading):
        task.cancel()
    await asyncio.gather(sending, reading, return_exceptions=True)
    if listener.ended.done():
        ending = listener.ended.result()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await socket.send({"type": "websocket.close", "code": ending.value, "reason": ""})


async def _read(socket: Socket, listener: Listener) -> None:
    """Take in what the client sends until it goes."""
    while True:
        message = cast("dict[str, Any]", await socket.receive())
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if len(message.get("bytes") or b"" if text is None else text.encode()) > FRAME_BYTES_MAX:
            listener.end(Ending.FRAME_TOO_LARGE)
            return


def _extra(asked: Asked) -> Headers:
    return list(asked.scope["state"].get("headers", ()))


def _answer_to(error: Exception, asked: Asked, handlers: Handlers) -> Answer:
    known = {**HANDLERS, **handlers}
    handle = next(known[kind] for kind in type(error).__mro__ if kind in known)
    response = handle(asked, error)
    headers = [(name.lower().encode(), str(value).encode()) for name, value in response.headers.items()]
    media_type = (b"content-type", str(response.media_type).encode())
    return Answer(response.status_code or 500, [media_type, *headers, *_extra(asked)], response.content)
