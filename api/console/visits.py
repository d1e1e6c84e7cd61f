"""A visit to a guild: what it has, what can be set there, and what the visitor may do in it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from litestar.exceptions import NotFoundException

from api.console.directory import Directory, people_in
from api.console.views import Page, Seen, path_of
from api.console.visitors import Visitor
from api.parts import Asked, parts_of
from api.templates import Offered
from domain.guilds.aggregate import Channel, Guild, Role
from domain.guilds.permissions import Standing, standing_among
from domain.settings.access import may_view, may_write
from domain.settings.definitions import Defined, Setting
from projections.guilds.queries import channels_of, guild_of, members_of, roles_of

SNOWFLAKE_MAX = 2**63 - 1
OURS = "$"  # how the names of stock templates begin


class Entry(msgspec.Struct, frozen=True):
    """A setting as the page lists it."""

    setting: Setting
    href: str


class Group(msgspec.Struct, frozen=True):
    """The settings of one template as the page lists them."""

    title: str
    entries: Sequence[Entry]
    fault: str | None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A guild with what can be set in it, and the visitor's standing there."""

    visitor: Visitor
    guild: Guild
    standing: Standing
    offered: Sequence[Offered]
    roles: Mapping[str, Role]
    channels: Mapping[str, Channel]

    def groups(self) -> list[Group]:
        """Return the settings that the visitor can do something with, by template."""
        groups = [self._group(template) for template in self.offered]
        return [group for group in groups if group.entries or group.fault]

    def _group(self, template: Offered) -> Group:
        usable = (defined for defined in template.settings.values() if is_usable(defined, self.standing))
        entries = [Entry(each.setting, path_of(self.guild.id, template.name, each.setting.id)) for each in usable]
        return Group(title_of_template(template.name), entries, template.fault)

    def page(self, template: str, setting: str) -> Page:
        """Return the page of a setting that is offered here. Errors: NotFoundException."""
        offered = next((each for each in self.offered if each.name == template), None)
        if offered is None or setting not in offered.settings:
            raise NotFoundException
        return Page(self.guild.id, offered.settings[setting], self.standing, self.directory())

    def directory(self) -> Directory:
        """Return the names of roles and channels."""
        return Directory(str(self.guild.id), self.roles, self.channels)

    def values(self) -> dict[str, Any]:
        """Return what every page of a guild shows."""
        shared = {"guild": self.guild, "visitor": self.visitor, "groups": self.groups(), "has_side": True}
        return {**shared, "is_administrator": self.is_administrator()}

    def is_administrator(self) -> bool:
        """Tell whether the visitor may do everything in the guild."""
        return self.standing.holds("ADMINISTRATOR")


def title_of_template(name: str) -> str:
    """Return what a template is called: stock ones by their plain name."""
    return name.removeprefix(OURS).capitalize() if name.startswith(OURS) else name


def is_usable(defined: Defined, standing: Standing) -> bool:
    """Tell whether a member can see or change a setting at all."""
    return may_view(defined, standing) or any(may_write(defined, standing, each) for each in defined.setting.operations)


async def visit_of(request: Asked, visitor: Visitor) -> Visit:
    """Return the visit to the guild of the path. Errors: NotFoundException for whoever is no member."""
    guild = _guild_id(request)
    parts = parts_of(request)
    async with parts.pool.connection() as connection:
        known = await guild_of(connection, guild)
        members = await members_of(connection, guild, [visitor.account])
        if known is None or visitor.account not in members:
            raise NotFoundException
        roles, channels = await roles_of(connection, guild), await channels_of(connection, guild)
    offered = await parts.templates.offered(guild)
    return Visit(
        visitor=visitor,
        guild=known,
        standing=standing_among(known, members[visitor.account], roles),
        offered=offered or (),
        roles={str(role.id): role for role in roles},
        channels={str(channel.id): channel for channel in channels},
    )


def _guild_id(request: Asked) -> int:
    text = request.path_params["guild"]
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= SNOWFLAKE_MAX:
        raise NotFoundException
    return int(text)


async def with_people(request: Asked, page: Page, rows: Iterable[Seen], also: Iterable[int] = ()) -> Page:
    """Return the page with the names of the members whom its rows name, and of others."""
    users = people_in(page.setting.columns, (seen.fields for seen in rows)) | set(also)
    if not users:
        return page
    async with parts_of(request).pool.connection() as connection:
        members = await members_of(connection, page.guild, sorted(users))
    named = msgspec.structs.replace(page.directory, members={str(user): member for user, member in members.items()})
    return msgspec.structs.replace(page, directory=named)
