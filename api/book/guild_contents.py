"""What backups and templates hold, as this surface shows it: what the log says of a guild up to a position."""

from collections.abc import Iterable, Sequence
from typing import Any

from api.book.guild_shapes import shown_ban, shown_channel, shown_guild, shown_role
from api.parts import Parts
from api.templates import parsed
from domain.processes.snapshot import Snapshot
from domain.settings.aggregate import ROW, Row
from projections.settings.queries import templates_by_name
from schemas.backups import BackupData, GuildProperties, StoredRow, TemplateData
from store import past
from store.snapshots import snapshot_at

Secrets = dict[tuple[str, str], frozenset[str]]


async def backup_data(parts: Parts, guild: int, at: int) -> BackupData | None:
    """Return a guild with its roles, channels, bans and rows of settings as it was at a position."""
    snapshot = await snapshot_at(parts.store, guild, at)
    if snapshot is None:
        return None
    rows = await past.states_below_at(parts.store, ROW, at, guild)
    secrets = await _secrets(parts, {row.template for row in rows})
    return BackupData(
        **_shown(snapshot),
        bans=tuple(map(shown_ban, snapshot.bans)),
        rows=tuple(_shown_rows(rows, secrets)),
    )


async def template_data(parts: Parts, guild: int, at: int) -> TemplateData | None:
    """Return a guild with its roles and channels as it was at a position."""
    snapshot = await snapshot_at(parts.store, guild, at)
    return None if snapshot is None else TemplateData(**_shown(snapshot))


def _shown(snapshot: Snapshot) -> dict[str, Any]:
    guild = shown_guild(snapshot.guild)
    properties = {name: getattr(guild, name) for name in GuildProperties.__struct_fields__}
    roles = sorted(snapshot.roles, key=lambda role: (role.position, role.id))
    channels = sorted(snapshot.channels, key=lambda channel: (channel.position, channel.id))
    return {**properties, "roles": tuple(map(shown_role, roles)), "channels": tuple(map(shown_channel, channels))}


async def _secrets(parts: Parts, templates: Iterable[str]) -> Secrets:
    """Return the columns that hold passwords now, by template and setting; in older events they may stand open."""
    async with parts.pool.connection() as connection:
        found = await templates_by_name(connection, sorted(templates))
    return {
        (template, setting): frozenset(column.id for column in defined.setting.columns if column.is_secret())
        for template, offered in found.items()
        for setting, defined in parsed(offered).settings.items()
    }


def _shown_rows(rows: Sequence[Row], secrets: Secrets) -> Iterable[StoredRow]:
    """Show rows without passwords; of settings that nobody offers any more nobody knows which columns hold some."""
    for row in sorted(rows, key=lambda row: (row.template, row.setting, row.stream())):
        hidden = secrets.get((row.template, row.setting))
        if hidden is not None:
            fields = {name: value for name, value in row.fields.items() if name not in hidden}
            yield StoredRow(row.template, row.setting, row.key, fields)
