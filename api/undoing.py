"""Puts a row back to how it stood at a position of the log, for every surface that offers it."""

import uuid
from datetime import UTC, datetime

from api.executing import GuildWithoutBotError, offered
from api.parts import Asked, Parts, parts_of
from api.row_history import row_at
from api.writing import Written, write
from domain.permissions import Actor
from domain.processes.setting_case import Ask, Done
from domain.processes.undo_row import undo_row
from domain.settings.aggregate import set_stream
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject
from projections.settings.queries import row_ids_in_order


class NoSuchRowError(Exception):
    """There never was such a row."""

    def __str__(self) -> str:
        return self.__doc__ or ""


async def setting_of(parts: Parts, guild: int, template: str, setting: str) -> Defined | None:
    """Return a setting as a template defines it for a guild, None when the guild is not offered such a thing."""
    try:
        templates = await offered(parts, guild)
    except GuildWithoutBotError:
        return None
    return next((it.settings.get(setting) for it in templates if it.name == template), None)


async def undo(
    request: Asked,
    defined: Defined,
    *,
    guild: int,
    key: JsonObject,
    position: int,
    user: int,
    actor: Actor,
    if_match: str | None = None,
) -> Written[Done]:
    """Bring the row of this key back: by a Create, an Update or a Delete, under their rules.

    Errors: NoSuchRowError, SettingRefusedError, SettingUnknownError, PreconditionFailedError.
    """
    parts, setting = parts_of(request), defined.setting.id
    existed, earlier = await row_at(parts, guild, defined, key, position)
    if not existed:
        raise NoSuchRowError
    ask = Ask(
        guild=guild,
        template=defined.template,
        setting=setting,
        operation="",
        fields={},
        actor=actor,
        user=user,
        now=datetime.now(UTC),
        operation_id=str(uuid.uuid4()),
        if_match=if_match,
        sets=(set_stream(guild, defined.template, setting),),
        order=await _order(parts, guild, defined),
        primary_bot=parts.settings.antiraid_client_id or None,
    )
    return await write(request, actor, undo_row, ask, key=key, earlier=earlier)


async def _order(parts: Parts, guild: int, defined: Defined) -> tuple[str, ...]:
    if defined.setting.index_by is None:
        return ()
    async with parts.pool.connection() as connection:
        found = await row_ids_in_order(connection, guild, defined.setting.id, [defined.template])
    return found.get(defined.template, ())
