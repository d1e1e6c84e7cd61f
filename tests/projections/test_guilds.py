"""Guilds as rows: what the streams say, however it was cut into batches, and the same again after a rebuild."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.guilds.aggregate import BAN, CHANNEL, GUILD, MEMBER, ROLE
from domain.guilds.commands import apply_changes, report_guild
from domain.guilds.events import Overwrite
from domain.guilds.reports import (
    BanGone,
    BanReport,
    Change,
    ChannelGone,
    ChannelReport,
    GuildReport,
    MemberGone,
    MemberReport,
    RoleGone,
    RoleReport,
)
from domain.kernel import Entity
from projections import checkpoints
from projections.guilds import queries
from projections.guilds.projector import PROJECTOR as GUILDS
from projections.rebuild import create_tables, rebuild
from projections.runtime import Group
from store.connections import connect
from store.event_store import EventStore
from tests.books import ORIGIN, dump, opened, projecting, shown
from tests.conftest import cloned

ONLY = (GUILDS,)
LAST = 2**63 - 1
TEXTS = ["Inês", "", 'a "quoted" name', "tab\tand\nline", "\\N {NULL}", "🏅", "\u2028", "NULL", "{}"]
BOT = 77


class Hearsay:
    """One change after another, from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def _text(self) -> str:
        return self._random.choice(TEXTS)

    def _maybe(self) -> str | None:
        return self._random.choice([None, self._text()])

    def _id(self) -> int:
        return self._random.choice([2, 3, 4, 5, LAST])

    def _bits(self) -> int:
        return self._random.choice([0, 8, 1 << 50, LAST])

    def _overwrites(self) -> tuple[Overwrite, ...]:
        ids = self._random.sample([2, 3, 4, 5, LAST], self._random.randint(0, 3))
        return tuple(Overwrite(each, self._random.randint(0, 1), self._bits(), self._bits()) for each in ids)

    def change(self) -> Change:
        """Return something that happened, or did not."""
        roles = tuple(self._random.sample([1, 2, 3, 4, LAST], 2))
        many = {"username": self._text(), "avatar": self._maybe(), "nick": self._maybe(), "roles": roles}
        changes: list[Change] = [
            GuildReport(id=1, owner=self._id(), name=self._text(), icon=self._maybe(), features=(self._text(),)),
            RoleReport(id=self._id(), name=self._text(), permissions=self._bits(), hoist=self._random.random() < 0.5),
            RoleGone(self._id()),
            ChannelReport(id=self._id(), kind=0, name=self._text(), topic=self._maybe(), overwrites=self._overwrites()),
            ChannelReport(id=self._id(), kind=0, name=self._text(), parent=self._id(), overwrites=self._overwrites()),
            ChannelGone(self._id()),
            MemberReport(id=self._id(), **many),
            MemberReport(id=self._id(), joined_at=self._maybe()),
            MemberGone(self._id()),
            BanReport(id=self._id(), reason=self._maybe()),
            BanGone(self._id()),
        ]
        return self._random.choice(changes)


async def begin(store: EventStore) -> None:
    """Make a guild known."""
    roles = (RoleReport(id=1, name="@everyone", permissions=1024),)
    report = GuildReport(id=1, owner=2, name="Azores")
    await store.execute(ORIGIN, report_guild, report=report, roles=roles, channels=(), bot=BOT)


async def change(store: EventStore, *changes: Change) -> None:
    await store.execute(ORIGIN, apply_changes, guild=1, changes=changes)


@settings(max_examples=7, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=6))
async def test_tables_hold_what_the_streams_say(server_url: str, template: str, seed: int, cuts: list[int]) -> None:
    hearsay = Hearsay(seed)
    with cloned(server_url, template) as url:
        async with opened(url) as store:
            await begin(store)
            for _ in range(40):
                await change(store, *(hearsay.change() for _ in range(5)))
            await project_in_batches(url, store, cuts)
            await compare(url, store)
            rows = dump(url, ONLY)
            assert await rebuild(url, store.keyring, ONLY) == []
        assert dump(url, ONLY) == rows


async def project_in_batches(url: str, store: EventStore, cuts: list[int]) -> None:
    """Project everything, in batches of these sizes, over and over."""
    async with await connect(url) as connection:
        await create_tables(connection, ONLY)
        await checkpoints.begin(connection, GUILDS.name, 0, checkpoints.fingerprint(GUILDS))
        group = Group(ONLY, 0)
        while await group.step(connection, store.keyring, cuts[group.position % len(cuts)]):
            pass
    assert group.projectors == [GUILDS]


async def compare(url: str, store: EventStore) -> None:
    """Compare what is read from the tables with what the streams fold to."""
    async with await connect(url) as connection:
        assert await queries.guild_of(connection, 1) == (await said(store, GUILD, [()]))[0]
        assert by_id(await queries.roles_of(connection, 1)) == by_id(await said(store, ROLE))
        assert by_id(await queries.channels_of(connection, 1)) == by_id(await said(store, CHANNEL))
        assert by_id(await queries.members_after(connection, 1, -1, 99)) == by_id(await said(store, MEMBER))
        assert by_id(await queries.bans_after(connection, 1, -1, 99)) == by_id(await said(store, BAN))


async def said(store: EventStore, entity: Entity[Any], ids: list[tuple[int, ...]] | None = None) -> list[Any]:
    """Return the states of the streams."""
    streams = [entity.stream(1, *each) for each in ids or [(n,) for n in (1, 2, 3, 4, 5, LAST, BOT)]]
    states = (seen.state for seen in (await store.load_many(entity, streams)).values())
    return [state for state in states if state is not None]


def by_id(things: list[Any]) -> dict[int, Any]:
    return {thing.id: thing for thing in things}


async def test_who_is_where_and_with_what_standing(database_url: str) -> None:
    member = MemberReport(id=5, roles=(2, 99))
    async with opened(database_url) as store:
        await begin(store)
        await change(store, RoleReport(id=2, name="Mods", permissions=4), member)
        async with projecting(database_url), await connect(database_url) as connection:
            await shown(database_url)
            standing = await queries.standing_of(connection, 1, 5)
            assert standing is not None
            assert ([role.id for role in standing.roles], standing.permissions()) == ([2], 1024 | 4)
            assert await queries.standing_of(connection, 1, 6) is None
            assert await queries.standing_of(connection, 2, 5) is None
            assert await queries.guilds_with(connection, 5, [1, 2]) == {1}
            assert await queries.guilds_with(connection, 6, [1, 2]) == set()
            assert await queries.counts_of(connection, 1) == (2, 0)
            assert await queries.bots_in(connection, 1) == []  # who reported it is no bot that was registered
