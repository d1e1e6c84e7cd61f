"""Loads of backups and templates into guilds: bots have them run here, or run them themselves."""

from typing import Any, Literal

import msgspec
from litestar import Response

from api import loading
from api.book.auth import Bot, bot_of, require_guild, require_scope
from api.book.backups import backup_named
from api.book.errors import InvalidError, ProblemError, answer, answer_json
from api.book.forms import query_of, read_object, snowflake_in_query, word_in_path
from api.book.load_forms import read_load
from api.book.load_shapes import document_at, shown_plan
from api.book.pages import PAGING, page, paging
from api.book.routes import ID, get, post
from api.parts import Asked, Parts, parts_of
from api.writing import write
from domain.backups.aggregate import BACKUP
from domain.kernel import UnknownError
from domain.loads.aggregate import LOAD
from domain.loads.commands import cancel_load
from domain.processes.start_load import LoadAsk
from domain.templates.aggregate import TEMPLATE
from projections.loads.queries import LoadFound, load_by_id, loads_before
from schemas.book import BIGINT_MAX, Fault, Items
from schemas.loads import Load, LoadPlan, NewLoad

RUN, REPORT = "loads:run", "loads:report"
STATE = {"state": {"type": "string", "enum": ["running", "finished"]}}


@post(
    "/book/loads",
    summary="Load a backup or template",
    body=NewLoad,
    answers={200: LoadPlan, 202: Load},
    refusals=(404, 502),
    told={409: Load},
)
async def start(request: Asked) -> Response[bytes]:
    """Load into a guild, for somebody who may do everything there; a dry run only tells what that would do.

    While another load runs there the answer is 409, with the load that was refused.
    """
    bot = await bot_of(request, None)
    wanted = read_load(await read_object(request))
    require_scope(bot, REPORT if wanted["kind"] == "external" else RUN)
    require_guild(bot, wanted["target_id"])
    if _is_at_discord(wanted) and not parts_of(request).settings.discord_bot_token:
        raise InvalidError([Fault("/gateway", "is not set up here: there is no token for it")])
    await _require_known(request, bot, wanted)
    ask, parts = _ask(bot, wanted), parts_of(request)
    contents = await loading.contents_of(parts, ask) if ask.kind == "internal" else None
    if contents and wanted["dry_run"]:
        plan = await _planned(parts, ask, contents)
        return answer(200, plan, {"Guildbook-Position": str(await parts.head())})
    written = await loading.start(request, bot.actor, ask, contents)
    document = await document_at(parts, written.value.id, written.position)
    return answer_json(202 if written.value.outcome is None else 409, document, written.headers())


async def _planned(parts: Parts, ask: LoadAsk, contents: loading.Contents) -> LoadPlan:
    """Return what a load would do. Errors: ProblemError when another one runs, and those of `start_load`."""
    load = await loading.planned(parts, ask, contents)
    if load.outcome is not None:
        raise ProblemError(409, "Another load runs in the guild.")
    return shown_plan(load)


def _ask(bot: Bot, wanted: dict[str, Any]) -> LoadAsk:
    backup = wanted["backup_id"]
    same = ("kind", "type", "gateway", "mode", "options", "only_roles", "only_channels", "restore_settings")
    return LoadAsk(
        load="",  # it is given one when it is started
        target=wanted["target_id"],
        user=wanted["user_id"],
        backup=None if backup is None else backup.lower(),
        template=wanted["template_id"],
        source=wanted["source_id"],
        bot=bot.app,
        reported_by=bot.app if wanted["kind"] == "external" else None,
        **{name: wanted[name] for name in same},
    )


def _is_at_discord(wanted: dict[str, Any]) -> bool:
    return wanted["gateway"] == "discord"


async def _require_known(request: Asked, bot: Bot, wanted: dict[str, Any]) -> None:
    """Refuse what is not known here, unless the bot runs the load and says of which guild it is.

    Errors: UnknownError, InvalidError.
    """
    backup, template = wanted["backup_id"], wanted["template_id"]
    if backup is not None:
        entity, found = BACKUP, await backup_named(parts_of(request), bot, backup)
    else:
        entity, found = TEMPLATE, await parts_of(request).store.peek(TEMPLATE, template)
    if found is None and wanted["kind"] == "internal":
        raise UnknownError(entity.context, backup or template)
    if found is None and wanted["source_id"] is None:
        raise InvalidError([Fault("/source_id", f"is missing, and the {wanted['type']} is not known here")])


@get(
    "/book/loads",
    summary="List loads",
    query={"guild_id": ID, **STATE, **PAGING},
    answers={200: Items[Load]},
)
async def listed(request: Asked) -> Response[bytes]:
    """Return the loads into the guilds that the token is good for, newest first."""
    bot, asked = await bot_of(request, None), paging(request, int)
    target, state = snowflake_in_query(request, "guild_id"), _state(request)
    before = int(asked.after[0]) if asked.after else BIGINT_MAX
    among = None if bot.guilds is None else [guild for guild in bot.guilds if guild <= BIGINT_MAX]
    async with parts_of(request).pool.connection() as connection:
        found = await loads_before(connection, before, asked.limit + 1, target=target, state=state, among=among)
    return answer(200, page(asked, found, lambda load: (load.created,), lambda load: msgspec.Raw(load.document)))


def _state(request: Asked) -> Literal["running", "finished"] | None:
    match query_of(request).get("state"):
        case None | "running" | "finished" as state:
            return state
        case _:
            raise ProblemError(400, "state must be running or finished.")


@get("/book/loads/{load_id:str}", summary="Show a load", answers={200: Load})
async def show(request: Asked) -> Response[bytes]:
    """Return a load: how far it is, or how it ended."""
    return answer_json(200, (await _found(request, await bot_of(request, None))).document)


async def _found(request: Asked, bot: Bot) -> LoadFound:
    """Return the load that the path names. Errors: UnknownError."""
    name = word_in_path(request, "load_id", LOAD.context)
    async with parts_of(request).pool.connection() as connection:
        found = await load_by_id(connection, name)
    if found is None or not bot.reaches(found.target):
        raise UnknownError(LOAD.context, name)
    return found


@post("/book/loads/{load_id:str}/cancel", summary="Cancel a load", answers={202: Load})
async def cancel(request: Asked) -> Response[bytes]:
    """Have a load end at its next object."""
    bot = await bot_of(request, None)
    if not (bot.may(RUN) or bot.may(REPORT)):
        require_scope(bot, RUN)
    name = await load_in_path(request, bot)
    written = await write(request, bot.actor, cancel_load, load=name)
    return answer_json(202, await document_at(parts_of(request), name, written.position), written.headers())


async def load_in_path(request: Asked, bot: Bot) -> str:
    """Return the id of the load that the path names, as far as the token is good. Errors: UnknownError."""
    name = word_in_path(request, "load_id", LOAD.context)
    load = await parts_of(request).store.peek(LOAD, name)
    if load is None or not bot.reaches(load.target):
        raise UnknownError(LOAD.context, name)
    return name


ROUTES = (start, listed, show, cancel)
