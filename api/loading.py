"""Takes backups, for every surface that offers it, and starts loads."""

from collections.abc import Mapping
from typing import Any

import msgspec

from api.new_ids import backup_id, load_id, under_new_id
from api.parts import Asked, Parts, parts_of
from api.targets import seen_at_discord
from api.writing import Written, write
from domain.backups.aggregate import BACKUP, Backup, BackupIdTakenError
from domain.guilds.aggregate import GUILD
from domain.kernel import UnknownError
from domain.loads.aggregate import Load, LoadIdTakenError
from domain.permissions import Actor
from domain.processes.plan_load import Target
from domain.processes.snapshot import Snapshot
from domain.processes.start_load import LoadAsk, start_load
from domain.processes.take_backup import take_backup
from domain.templates.aggregate import TEMPLATE, Template
from projections.mappers.queries import pairs_of
from store.snapshots import snapshot_at


class Contents(msgspec.Struct, frozen=True):
    """What a backup or template holds; `earlier`: what earlier loads made of its ids in the target.

    `there`: what Discord says is in the target, None when the registry says it.
    """

    snapshot: Snapshot
    earlier: Mapping[str, str]
    there: Target | None


async def take(request: Asked, actor: Actor, guild: int, user: int, name: str | None) -> Written[Backup]:
    """Take a backup of a guild as it is now. Errors: UnknownError, NotAdministratorError, TooManyBackupsError."""
    return await under_new_id(
        backup_id, BackupIdTakenError, lambda new: _take(request, actor, new, guild=guild, user=user, name=name)
    )


async def _take(request: Asked, actor: Actor, new: str, *, guild: int, user: int, name: str | None) -> Written[Backup]:
    parts = parts_of(request)
    at = await parts.head()
    snapshot = await snapshot_at(parts.store, guild, at)
    if snapshot is None:
        raise UnknownError(GUILD.context, guild)
    limit = parts.settings.backups_of_a_creator_max
    wanted = {"backup": new, "snapshot": snapshot, "at": at, "user": user, "name": name, "limit": limit}
    return await write(request, actor, take_backup, **wanted)


async def contents_of(parts: Parts, ask: LoadAsk) -> Contents:
    """Return what is to be loaded. Errors: UnknownError, NotAdministratorError, DiscordUnreachableError."""
    loaded = await _loaded(parts, ask)
    snapshot = await snapshot_at(parts.store, loaded.guild, loaded.at)
    if snapshot is None:
        raise UnknownError(GUILD.context, loaded.guild)
    bans = [ban.id for ban in snapshot.bans] if ask.options.bans else []
    there = await seen_at_discord(parts, ask.target, ask.user, bans) if ask.gateway == "discord" else None
    async with parts.pool.connection() as connection:
        return Contents(snapshot, await pairs_of(connection, ask.target, loaded.guild), there)


async def _loaded(parts: Parts, ask: LoadAsk) -> Backup | Template:
    if ask.type == "backup":
        entity, name, found = BACKUP, ask.backup, await parts.store.peek(BACKUP, ask.backup)
    else:
        entity, name, found = TEMPLATE, ask.template, await parts.store.peek(TEMPLATE, ask.template)
    if found is None:
        raise UnknownError(entity.context, name)
    return found


async def planned(parts: Parts, ask: LoadAsk, contents: Contents) -> Load:
    """Return the load as it would be started, refused if another one runs. Errors: those of `start_load`."""
    return await parts.store.preview(start_load, **_asked(ask, load_id(), contents))


async def start(request: Asked, actor: Actor, ask: LoadAsk, contents: Contents | None) -> Written[Load]:
    """Start a load, or have it refused while another one runs; an external one has no contents.

    Errors: those of `start_load`.
    """

    async def start_as(new: str) -> Written[Load]:
        return await write(request, actor, start_load, **_asked(ask, new, contents))

    return await under_new_id(load_id, LoadIdTakenError, start_as)


def _asked(ask: LoadAsk, new: str, contents: Contents | None) -> dict[str, Any]:
    if contents is None:
        return {"asked": msgspec.structs.replace(ask, load=new)}
    earlier, there = contents.earlier, contents.there
    asked = msgspec.structs.replace(ask, load=new, earlier=earlier, there=there, is_vouched=there is not None)
    return {"asked": asked, "snapshot": contents.snapshot}
