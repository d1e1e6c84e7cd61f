"""The loader feed: bots listen to what loads begin, how far they are and how they end."""

import time
from collections.abc import AsyncIterator

from litestar import Response, websocket

from api.parts import Asked, Parts, parts_of
from api.sockets import Feed, Socket, serve_socket
from api.xenon.auth import Bot, enter, identify
from api.xenon.errors import HANDLERS, RefusedError, UnauthorizedError
from api.xenon.queries import guilds_in, position_in
from api.xenon.routes import POSITION, PREFIXES, SNOWFLAKE, SURFACE, get
from api.xenon.thinning import Reader

PATH = "/loaders/ws"
POLL_SECONDS = 1.0  # while a status waits for a position that it can be told as of


@get(
    PATH,
    summary="Follow loads over a WebSocket",
    answers={},
    refusals=(400, 401, 426),
    auth=False,
    credentials=("bot_token",),
    query={"after": POSITION, "guild_id": {"type": "array", "items": SNOWFLAKE, "maxItems": 100}},
)
async def upgrade() -> Response[bytes]:
    """Send each load's beginning and end, and its status at most every five seconds, as text frames.

    Whoever comes back with `after`, the position of the last frame, misses nothing. A socket is closed with 1008 when
    its token lets nobody in any more, with 1013 when it takes nothing for a minute, with 1009 when it sends more than
    4 KiB at once, and with 1012 when the server stops.
    """
    raise RefusedError(426, "Upgrade required", {"Upgrade": "websocket"})


@websocket([f"{prefix}{PATH}" for prefix in PREFIXES], opt={"surface": SURFACE.name})
async def follow(socket: Socket) -> None:
    """See `upgrade`."""
    await serve_socket(socket, _admit, HANDLERS)


async def _admit(request: Asked) -> Feed:
    bot, parts = await enter(request), parts_of(request)
    after, guilds = position_in(request, "after"), guilds_in(request, "guild_id")
    head = await parts.head()
    if after is not None and after > head:
        raise RefusedError(400, "Invalid query parameter: after")
    reader = Reader(head if after is None else after, bot.reached(guilds))
    token = request.headers.get("authorization", "")

    async def is_allowed() -> bool:
        return await _is_still(parts, token, bot)

    return Feed(bot.actor().name(), is_allowed, _frames(parts, reader, head))


async def _is_still(parts: Parts, token: str, bot: Bot) -> bool:
    """Tell whether the token still lets the same bot in, for the same guilds."""
    try:
        return await identify(parts, token) == bot
    except UnauthorizedError:
        return False


async def _frames(parts: Parts, reader: Reader, head: int) -> AsyncIterator[str]:
    """Tell a reader what there is, then what comes. What happened up to `head` keeps the distances of its own time."""
    after, ahead = reader.told, time.time() - time.monotonic()
    while True:
        end, found = await parts.loads.read(after)
        after = max(after, end)
        for told in found:
            now = told.recorded_at.timestamp() if told.position <= head else time.monotonic() + ahead
            for text in reader.take(told, now):
                yield text
        now = time.monotonic() + ahead
        if after >= head:
            for text in reader.due(after, now):
                yield text
        await parts.loads.wait(after, _patience_seconds(reader, now))


def _patience_seconds(reader: Reader, now: float) -> float | None:
    seconds = reader.wait_seconds(now)
    return POLL_SECONDS if seconds is not None and seconds <= 0 else seconds


ROUTES = (upgrade,)
SOCKETS = (follow,)
