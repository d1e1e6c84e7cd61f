"""A guild at Discord: reading it, and what a load does to it. No object is made twice, whatever happens to answers."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from domain.guilds.aggregate import Channel, Guild, Role
from domain.guilds.reports import GuildReport
from workers.loader.rest import Ask, InDoubtError, Pause, RefusedError, Rest, pause_after
from workers.loader.shapes import (
    Made,
    ShownChannel,
    ShownGuild,
    ShownMember,
    ShownRole,
    Someone,
    channel_body,
    guild_body,
    role_body,
)
from workers.loader.snowflakes import time_of

DOUBT_SECONDS = 0.5  # for what is still being done while its answer is lost already
CLOCKS_SECONDS_MAX = 5  # how much Discord's clock may be behind ours
NOT_FOUND = 404
UNKNOWN_GUILD, MISSING_ACCESS = 10004, 50001  # Discord's own codes

T = TypeVar("T")


class TargetLostError(Exception):
    """The target does not exist any more, or the bot is not in it."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Found(NamedTuple):
    """A guild as Discord has it now. `reach` is the position of the bot's highest role."""

    guild: Guild
    roles: dict[int, Role]
    channels: dict[int, Channel]
    reach: int


class DiscordGuild:
    """One guild, for one load that began at `since`."""

    def __init__(self, rest: Rest, guild: int, load: str, since: datetime, pause: Pause) -> None:
        self._rest = rest
        self._guild = guild
        self._path = f"/guilds/{guild}"
        self._load = load
        self._since = since - timedelta(seconds=CLOCKS_SECONDS_MAX)
        self._pause = pause

    async def read(self) -> Found:
        """Return the guild as it is. Errors: TargetLostError and those of the gateway."""
        guild = await self._get(self._path, ShownGuild)
        roles = await self._get(f"{self._path}/roles", tuple[ShownRole, ...])
        channels = await self._get(f"{self._path}/channels", tuple[ShownChannel, ...])
        bot = await self._get("/users/@me", Someone)
        member = await self._get(f"{self._path}/members/{bot.id}", ShownMember)
        reach = max((role.position for role in roles if role.id in member.roles), default=0)
        return Found(
            guild.known(),
            {role.id: role.known() for role in roles},
            {channel.id: channel.known() for channel in channels},
            10**9 if guild.owner_id == bot.id else reach,
        )

    async def find_role(self, role: Role, taken: Collection[int]) -> int | None:
        """Return a role of that name that was made since the load began and is not `taken`."""
        roles = await self._get(f"{self._path}/roles", tuple[ShownRole, ...])
        return next((r.id for r in roles if r.name == role.name and self._is_ours(r.id, taken)), None)

    async def find_channel(self, channel: Channel, taken: Collection[int]) -> int | None:
        """Return a channel of that kind and name that was made since the load began and is not `taken`."""
        channels = await self._get(f"{self._path}/channels", tuple[ShownChannel, ...])
        alike = (c.id for c in channels if c.type == channel.kind and _plain(c.name) == _plain(channel.name))
        return next((number for number in alike if self._is_ours(number, taken)), None)

    async def create_role(self, source: int, role: Role, taken: Collection[int]) -> int:
        """Make a role, and return its id."""
        make = self._asked("POST", "/roles", f"role {source}", role_body(role))
        return await self._create(make, lambda: self.find_role(role, taken))

    async def create_channel(self, source: int, channel: Channel, taken: Collection[int]) -> int:
        """Make a channel, and return its id."""
        body = channel_body(channel) | {"type": channel.kind}
        make = self._asked("POST", "/channels", f"channel {source}", body)
        return await self._create(make, lambda: self.find_channel(channel, taken))

    async def edit_role(self, source: int, number: int, role: Role) -> None:
        """Make a role that is there what it was in the source; of @everyone, only the permissions."""
        body = role_body(role)
        permissions = {"permissions": body["permissions"]}
        body = permissions if number == self._guild else body
        await self._do(self._asked("PATCH", f"/roles/{number}", f"role {source}", body))

    async def order_roles(self, positions: dict[int, int]) -> None:
        """Order roles by these positions."""
        body = [{"id": str(number), "position": position} for number, position in positions.items()]
        await self._do(self._asked("PATCH", "/roles", "order of roles", body))

    async def delete_role(self, number: int) -> None:
        """Delete a role; one that is not there is gone already."""
        await self._delete(self._asked("DELETE", f"/roles/{number}", f"role {number} deleted"))

    async def delete_channel(self, number: int) -> None:
        """Delete a channel; one that is not there is gone already."""
        await self._delete(Ask("DELETE", f"/channels/{number}", reason=self._reason(f"channel {number} deleted")))

    async def ban(self, user: int, reason: str | None) -> None:
        """Ban somebody, for the reason that was given in the source."""
        await self._do(Ask("PUT", f"{self._path}/bans/{user}", {}, reason or self._reason(f"ban {user}")))

    async def icon_of(self, source: Guild) -> str | None:
        """Return the icon of another guild, as this one takes it; None when it is not to be had."""
        return (
            await self._rest.picture(f"/icons/{source.id}/{quote(source.icon, safe='')}.png") if source.icon else None
        )

    async def edit_guild(self, wanted: GuildReport, icon: str | None = None) -> None:
        """Set the properties of the guild; without an icon it keeps its own."""
        body = guild_body(wanted) | ({"icon": icon} if icon else {})
        await self._do(Ask("PATCH", self._path, body, self._reason("properties")))

    async def _create(self, make: Ask, find: Callable[[], Awaitable[int | None]]) -> int:
        failures = 0
        while True:
            try:
                return (await self._ask(make, Made)).id
            except InDoubtError:
                await asyncio.sleep(DOUBT_SECONDS)
            found = await find()
            if found is not None:
                return found
            failures += 1
            await pause_after(failures, self._pause)

    async def _delete(self, ask: Ask) -> None:
        try:
            await self._do(ask)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise

    async def _do(self, ask: Ask) -> None:
        await self._ask(ask, object)

    async def _get(self, path: str, shape: type[T]) -> T:
        return await self._ask(Ask("GET", path), shape)

    async def _ask(self, ask: Ask, shape: type[T]) -> T:
        """Ask for something. Errors: those of the gateway, and TargetLostError."""
        try:
            return await self._rest.ask(ask, shape, self._pause)
        except RefusedError as error:
            if error.code == UNKNOWN_GUILD or (error.code == MISSING_ACCESS and ask.path.startswith(self._path)):
                raise TargetLostError from error
            raise

    def _asked(self, method: str, path: str, what: str, body: object = None) -> Ask:
        return Ask(method, f"{self._path}{path}", body, self._reason(what))

    def _reason(self, what: str) -> str:
        return f"Guildbook load {self._load}: {what}"

    def _is_ours(self, number: int, taken: Collection[int]) -> bool:
        return number not in taken and time_of(number) >= self._since


def _plain(name: str) -> str:
    """Return a name as Discord writes those of text channels, where it does."""
    return name.strip().lower().replace(" ", "-")
