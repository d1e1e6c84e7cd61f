"""Feeds the registry with a whole guild: roles and channels in one command, members and bans in chunks.

Query tables only tell who is worth a look; whatever seems new is decided from the streams. So a guild of very many
members is neither one giant append nor read whole from the log, and what is sent twice says nothing the second time.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from api.book.auth import Bot
from api.book.errors import ProblemError
from api.book.guild_reports import Whole
from api.parts import Asked, parts_of
from api.writing import record
from domain.guilds import decisions
from domain.guilds.commands import report_bans, report_guild, report_members
from domain.guilds.reports import BanReport, MemberReport
from projections.guilds.queries import bans_of, member_ids, members_of
from store.event_store import Outcome

T = TypeVar("T")
R = TypeVar("R", MemberReport, BanReport)

CHUNK = 1_000  # people in one append: others append in between, and nobody waits for long
CATCH_UP_SECONDS_MAX = 30  # how long query tables may take to show what was there before the report
RETRY = {"Retry-After": "1"}
BEHIND = "Reads are too far behind the log to know who is not listed; try again."


class Feed:
    """One report on its way into the log, in several commands, each of which stands for itself."""

    def __init__(self, request: Asked, bot: Bot, guild: int) -> None:
        self._request = request
        self._parts = parts_of(request)
        self._bot = bot
        self._guild = guild
        self._events = 0
        self._position = 0
        self._fresh = False

    async def whole(self, whole: Whole) -> Outcome[int]:
        """Take in a whole guild and return how much was new. Errors: ProblemError when reads do not catch up."""
        if whole.members is not None or whole.bans is not None:
            await self._catch_up(needed=whole.members_complete or whole.bans is not None)
        report = {"report": whole.guild, "roles": whole.roles, "channels": whole.channels}
        await self._record(report_guild, **report, bot=self._bot.app)
        if whole.members is not None:
            await self._members(whole.members, complete=whole.members_complete)
        if whole.bans is not None:
            await self._bans(whole.bans)
        return Outcome(self._events, self._position)

    async def _catch_up(self, *, needed: bool) -> None:
        self._position = await self._parts.head()
        self._fresh = await self._parts.freshness.wait(self._position, CATCH_UP_SECONDS_MAX)
        if needed and not self._fresh:
            raise ProblemError(503, BEHIND, RETRY)

    async def _record(self, command: Callable[..., Awaitable[int]], **kwargs: Any) -> None:  # noqa: ANN401
        outcome = await record(self._request, self._bot.actor, command, **kwargs)
        self._events += outcome.value
        self._position = max(self._position, outcome.position)

    async def _members(self, members: Sequence[MemberReport], *, complete: bool) -> None:
        for chunk in _chunks(members):
            news = await self._news(chunk) if self._fresh else chunk
            if news:
                await self._record(report_members, guild=self._guild, members=news)
        if complete:
            async with self._parts.pool.connection() as connection:
                known = await member_ids(connection, self._guild)
            listed = {self._bot.app, *(member.id for member in members)}
            for gone in _chunks([user for user in known if user not in listed]):
                await self._record(report_members, guild=self._guild, gone=gone)

    async def _news(self, members: Sequence[MemberReport]) -> list[MemberReport]:
        async with self._parts.pool.connection() as connection:
            known = await members_of(connection, self._guild, [member.id for member in members])
        return _new(self._guild, known, members, decisions.report_member)

    async def _bans(self, bans: Sequence[BanReport]) -> None:
        async with self._parts.pool.connection() as connection:
            known = await bans_of(connection, self._guild)
        for chunk in _chunks(_new(self._guild, known, bans, decisions.report_ban)):
            await self._record(report_bans, guild=self._guild, bans=chunk)
        listed = {ban.id for ban in bans}
        for gone in _chunks([user for user in known if user not in listed]):
            await self._record(report_bans, guild=self._guild, gone=gone)


def _new(
    guild: int, known: Mapping[int, Any], reports: Sequence[R], decide: Callable[[int, Any, Any], Sequence[object]]
) -> list[R]:
    return [report for report in reports if decide(guild, known.get(report.id), report)]


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
