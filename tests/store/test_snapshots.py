"""What a guild held at a position of a real log: later changes change nothing of it, and a load makes it anew."""

import pytest

from domain.guilds.aggregate import CHANNEL, ROLE, Ban
from domain.guilds.commands import report_bans, report_guild
from domain.guilds.events import Overwrite
from domain.guilds.reports import BanReport, ChannelReport, GuildReport, RoleReport
from domain.loads.aggregate import Load
from domain.processes.advance_load import advance_load
from domain.processes.snapshot import Snapshot
from domain.processes.start_load import LoadAsk, start_load
from domain.processes.take_backup import take_backup
from store import past
from store.event_store import EventStore
from store.snapshots import snapshot_at
from tests.books import ORIGIN, opened

SOURCE, TARGET, OWNER, BOT = 1000, 2000, 7, 30
ROLES = [RoleReport(id=SOURCE, name="@everyone"), *(RoleReport(id=1001 + n, name=f"role {n}") for n in range(7))]
CHANNELS = [
    ChannelReport(id=1100, kind=4, name="info"),
    *(
        ChannelReport(id=1101 + n, kind=0, name=f"hall {n}", parent=1100, overwrites=(Overwrite(1001 + n, 0, 1),))
        for n in range(7)
    ),
]


async def report(store: EventStore, guild: int, roles: list[RoleReport], channels: list[ChannelReport]) -> int:
    told = GuildReport(id=guild, owner=OWNER, name=f"guild {guild}")
    return (await store.execute(ORIGIN, report_guild, report=told, roles=roles, channels=channels, bot=BOT)).position


async def taken(store: EventStore, at: int) -> Snapshot:
    snapshot = await snapshot_at(store, SOURCE, at)
    assert snapshot
    return snapshot


async def test_a_guild_is_as_it_was_whatever_happened_since(database_url: str) -> None:
    async with opened(database_url) as store:
        await report(store, SOURCE, ROLES, CHANNELS)
        bans = [BanReport(id=10, reason="spam"), BanReport(id=9)]
        at = (await store.execute(ORIGIN, report_bans, guild=SOURCE, bans=bans)).position
        before = await taken(store, at)
        await store.execute(ORIGIN, report_bans, guild=SOURCE, bans=[BanReport(id=11)], gone=[9])
        await report(store, SOURCE, ROLES[:3], CHANNELS[:1])
        assert await taken(store, at) == before
        now = await taken(store, at + 100)
    assert [role.id for role in before.roles] == [role.id for role in ROLES]
    assert [channel.id for channel in before.channels] == [channel.id for channel in CHANNELS]
    assert before.bans == (Ban(9), Ban(10, "spam"))
    assert (len(now.roles), len(now.channels), [ban.id for ban in now.bans]) == (3, 1, [10, 11])
    assert now.digest() != before.digest()


async def test_there_was_nothing_of_a_guild_before_it_was_known(database_url: str) -> None:
    async with opened(database_url) as store:
        await report(store, SOURCE, ROLES, CHANNELS)
        assert await snapshot_at(store, SOURCE, 0) is None
        assert await snapshot_at(store, TARGET, 100) is None


async def started(store: EventStore, at: int) -> Load:
    snapshot = await taken(store, at)
    await store.execute(ORIGIN, take_backup, backup="b", snapshot=snapshot, at=at, user=OWNER)
    asked = LoadAsk(load="ld_1", type="backup", backup="b", target=TARGET, user=OWNER)
    planned = await store.preview(start_load, asked=asked, snapshot=snapshot)
    load = (await store.execute(ORIGIN, start_load, asked=asked, snapshot=snapshot)).value
    assert planned == load
    return load


@pytest.mark.parametrize("size", [3, 25])
async def test_a_load_makes_of_the_target_what_the_source_was_when_its_backup_was_taken(
    database_url: str, size: int
) -> None:
    async with opened(database_url) as store:
        await report(store, TARGET, [RoleReport(id=TARGET, name="@everyone")], [])
        at = await report(store, SOURCE, ROLES, CHANNELS)
        load = await started(store, at)
        await report(store, SOURCE, ROLES[:1], [])
        snapshot, ids, ended = await taken(store, at), iter(range(3000, 9000)), False
        while not ended:
            new_ids = [next(ids) for _ in range(size)]
            ended = (await store.execute(ORIGIN, advance_load, load=load.id, snapshot=snapshot, new_ids=new_ids)).value
        roles = await past.states_about_at(store, ROLE, 10_000, "guilds-guild-2000")
        channels = await past.states_about_at(store, CHANNEL, 10_000, "guilds-guild-2000")
    by_name = {role.name: role.id for role in roles}
    assert by_name.keys() == {role.name for role in ROLES}
    info = next(channel for channel in channels if channel.kind == 4)
    halls = {channel.name: (channel.parent, channel.overwrites) for channel in channels if channel.kind == 0}
    assert halls == {f"hall {n}": (info.id, (Overwrite(by_name[f"role {n}"], 0, 1),)) for n in range(7)}
