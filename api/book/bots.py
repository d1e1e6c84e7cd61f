"""What a bot says of itself: how its shards are, and which commands it offers."""

from typing import Any, cast

import msgspec
import orjson
from litestar import Response

from api.book.auth import bot_of
from api.book.errors import answer
from api.book.forms import Faults, converted, read_object
from api.book.routes import put
from api.parts import Asked
from api.writing import write
from domain.fleet.commands import publish_commands, report_stats
from schemas.book import Position
from schemas.fleet import BotStats, Command, Commands, Count, Shard

SCOPE = "stats:write"
SHARDS_MAX = 16_384
COMMANDS_MAX = 1_000
NESTED = ("options", "choices")
DEPTH_MAX = 16


class TooDeepError(Exception):
    """Options are nested too deeply."""


@put("/book/bots/@me/stats", summary="Report how the bot's shards are", body=BotStats, answers={200: Position})
async def stats(request: Asked) -> Response[bytes]:
    """Take the place of the report before; whoever asks is shown this one until it is too old."""
    bot = await bot_of(request, SCOPE)
    report = _read_stats(await read_object(request))
    written = await write(request, bot.actor, report_stats, bot=bot.app, **report)
    return answer(200, Position(written.position), written.headers())


def _read_stats(body: dict[str, Any]) -> dict[str, Any]:
    faults = Faults()
    shards = _read_shards(faults, body.get("shard_conns"))
    report = {
        "shards": {number: msgspec.to_builtins(shard) for number, shard in shards.items()},
        "total_guilds": converted(faults, body.get("total_guilds"), Count, "total_guilds"),
        "total_users": converted(faults, body.get("total_users"), Count | None, "total_users"),
    }
    faults.check()
    return report


def _read_shards(faults: Faults, value: object) -> dict[str, Shard]:
    if not isinstance(value, dict) or len(cast("dict[str, Any]", value)) > SHARDS_MAX:
        faults.add(f"must be an object of at most {SHARDS_MAX} shards", "shard_conns")
        return {}
    given = cast("dict[str, Any]", value)
    for number in given:
        if not (number.isascii() and number.isdigit() and len(number) <= 9):  # noqa: PLR2004 - as the schema says
            faults.add("must be the number of a shard", "shard_conns", number)
    found = {number: converted(faults, shard, Shard, "shard_conns", number) for number, shard in given.items()}
    return {number: shard for number, shard in found.items() if shard is not None}


@put("/book/bots/@me/commands", summary="Say which commands the bot offers", body=Commands, answers={200: Position})
async def commands(request: Asked) -> Response[bytes]:
    """Take the place of the commands before; what is not shown of a command is left out."""
    bot = await bot_of(request, SCOPE)
    offered = _read_commands(await read_object(request))
    written = await write(request, bot.actor, publish_commands, bot=bot.app, commands=offered)
    return answer(200, Position(written.position), written.headers())


def _read_commands(body: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    faults = Faults()
    value = body.get("commands")
    if not isinstance(value, list) or len(cast("list[Any]", value)) > COMMANDS_MAX:
        faults.add(f"must be a list of at most {COMMANDS_MAX} commands", "commands")
        value = []
    given = cast("list[Any]", value)
    found = [_read_command(faults, command, place) for place, command in enumerate(given)]
    faults.check()
    return tuple(orjson.loads(msgspec.json.encode(found)))  # as the log gives them back, so that they compare


def _read_command(faults: Faults, value: object, place: int) -> Command | None:
    try:
        return converted(faults, _without_nulls(value, DEPTH_MAX), Command, "commands", place)
    except TooDeepError:
        faults.add(f"may be nested {DEPTH_MAX} deep", "commands", place)
        return None


def _without_nulls(value: object, depth_max: int) -> object:
    """Leave out what is null, which is as good as absent, from a command and what is nested in it."""
    if not depth_max:
        raise TooDeepError
    if isinstance(value, list):
        return [_without_nulls(item, depth_max - 1) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    given = {key: item for key, item in cast("dict[str, Any]", value).items() if item is not None}
    return {key: _without_nulls(item, depth_max - 1) if key in NESTED else item for key, item in given.items()}


ROUTES = (stats, commands)
