"""What Discord says of a guild that is to be loaded into: what is in it, and whether somebody may do all there."""

from collections.abc import Collection

import msgspec

from api.discord import NotThereError
from api.parts import Parts
from domain.guilds.aggregate import GUILD, Channel, Guild, Member, Role
from domain.guilds.permissions import standing_among
from domain.kernel import UnknownError
from domain.processes.plan_load import Target
from domain.processes.require_administrator import NotAdministratorError

BANS_OF_A_PAGE = 1000  # as many as Discord tells of at once
BAN_PAGES_MAX = 20


class ShownRole(msgspec.Struct, frozen=True):
    """A role; what a plan and a permission need of it."""

    id: int
    name: str
    position: int = 0
    permissions: int = 0
    managed: bool = False


class ShownChannel(msgspec.Struct, frozen=True):
    """A channel; what a plan needs of it."""

    id: int
    type: int
    name: str = ""
    position: int = 0
    parent_id: int | None = None


class ShownGuild(msgspec.Struct, frozen=True):
    """A guild and its roles."""

    id: int
    name: str
    owner_id: int
    roles: tuple[ShownRole, ...] = ()


class ShownUser(msgspec.Struct, frozen=True):
    """A user."""

    id: int


class ShownBan(msgspec.Struct, frozen=True):
    """A ban."""

    user: ShownUser


class ShownMember(msgspec.Struct, frozen=True):
    """A member; its roles."""

    roles: tuple[int, ...] = ()


async def seen_at_discord(parts: Parts, guild: int, user: int, banned: Collection[int]) -> Target:
    """Return what is in a guild, for somebody who may do everything there; and who is banned, of those that matter.

    Errors: UnknownError, NotAdministratorError, DiscordUnreachableError.
    """
    try:
        shown = await parts.discord.seen_by_bot(f"/guilds/{guild}", ShownGuild)
        await _require_administrator(parts, shown, user)
        channels = await parts.discord.seen_by_bot(f"/guilds/{guild}/channels", tuple[ShownChannel, ...])
    except NotThereError as error:
        raise UnknownError(GUILD.context, guild) from error
    bans = await _bans_among(parts, guild, banned) if banned else frozenset[int]()
    return Target(guild=guild, roles=_roles(shown), channels=tuple(map(_channel, channels)), banned=bans)


async def _require_administrator(parts: Parts, guild: ShownGuild, user: int) -> None:
    if guild.owner_id == user:
        return
    try:
        member = await parts.discord.seen_by_bot(f"/guilds/{guild.id}/members/{user}", ShownMember)
    except NotThereError as error:
        raise NotAdministratorError from error
    known = Guild(id=guild.id, name=guild.name, owner=guild.owner_id)
    standing = standing_among(known, Member(id=user, roles=member.roles), _roles(guild))
    if not standing.holds("ADMINISTRATOR"):
        raise NotAdministratorError


async def _bans_among(parts: Parts, guild: int, users: Collection[int]) -> frozenset[int]:
    """Return those of these users who are banned, as far as the bot may know; to ban somebody twice does no harm."""
    found, after = set[int](), max(min(users) - 1, 0)
    for _ in range(BAN_PAGES_MAX):
        path = f"/guilds/{guild}/bans?limit={BANS_OF_A_PAGE}&after={after}"
        try:
            page = [ban.user.id for ban in await parts.discord.seen_by_bot(path, tuple[ShownBan, ...])]
        except NotThereError:
            break
        found.update(page)
        if len(page) < BANS_OF_A_PAGE or page[-1] >= max(users):
            break
        after = page[-1]
    return frozenset(users) & found


def _roles(guild: ShownGuild) -> tuple[Role, ...]:
    return tuple(Role(**msgspec.structs.asdict(role)) for role in guild.roles)


def _channel(shown: ShownChannel) -> Channel:
    return Channel(id=shown.id, kind=shown.type, name=shown.name, position=shown.position, parent=shown.parent_id)
