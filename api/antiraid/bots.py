"""How the primary bot is, and which commands it offers, as it said itself."""

from datetime import UTC, datetime, timedelta

import msgspec
from litestar import Response

from api.antiraid.routes import get
from api.etags import tagged
from api.parts import Asked, Parts, parts_of
from projections.fleet.queries import Stats, commands_of, stats_of
from projections.guilds.queries import guild_count_of
from schemas.fleet import Commands, ShownShard, ShownStats


@get("/bot-stats", summary="How the bot's shards are", answers={200: ShownStats, 304: None}, auth=False)
async def stats(request: Asked) -> Response[bytes]:
    """Return what the primary bot reported last; what is too old to be true is marked so."""
    return tagged(request, msgspec.json.encode(await _stats(parts_of(request))))


async def _stats(parts: Parts) -> ShownStats:
    bot = parts.settings.antiraid_client_id
    async with parts.pool.connection() as connection:
        found = await stats_of(connection, bot)
        if found is None:
            return ShownStats({}, await guild_count_of(connection, bot), None)
    is_stale = datetime.now(UTC) - found.reported_at > timedelta(seconds=parts.settings.stats_stale_seconds)
    return ShownStats(_shards(found, is_stale=is_stale), found.total_guilds, found.total_users)


def _shards(found: Stats, *, is_stale: bool) -> dict[str, ShownShard]:
    shards = msgspec.convert(found.shards, dict[str, ShownShard])
    if not is_stale:
        return shards
    return {number: msgspec.structs.replace(it, status="Unknown", stale=True) for number, it in shards.items()}


@get("/bot-state", summary="The bot's commands", answers={200: Commands, 304: None}, auth=False)
async def state(request: Asked) -> Response[bytes]:
    """Return the commands that the primary bot offers."""
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        commands = await commands_of(connection, parts.settings.antiraid_client_id)
    return tagged(request, msgspec.json.encode({"commands": commands}))


ROUTES = (stats, state)
