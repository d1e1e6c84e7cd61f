"""Templates of settings: bots register them and read them back."""

from typing import Any

import msgspec
from litestar import Response

from api.book.auth import Bot, bot_of
from api.book.errors import InvalidError, ProblemError, answer
from api.book.forms import read_object
from api.book.pages import PAGING, page, paging
from api.book.routes import delete, get, put
from api.parts import Asked, parts_of
from api.writing import write
from domain.processes.register_template import register_template
from domain.settings.aggregate import TemplateOwnedError, TemplateReservedError
from domain.settings.commands import withdraw_template
from domain.settings.definitions import DefinitionError
from projections.settings.queries import TemplateFound, templates_after, templates_by_name
from schemas.book import Fault, Items, Position
from schemas.templates import NewTemplate, Template

SCOPE = "settings:define"
NOT_YOURS = "This template belongs to another bot."


@put(
    "/book/settings/templates/{name:str}",
    summary="Say what may be set",
    body=NewTemplate,
    answers={200: Position},
)
async def register(request: Asked) -> Response[bytes]:
    """Register a template, or take the place of what it said before."""
    bot, name = await bot_of(request, SCOPE), request.path_params["name"]
    body = await read_object(request)
    _require_reach(bot, body.get("guild_ids"))
    given = {part: body.get(part) for part in ("settings", "policies", "guild_ids")}
    may_reserve = _is_primary(request, bot)
    try:
        written = await write(
            request, bot.actor, register_template, name=name, owner=bot.app, may_reserve=may_reserve, **given
        )
    except DefinitionError as error:
        raise InvalidError([Fault(pointer, text) for pointer, text in error.faults]) from error
    except TemplateOwnedError as error:
        raise ProblemError(403, NOT_YOURS) from error
    except TemplateReservedError as error:
        raise ProblemError(403, str(error)) from error
    return answer(200, Position(written.position), written.headers())


def _require_reach(bot: Bot, guild_ids: Any) -> None:  # noqa: ANN401 - as it came in
    """Refuse to a token that is limited to guilds what others would be offered, too."""
    if bot.guilds is None:
        return
    reached = {str(guild) for guild in bot.guilds}
    if not isinstance(guild_ids, list) or not reached.issuperset(map(str, guild_ids)):  # pyright: ignore[reportUnknownArgumentType]
        raise ProblemError(403, "This token is not for every guild: guild_ids must name those that it is for.")


def _is_primary(request: Asked, bot: Bot) -> bool:
    return bot.app == parts_of(request).settings.antiraid_client_id


@get("/book/settings/templates", summary="List my templates", query=PAGING, answers={200: Items[Template]})
async def listed(request: Asked) -> Response[bytes]:
    """Return the bot's templates by name; the primary bot sees those of the operator, too."""
    bot = await bot_of(request, SCOPE)
    asked = paging(request, str)
    after = str(asked.after[0]) if asked.after else ""
    async with parts_of(request).pool.connection() as connection:
        found = await templates_after(
            connection, bot.app, after, asked.limit + 1, with_operators=_is_primary(request, bot)
        )
    return answer(200, page(asked, found, lambda template: (template.name,), _shown))


@get("/book/settings/templates/{name:str}", summary="Show a template", answers={200: Template})
async def show(request: Asked) -> Response[bytes]:
    """Return a template with its policies."""
    bot, name = await bot_of(request, SCOPE), request.path_params["name"]
    async with parts_of(request).pool.connection() as connection:
        found = (await templates_by_name(connection, [name])).get(name)
    if found is None:
        raise ProblemError(404, "There is no such template.")
    if found.owner != bot.app and not (found.owner is None and _is_primary(request, bot)):
        raise ProblemError(403, NOT_YOURS)
    return answer(200, _shown(found))


def _shown(found: TemplateFound) -> Template:
    return Template(
        name=found.name,
        owner_id=None if found.owner is None else str(found.owner),
        guild_ids=found.guilds,
        revision=found.revision,
        position=found.position,
        settings=msgspec.Raw(found.definitions.encode()),
        policies=msgspec.Raw(found.policies.encode()),
    )


@delete("/book/settings/templates/{name:str}", summary="Withdraw a template", answers={200: Position})
async def withdraw(request: Asked) -> Response[bytes]:
    """Let nothing be set by the template any more; its rows come back when it is registered again."""
    bot, name = await bot_of(request, SCOPE), request.path_params["name"]
    try:
        written = await write(request, bot.actor, withdraw_template, name=name, owner=bot.app)
    except TemplateOwnedError as error:
        raise ProblemError(403, NOT_YOURS) from error
    return answer(200, Position(written.position), written.headers())


ROUTES = (register, listed, show, withdraw)
