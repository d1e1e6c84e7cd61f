"""What a restore of settings rests on, on every surface: the mapping as it is, and the restores that there were."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from api.parts import Parts
from api.templates import Offered
from domain.guilds.aggregate import GUILD
from domain.permissions import Actor
from domain.processes.restore_settings import Restoring, SettingName
from domain.settings.events import RestoreUndone, SettingsRestored
from domain.settings.restores import RESTORE
from projections.guilds.queries import bots_in
from projections.mappers.queries import mapper_of
from schemas.loads import Mapper
from store import log

CATCH_UP_SECONDS_MAX = 30  # how long query tables may take to show the mapping as it is
BEYOND = 2**63 - 1  # no event is there

_mapper = msgspec.json.Decoder(Mapper)


class MappingUnknownError(Exception):
    """Nothing was ever loaded from that guild into this one."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class ReadsBehindError(Exception):
    """Reads are too far behind the log to know what has become of the ids; try again."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Origin(msgspec.Struct, frozen=True):
    """Where rows come from: a guild, as it was at a position."""

    guild: int
    at: int
    backup: str | None = None


class Earlier(msgspec.Struct, frozen=True):
    """A restore that wrote something."""

    event: SettingsRestored
    at: datetime
    is_undone: bool


async def restoring_of(
    parts: Parts, origin: Origin, target: int, *, actor: Actor, user: int | None, overwrites: bool
) -> Restoring:
    """Return a restore with the mapping as it is now. Errors: MappingUnknownError, ReadsBehindError."""
    if not await parts.freshness.wait(await parts.head(), CATCH_UP_SECONDS_MAX):
        raise ReadsBehindError
    async with parts.pool.connection() as connection:
        found = await mapper_of(connection, target, str(origin.guild))
        bots = await bots_in(connection, origin.guild)
    if found is None:
        raise MappingUnknownError
    mapper = _mapper.decode(found.document)
    return Restoring(
        id=str(uuid.uuid4()),
        source=origin.guild,
        target=target,
        at=origin.at,
        ids=mapper.ids,
        mapping=mapper.position,
        actor=actor,
        user=user,
        now=datetime.now(UTC),
        overwrites=overwrites,
        backup=origin.backup,
        source_bots=tuple(bots),
        primary_bot=parts.settings.antiraid_client_id or None,
    )


def settings_in(templates: Sequence[Offered]) -> list[SettingName]:
    """Return the settings of these templates, also of those that are broken at the moment."""
    return [(it.name, setting) for it in templates for setting in (it.settings or sorted(it.ids))]


async def restores_into(parts: Parts, guild: int, limit: int) -> list[Earlier]:
    """Return the restores that wrote something in a guild, newest first."""
    async with parts.pool.connection() as connection:
        _, streams = await log.streams_about(connection, GUILD.stream(guild), RESTORE.prefix())
        recorded = await log.read_back(connection, parts.store.keyring, streams, BEYOND)
    undone = {it.event.undone for it in recorded if isinstance(it.event, RestoreUndone)}
    told = [
        Earlier(it.event, it.recorded_at, it.event.restore in undone)
        for it in recorded
        if isinstance(it.event, SettingsRestored)
    ]
    return told[::-1][:limit]
