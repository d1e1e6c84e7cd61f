"""Guilds on a database to load from and into, and what can be compared of them: all but their ids."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from domain.guilds.aggregate import GUILD, Channel
from domain.guilds.commands import apply_changes, report_guild
from domain.guilds.events import Overwrite
from domain.guilds.reports import BanReport, ChannelReport, GuildReport, RoleReport
from domain.loads.aggregate import LOAD, Load
from domain.processes.start_load import LoadAsk, start_load
from domain.processes.take_backup import take_backup
from schemas.settings import Settings
from store import log
from store.connections import pool
from store.event_store import EventStore
from store.keys import Keyring
from store.snapshots import snapshot_at
from tests.books import KEY, ORIGIN, until
from tests.fake_discord_guilds import FakeGuild
from tests.fake_discord_rest import FakeDiscordRest
from workers.loader.worker import LoaderWorker

SOURCE, TARGET = 920_000_000_000_000_000, 930_000_000_000_000_000
OWNER, BOT = 7, 30
BACKUP = "4k1vqx09zt"
CATEGORY, TEXT, VOICE = 4, 0, 2
Shape = dict[str, list[Any]]


async def make_source(
    store: EventStore,
    *,
    roles: int = 3,
    channels: int = 4,
    bans: int = 2,
    guild: int = SOURCE,
    icon: str | None = None,
) -> None:
    """Report a guild with roles, channels in categories that allow things to the roles, and bans."""
    own = [
        RoleReport(
            id=guild + 1 + n, name=f"role {n}", position=n + 1, permissions=1 << n % 40, color=n, hoist=n % 2 == 0
        )
        for n in range(roles)
    ]
    halls = [ChannelReport(id=guild + 2000 + n, kind=CATEGORY, name=f"hall {n}", position=n) for n in range(2)]
    rooms = [
        ChannelReport(
            id=guild + 3000 + n,
            kind=VOICE if n % 3 == 2 else TEXT,
            name=f"room-{n}",
            position=n,
            parent=None if n % 4 == 3 else guild + 2000 + n % 2,
            topic=f"of {n}",
            overwrites=(Overwrite(guild, 0, deny=1024), Overwrite(guild + 1 + n % max(roles, 1), 0, allow=1024)),
        )
        for n in range(channels)
    ]
    system_channel = rooms[0].id if rooms else None
    report = GuildReport(id=guild, owner=OWNER, name="Azores", icon=icon, system_channel=system_channel)
    everyone = RoleReport(id=guild, name="@everyone", permissions=64)
    await store.execute(ORIGIN, report_guild, report=report, roles=[everyone, *own], channels=[*halls, *rooms], bot=BOT)
    banned = [BanReport(id=5000 + n, reason=f"spam {n}") for n in range(bans)]
    await store.execute(ORIGIN, apply_changes, guild=guild, changes=banned)


async def make_target(store: EventStore, *, guild: int = TARGET, roles: int = 2, channels: int = 3) -> None:
    """Report a guild of the same owner with something else in it."""
    everyone = RoleReport(id=guild, name="@everyone")
    own = [RoleReport(id=guild + 1 + n, name=f"old {n}", position=n + 1) for n in range(roles)]
    rooms = [ChannelReport(id=guild + 3000 + n, kind=TEXT, name=f"old-{n}", position=n) for n in range(channels)]
    report = GuildReport(id=guild, owner=OWNER, name="Madeira", icon=None)
    await store.execute(ORIGIN, report_guild, report=report, roles=[everyone, *own], channels=rooms, bot=BOT)


async def back_up(store: EventStore, guild: int = SOURCE, backup: str = BACKUP) -> None:
    """Take a backup of a guild as it is now."""
    async with store.pool.connection() as connection:
        at = await log.head(connection)
    snapshot = await snapshot_at(store, guild, at)
    await store.execute(ORIGIN, take_backup, backup=backup, snapshot=snapshot, at=at, user=OWNER)


async def ask_for_load(store: EventStore, load: str = "ld_1", target: int = TARGET, **more: Any) -> Load:  # noqa: ANN401
    """Start a load of the backup, as its creator."""
    asked = LoadAsk(load=load, type="backup", backup=BACKUP, target=target, user=OWNER)
    asked = msgspec.structs.replace(asked, **{"gateway": "registry", **more})
    async with store.pool.connection() as connection:
        head = await log.head(connection)
    snapshot = await snapshot_at(store, SOURCE, head)
    return (await store.execute(ORIGIN, start_load, asked=asked, snapshot=snapshot)).value


async def load_of(store: EventStore, name: str = "ld_1") -> Load:
    """Return a load as it is now."""
    load = (await store.load(LOAD, LOAD.stream(name))).state
    assert load is not None
    return load


async def ended(store: EventStore, name: str = "ld_1", seconds: float = 20) -> Load:
    """Return a load when it has ended."""

    async def has_ended() -> bool:
        return (await load_of(store, name)).outcome is not None

    await until(has_ended, seconds)
    return await load_of(store, name)


@asynccontextmanager
async def loading(
    url: str, settings: Settings | None = None, lease_seconds: float = 0.0
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a loader beside the test; what ends it early fails the test."""
    async with pool(url) as connections:
        loader = LoaderWorker(url, Keyring(connections, KEY), settings or Settings(), lease_seconds=lease_seconds)
        task = asyncio.create_task(loader.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def shape_of(store: EventStore, guild: int) -> Shape:
    """Return what a guild is like, ids aside: they are replaced by what they are of."""
    stream = GUILD.stream(guild)
    async with store.pool.connection() as connection:
        head = await log.head(connection)
    found = await snapshot_at(store, guild, head)
    assert found, stream
    names = {guild: "@everyone", **{each.id: each.name for each in (*found.roles, *found.channels)}}
    return shape_from(found.roles, found.channels, names) | {
        "bans": sorted((ban.id, ban.reason) for ban in found.bans),
        "guild": [found.guild.name, names.get(found.guild.system_channel or 0)],
    }


def shape_from(roles: Any, channels: Any, names: dict[int, str]) -> Shape:  # noqa: ANN401
    """Return roles and channels without ids."""
    return {
        "roles": sorted((r.name, r.position, r.permissions, r.color, r.hoist, r.managed) for r in roles),
        "channels": sorted(
            (c.name, c.kind, c.position, names.get(c.parent or 0, ""), c.topic or "", _overwrites(c, names))
            for c in channels
        ),
    }


def _overwrites(channel: Channel, names: dict[int, str]) -> list[Any]:
    return sorted((names.get(each.id, ""), each.kind, each.allow, each.deny) for each in channel.overwrites)


def at_discord(discord: FakeDiscordRest, guild: int, roles: int = 2, channels: int = 3) -> FakeGuild:
    """Add to Discord what `make_target` says of it."""
    found = discord.guild(guild, OWNER)
    for n in range(roles):
        found.add_role(f"old {n}", number=guild + 1 + n, position=n + 1)
    for n in range(channels):
        found.add_channel(f"old-{n}", number=guild + 3000 + n, position=n)
    return found
