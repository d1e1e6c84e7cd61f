"""What a member of a guild may do, guild-wide and in a channel: roles, overwrites and hierarchy, as on Discord."""

from collections.abc import Iterable

import msgspec

from domain.guilds.aggregate import Channel, Guild, Member, Role

NAMES = (
    "CREATE_INSTANT_INVITE",
    "KICK_MEMBERS",
    "BAN_MEMBERS",
    "ADMINISTRATOR",
    "MANAGE_CHANNELS",
    "MANAGE_GUILD",
    "ADD_REACTIONS",
    "VIEW_AUDIT_LOG",
    "PRIORITY_SPEAKER",
    "STREAM",
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "SEND_TTS_MESSAGES",
    "MANAGE_MESSAGES",
    "EMBED_LINKS",
    "ATTACH_FILES",
    "READ_MESSAGE_HISTORY",
    "MENTION_EVERYONE",
    "USE_EXTERNAL_EMOJIS",
    "VIEW_GUILD_INSIGHTS",
    "CONNECT",
    "SPEAK",
    "MUTE_MEMBERS",
    "DEAFEN_MEMBERS",
    "MOVE_MEMBERS",
    "USE_VAD",
    "CHANGE_NICKNAME",
    "MANAGE_NICKNAMES",
    "MANAGE_ROLES",
    "MANAGE_WEBHOOKS",
    "MANAGE_GUILD_EXPRESSIONS",
    "USE_APPLICATION_COMMANDS",
    "REQUEST_TO_SPEAK",
    "MANAGE_EVENTS",
    "MANAGE_THREADS",
    "CREATE_PUBLIC_THREADS",
    "CREATE_PRIVATE_THREADS",
    "USE_EXTERNAL_STICKERS",
    "SEND_MESSAGES_IN_THREADS",
    "USE_EMBEDDED_ACTIVITIES",
    "MODERATE_MEMBERS",
    "VIEW_CREATOR_MONETIZATION_ANALYTICS",
    "USE_SOUNDBOARD",
    "CREATE_GUILD_EXPRESSIONS",
    "CREATE_EVENTS",
    "USE_EXTERNAL_SOUNDS",
    "SEND_VOICE_MESSAGES",
    "UNUSED",
    "SET_VOICE_CHANNEL_STATUS",
    "SEND_POLLS",
    "USE_EXTERNAL_APPS",
)
FLAGS: dict[str, int] = {name: 1 << bit for bit, name in enumerate(NAMES) if name != "UNUSED"}
"""Discord's permissions by name."""

ALL = sum(FLAGS.values())
ADMINISTRATOR = FLAGS["ADMINISTRATOR"]
OF_ROLE, OF_MEMBER = 0, 1  # the kinds of an overwrite

Rank = tuple[bool, int, int]


class Standing(msgspec.Struct, frozen=True):
    """A member with what decides on its permissions.

    `roles` are those of the member that exist, without @everyone.
    """

    guild: Guild
    member: Member
    everyone: Role | None
    roles: tuple[Role, ...] = ()

    def is_owner(self) -> bool:
        """Tell whether the guild is this member's own."""
        return self.guild.owner == self.member.id

    def permissions(self, everything: int = ALL) -> int:
        """Return the guild-wide permissions; `everything` is what an owner and an administrator have."""
        return everything if self._may_do_everything() else self._of_roles()

    def in_channel(self, channel: Channel, everything: int = ALL) -> int:
        """Return the permissions in a channel. Nothing is denied by implication."""
        if self._may_do_everything():
            return everything
        held = self._of_roles()
        of_roles = {o.id: o for o in channel.overwrites if o.kind == OF_ROLE}
        mine = [of_roles[role.id] for role in self.roles if role.id in of_roles]
        for step in (
            [of_roles[self.guild.id]] if self.guild.id in of_roles else [],
            mine,
            [o for o in channel.overwrites if o.kind == OF_MEMBER and o.id == self.member.id],
        ):
            held = held & ~_union(o.deny for o in step) | _union(o.allow for o in step)
        return held

    def holds(self, flag: str) -> bool:
        """Tell whether the member has a guild-wide permission by name; owner and administrators have all."""
        return bool(self.permissions() & FLAGS[flag])

    def is_above(self, role: Role) -> bool:
        """Tell whether the member's highest role is strictly above this one; an owner is above all."""
        highest = max((self._rank(mine) for mine in self.roles), default=(False, 0, 0))
        return self.is_owner() or highest > self._rank(role)

    def _may_do_everything(self) -> bool:
        return self.is_owner() or bool(self._of_roles() & ADMINISTRATOR)

    def _of_roles(self) -> int:
        everyone = self.everyone.permissions if self.everyone else 0
        return _union(role.permissions for role in self.roles) | everyone

    def _rank(self, role: Role) -> Rank:
        """Order roles: @everyone lowest, then by position; of two at one position the older one is higher."""
        return (False, 0, 0) if role.id == self.guild.id else (True, role.position, -role.id)


def standing_among(guild: Guild, member: Member, roles: Iterable[Role]) -> Standing:
    """Return the standing of a member, given roles of the guild: at least the member's own and @everyone."""
    by_id = {role.id: role for role in roles}
    mine = tuple(by_id[role] for role in member.roles if role in by_id and role != guild.id)
    return Standing(guild, member, by_id.get(guild.id), mine)


def _union(bits: Iterable[int]) -> int:
    union = 0
    for each in bits:
        union |= each
    return union
