"""The bots that can restore their settings after loads of a template: they say so themselves, for everybody to see."""

import re
from collections.abc import Awaitable, Callable

from litestar import Response

from api.parts import Asked, parts_of
from api.writing import write
from api.xenon.auth import caller_of
from api.xenon.bodies import user_in_body
from api.xenon.errors import UNKNOWN_TEMPLATE, RefusedError, answer
from api.xenon.routes import delete, get, post
from domain.kernel import UnknownError
from domain.templates.aggregate import TemplateNotYoursError
from domain.templates.commands import attach_bot, detach_bot
from projections.templates.queries import bots_of_template
from schemas.xenon import Attachment, Bots, Nothing

TEMPLATE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
PATH = "/templates/{template_id:str}/bots"


@post(PATH, summary="Attach oneself to a template", answers={200: Nothing}, refusals=(403, 404), body=Attachment)
async def attach(request: Asked) -> Response[bytes]:
    """Say that the bot can restore its settings after loads of this template; once is enough."""
    return await _change(request, attach_bot)


@delete(PATH, summary="Detach oneself from a template", answers={200: Nothing}, refusals=(403, 404), body=Attachment)
async def detach(request: Asked) -> Response[bytes]:
    """Take that back."""
    return await _change(request, detach_bot)


@get(PATH, summary="List the bots of a template", answers={200: Bots}, refusals=(404,), auth=False)
async def attached(request: Asked) -> Response[bytes]:
    """Return the bots in the order in which they were attached."""
    template = _template(request)
    async with parts_of(request).pool.connection() as connection:
        bots = await bots_of_template(connection, template)
    if bots is None:
        raise RefusedError(404, UNKNOWN_TEMPLATE)
    return answer(200, Bots([str(bot) for bot in bots]))


async def _change(request: Asked, command: Callable[..., Awaitable[None]]) -> Response[bytes]:
    user, bot = await user_in_body(request), caller_of(request)
    try:
        written = await write(request, bot.actor(), command, template=_template(request), bot=bot.id, user=user)
    except UnknownError as error:
        raise RefusedError(404, UNKNOWN_TEMPLATE) from error
    except TemplateNotYoursError as error:
        raise RefusedError(403, "User is not the creator") from error
    return answer(200, Nothing(), written.headers())


def _template(request: Asked) -> str:
    template: str = request.path_params["template_id"]
    if not TEMPLATE_ID.fullmatch(template):
        raise RefusedError(404, UNKNOWN_TEMPLATE)
    return template


ROUTES = (attach, detach, attached)
