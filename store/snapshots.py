"""What a guild held at a position of the log: the content of backups and templates, which store none."""

from domain.guilds.aggregate import BAN, CHANNEL, GUILD, ROLE
from domain.processes.snapshot import Snapshot
from domain.settings.aggregate import ROW
from domain.settings.events import RowCreated, RowDeleted
from store import past
from store.event_store import EventStore


async def snapshot_at(store: EventStore, guild: int, position: int) -> Snapshot | None:
    """Return a guild as it was, None when it was not known then. The log is never rewritten, so it stays the same."""
    known = await past.state_at(store, GUILD, position, guild)
    if known is None:
        return None
    stream = GUILD.stream(guild)
    roles = await past.states_about_at(store, ROLE, position, stream)
    channels = await past.states_about_at(store, CHANNEL, position, stream)
    bans = await past.states_below_at(store, BAN, position, guild)
    return Snapshot(
        guild=known,
        roles=tuple(sorted(roles, key=lambda role: role.id)),
        channels=tuple(sorted(channels, key=lambda channel: channel.id)),
        bans=tuple(sorted(bans, key=lambda ban: ban.id)),
        rows=await past.count_at(store, ROW, position, RowCreated, RowDeleted, guild),
    )
