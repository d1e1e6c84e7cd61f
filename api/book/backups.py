"""Backups of guilds: bots take them for users, read them back and delete them."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response

from api import loading
from api.book.auth import Bot, bot_of, require_guild
from api.book.errors import answer
from api.book.forms import Faults, read_object, snowflake_in_query, snowflake_needed, word_in_path
from api.book.guild_contents import backup_data
from api.book.pages import PAGING, page, paging
from api.book.routes import ID, delete, get, post
from api.book.strict import read_fields
from api.parts import Asked, Parts, parts_of
from api.writing import write
from domain.backups.aggregate import BACKUP
from domain.backups.aggregate import Backup as Taken
from domain.backups.commands import delete_backup
from domain.kernel import UnknownError
from projections.backups.queries import BackupFound, backup_by_id, backups_before
from schemas.backups import Backup, BackupCounts, BackupData, NewBackup
from schemas.book import BIGINT_MAX, Items

SCOPE = "backups:write"


@post("/book/backups", summary="Back a guild up", body=NewBackup, answers={201: Backup}, refusals=(404,))
async def take(request: Asked) -> Response[bytes]:
    """Take a backup of a guild as it is now, for its owner or an administrator."""
    bot = await bot_of(request, SCOPE)
    wanted = _read_new(await read_object(request))
    require_guild(bot, wanted["guild_id"])
    written = await loading.take(request, bot.actor, wanted["guild_id"], wanted["user_id"], wanted["name"])
    assert written.recorded_at is not None
    return answer(201, _shown_new(written.value, written.recorded_at), written.headers())


def _read_new(body: dict[str, Any]) -> dict[str, Any]:
    faults = Faults()
    wanted = read_fields(faults, body, NewBackup)
    faults.check()
    return wanted


def _shown_new(taken: Taken, at: datetime) -> Backup:
    counts = BackupCounts(taken.counts.roles, taken.counts.channels, taken.counts.bans, taken.counts.rows)
    return Backup(
        id=taken.id,
        guild_id=str(taken.guild),
        creator_id=str(taken.creator),
        name=taken.name,
        created_at=at.astimezone(UTC),
        position=taken.at,
        counts=counts,
    )


@get(
    "/book/backups",
    summary="List backups",
    query={"guild_id": ID, "creator": ID, **PAGING},
    answers={200: Items[Backup]},
)
async def listed(request: Asked) -> Response[bytes]:
    """Return the backups of the guilds that the token is good for, newest first, without what they hold."""
    bot, asked = await bot_of(request, None), paging(request, int)
    guild, creator = snowflake_in_query(request, "guild_id"), snowflake_in_query(request, "creator")
    before = int(asked.after[0]) if asked.after else BIGINT_MAX
    among = None if bot.guilds is None else [each for each in bot.guilds if each <= BIGINT_MAX]
    async with parts_of(request).pool.connection() as connection:
        found = await backups_before(connection, before, asked.limit + 1, guild=guild, creator=creator, among=among)
    return answer(200, page(asked, found, lambda backup: (backup.created,), _shown))


@get("/book/backups/{backup_id:str}", summary="Show a backup", answers={200: Backup})
async def show(request: Asked) -> Response[bytes]:
    """Return a backup, and to whom may take some also what it holds; its id in any case."""
    bot = await bot_of(request, None)
    found = await _found(request, bot)
    data = await backup_data(parts_of(request), found.guild, found.at) if bot.may(SCOPE) else None
    return answer(200, _shown(found, data))


async def _found(request: Asked, bot: Bot) -> BackupFound:
    """Return the backup that the path names. Errors: UnknownError."""
    name = word_in_path(request, "backup_id", BACKUP.context)
    async with parts_of(request).pool.connection() as connection:
        found = await backup_by_id(connection, name)
    if found is None or not bot.reaches(found.guild):
        raise UnknownError(BACKUP.context, name)
    return found


def _shown(found: BackupFound, data: BackupData | None = None) -> Backup:
    return Backup(
        id=found.id,
        guild_id=str(found.guild),
        creator_id=str(found.creator),
        name=found.name,
        created_at=found.created_at.astimezone(UTC),
        position=found.at,
        counts=BackupCounts(found.roles, found.channels, found.bans, found.rows),
        data=data,
    )


@delete("/book/backups/{backup_id:str}", summary="Delete a backup", query={"user_id": ID}, answers={204: None})
async def remove(request: Asked) -> Response[bytes]:
    """Delete a backup for its creator; the mappings of its loads stay."""
    bot, user = await bot_of(request, SCOPE), snowflake_needed(request, "user_id")
    name = word_in_path(request, "backup_id", BACKUP.context)
    backup = await backup_named(parts_of(request), bot, name)
    if backup is None:
        raise UnknownError(BACKUP.context, name)
    written = await write(request, bot.actor, delete_backup, backup=backup.id, user=user)
    return answer(204, headers=written.headers())


async def backup_named(parts: Parts, bot: Bot, text: str) -> Taken | None:
    """Return a backup by its id in any case, None when there is none as far as the token is good."""
    backup = await parts.store.peek(BACKUP, text.lower())
    return backup if backup and bot.reaches(backup.guild) else None


ROUTES = (take, listed, show, remove)
