"""Loads that bots run themselves: how far they are, what they mapped, and how they ended."""

from litestar import Response

from api.book.auth import Bot, bot_of
from api.book.errors import answer, answer_json
from api.book.forms import read_object
from api.book.load_forms import read_end, read_mappings, read_status
from api.book.load_shapes import document_at
from api.book.loads import load_in_path
from api.book.routes import post
from api.parts import Asked, parts_of
from api.writing import write
from domain.loads.commands import report_done, report_mappings, report_status
from schemas.loads import Load, NewEnd, NewMappings, NewStatus

SCOPE = "loads:report"


@post("/book/loads/{load_id:str}/status", summary="Say how far a load is", body=NewStatus, answers={204: None})
async def status(request: Asked) -> Response[bytes]:
    """Take in how far a load is that the bot runs."""
    bot, load = await _reported(request)
    told = read_status(await read_object(request))
    written = await write(request, bot.actor, report_status, load=load, bot=bot.app, **told)
    return answer(204, headers=written.headers())


@post("/book/loads/{load_id:str}/mappings", summary="Say what a load mapped", body=NewMappings, answers={204: None})
async def mappings(request: Asked) -> Response[bytes]:
    """Take in what a load that the bot runs made of ids, and what it deleted; mappers show it when it ends."""
    bot, load = await _reported(request)
    pairs, deleted = read_mappings(await read_object(request))
    written = await write(request, bot.actor, report_mappings, load=load, bot=bot.app, pairs=pairs, deleted=deleted)
    return answer(204, headers=written.headers())


@post("/book/loads/{load_id:str}/done", summary="Say how a load ended", body=NewEnd, answers={200: Load})
async def done(request: Asked) -> Response[bytes]:
    """End a load that the bot runs."""
    bot, load = await _reported(request)
    told = read_end(await read_object(request))
    written = await write(request, bot.actor, report_done, load=load, bot=bot.app, **told)
    return answer_json(200, await document_at(parts_of(request), load, written.position), written.headers())


async def _reported(request: Asked) -> tuple[Bot, str]:
    bot = await bot_of(request, SCOPE)
    return bot, await load_in_path(request, bot)


ROUTES = (status, mappings, done)
