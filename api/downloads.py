"""Long answers that end, sent as they are made; one that is cut off is no whole HTTP answer, as its reader notices."""

from collections.abc import AsyncIterator
from typing import Any, cast

from litestar import Response
from litestar.types import ASGIApp, Receive, Scope, Send

from api.event_streams import tell_while_there
from api.listeners import Listener, Listeners


class Download(Response[bytes]):
    """Answers with pieces of text until there are no more."""

    def __init__(
        self,
        pieces: AsyncIterator[str],
        media_type: str,
        headers: dict[str, str],
        listener: Listener,
        listeners: Listeners,
    ) -> None:
        super().__init__(b"", media_type=media_type)
        self._pieces = pieces
        self._head = [(b"content-type", media_type.encode())]
        self._head += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._listener = listener
        self._listeners = listeners
        self._is_whole = False

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]  # noqa: ANN401 - theirs
        return self._stream

    async def _stream(self, _scope: Scope, receive: Receive, send: Send) -> None:
        async def write(piece: str) -> None:
            await send(cast("Any", {"type": "http.response.body", "body": piece.encode(), "more_body": True}))

        try:
            await send(cast("Any", {"type": "http.response.start", "status": 200, "headers": self._head}))
            are_sent = await tell_while_there(self._listener, self._all(), write, receive)
            if are_sent and self._is_whole:
                await send(cast("Any", {"type": "http.response.body", "body": b"", "more_body": False}))
        finally:
            self._listeners.leave(self._listener)

    async def _all(self) -> AsyncIterator[str]:
        async for piece in self._pieces:
            yield piece
        self._is_whole = True
