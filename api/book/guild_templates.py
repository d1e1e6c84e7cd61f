"""Templates of guilds: bots publish them for users, everybody reads them back, and their creators withdraw them."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response

from api.book.auth import Bot, bot_of, require_guild
from api.book.backups import backup_named
from api.book.errors import answer
from api.book.forms import Faults, read_object, snowflake_needed, word_in_path
from api.book.guild_contents import template_data
from api.book.pages import PAGING, page, paging
from api.book.routes import ID, delete, get, post
from api.book.strict import read_fields
from api.new_ids import template_id, under_new_id
from api.parts import Asked, parts_of
from api.writing import Written, write
from domain.backups.aggregate import BACKUP
from domain.guilds.aggregate import GUILD
from domain.kernel import UnknownError
from domain.processes.publish_template import publish_template
from domain.templates.aggregate import TEMPLATE, TemplateIdTakenError
from domain.templates.aggregate import Template as Published
from domain.templates.commands import withdraw_template
from projections.templates.queries import TemplateFound, template_by_id, templates_before
from schemas.backups import GuildTemplate, NewTemplate, TemplateData
from schemas.book import BIGINT_MAX, Items
from store.snapshots import snapshot_at

SCOPE = "templates:write"


@post(
    "/book/templates",
    summary="Publish a guild as a template",
    body=NewTemplate,
    answers={201: GuildTemplate},
    refusals=(404,),
)
async def publish(request: Asked) -> Response[bytes]:
    """Publish a guild as it is now, or as a backup has it, for everybody to load; for its owner or an administrator."""
    bot = await bot_of(request, SCOPE)
    wanted = _read_new(await read_object(request))
    require_guild(bot, wanted["guild_id"])
    written = await under_new_id(template_id, TemplateIdTakenError, lambda new: _publish(request, bot, new, wanted))
    assert written.recorded_at is not None
    return answer(201, _shown_new(written.value, written.recorded_at), written.headers())


def _read_new(body: dict[str, Any]) -> dict[str, Any]:
    faults = Faults()
    wanted = read_fields(faults, body, NewTemplate)
    if not faults.found and (wanted["backup_id"] is None) == (wanted["guild_id"] is None):
        faults.add("either backup_id or guild_id must be there")
    faults.check()
    return wanted


async def _publish(request: Asked, bot: Bot, new: str, wanted: dict[str, Any]) -> Written[Published]:
    parts = parts_of(request)
    backup, guild, at = await _source(request, bot, wanted)
    snapshot = await snapshot_at(parts.store, guild, at)
    if snapshot is None:
        raise UnknownError(GUILD.context, guild)
    return await write(
        request,
        bot.actor,
        publish_template,
        template=new,
        snapshot=snapshot,
        at=at,
        user=wanted["user_id"],
        name=wanted["name"],
        description=wanted["description"],
        backup=backup,
    )


async def _source(request: Asked, bot: Bot, wanted: dict[str, Any]) -> tuple[str | None, int, int]:
    """Return the backup that is published, if it is one, its guild, and as of which position. Errors: UnknownError."""
    parts, name = parts_of(request), wanted["backup_id"]
    if name is None:
        return None, wanted["guild_id"], await parts.head()
    backup = await backup_named(parts, bot, name)
    if backup is None:
        raise UnknownError(BACKUP.context, name)
    return backup.id, backup.guild, backup.at


def _shown_new(published: Published, at: datetime) -> GuildTemplate:
    return GuildTemplate(
        id=published.id,
        name=published.name,
        description=published.description,
        creator_id=str(published.creator),
        source_guild_id=str(published.guild),
        usage_count=0,
        bots=(),
        created_at=at.astimezone(UTC),
    )


@get("/book/templates", summary="List templates of guilds", query=PAGING, answers={200: Items[GuildTemplate]})
async def listed(request: Asked) -> Response[bytes]:
    """Return all templates, newest first, without what they hold."""
    await bot_of(request, None)
    asked = paging(request, int)
    before = int(asked.after[0]) if asked.after else BIGINT_MAX
    async with parts_of(request).pool.connection() as connection:
        found = await templates_before(connection, before, asked.limit + 1)
    return answer(200, page(asked, found, lambda template: (template.created,), _shown))


@get("/book/templates/{template_id:str}", summary="Show a template of a guild", answers={200: GuildTemplate})
async def show(request: Asked) -> Response[bytes]:
    """Return a template with what it holds."""
    await bot_of(request, None)
    name = word_in_path(request, "template_id", TEMPLATE.context)
    async with parts_of(request).pool.connection() as connection:
        found = await template_by_id(connection, name)
    if found is None:
        raise UnknownError(TEMPLATE.context, name)
    return answer(200, _shown(found, await template_data(parts_of(request), found.guild, found.at)))


def _shown(found: TemplateFound, data: TemplateData | None = None) -> GuildTemplate:
    return GuildTemplate(
        id=found.id,
        name=found.name,
        description=found.description,
        creator_id=str(found.creator),
        source_guild_id=str(found.guild),
        usage_count=found.usage_count,
        bots=tuple(map(str, found.bots)),
        created_at=found.created_at.astimezone(UTC),
        data=data,
    )


@delete(
    "/book/templates/{template_id:str}",
    summary="Withdraw a template of a guild",
    query={"user_id": ID},
    answers={204: None},
)
async def withdraw(request: Asked) -> Response[bytes]:
    """Withdraw a template for its creator; the mappings of its loads stay."""
    bot, user = await bot_of(request, SCOPE), snowflake_needed(request, "user_id")
    name = word_in_path(request, "template_id", TEMPLATE.context)
    written = await write(request, bot.actor, withdraw_template, template=name, user=user)
    return answer(204, headers=written.headers())


ROUTES = (publish, listed, show, withdraw)
