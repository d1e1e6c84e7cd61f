"""Keeps the tables `guilds`, `guild_roles`, `guild_channels`, `guild_members` and `guild_bans`."""

from importlib import resources

from domain.guilds.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelUpdated,
    GuildCreated,
    GuildEvent,
    GuildUpdated,
    MemberBanned,
    MemberJoined,
    MemberLeft,
    MemberRolesChanged,
    MemberUnbanned,
    MemberUpdated,
    OverwriteRemoved,
    OverwriteSet,
    OwnershipTransferred,
    PersonEvent,
    RoleCreated,
    RoleDeleted,
    RoleUpdated,
)
from projections.guilds import rows
from projections.guilds.rows import BanRow, ChannelRow, GuildRow, MemberRow, RoleRow
from projections.rows import Key, Projector, RowSet

RoleEvent = RoleCreated | RoleUpdated | RoleDeleted
ChannelEvent = ChannelCreated | ChannelUpdated | ChannelDeleted | OverwriteSet | OverwriteRemoved
CHANNEL_EVENTS = (ChannelCreated, ChannelUpdated, ChannelDeleted, OverwriteSet, OverwriteRemoved)


def _guild(event: GuildEvent) -> Key:
    return (event.guild,)


def _role(event: RoleEvent) -> Key:
    return (event.guild, event.role)


def _channel(event: ChannelEvent) -> Key:
    return (event.guild, event.channel)


def _person(event: PersonEvent) -> Key:
    return (event.guild, event.user)


GUILDS = RowSet[GuildRow](
    row=GuildRow,
    keys=dict.fromkeys((GuildCreated, GuildUpdated, OwnershipTransferred), _guild),
    evolve=rows.evolve_guild,
    load="""
        SELECT
            id, origin, owner, name, icon, description, preferred_locale, verification_level,
            default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
            system_channel_flags, features
        FROM guilds
        WHERE id = ANY(%b)
    """,
    save="""
        INSERT INTO guilds (
            id, origin, owner, name, icon, description, preferred_locale, verification_level,
            default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
            system_channel_flags, features
        )
        SELECT
            id, origin, owner, name, icon, description, preferred_locale, verification_level,
            default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
            system_channel_flags, features
        FROM json_populate_recordset(NULL::guilds, %s)
        ON CONFLICT (id) DO UPDATE SET
            (
                owner, name, icon, description, preferred_locale, verification_level,
                default_message_notifications, explicit_content_filter, afk_channel, afk_timeout, system_channel,
                system_channel_flags, features
            ) = (
                EXCLUDED.owner, EXCLUDED.name, EXCLUDED.icon, EXCLUDED.description, EXCLUDED.preferred_locale,
                EXCLUDED.verification_level, EXCLUDED.default_message_notifications, EXCLUDED.explicit_content_filter,
                EXCLUDED.afk_channel, EXCLUDED.afk_timeout, EXCLUDED.system_channel, EXCLUDED.system_channel_flags,
                EXCLUDED.features
            )
    """,
    delete="DELETE FROM guilds WHERE id = ANY(%b)",
)

ROLES = RowSet[RoleRow](
    row=RoleRow,
    keys=dict.fromkeys((RoleCreated, RoleUpdated, RoleDeleted), _role),
    evolve=rows.evolve_role,
    load="""
        SELECT
            role.guild, role.id, role.name, role.position, role.permissions, role.color, role.hoist, role.mentionable,
            role.managed
        FROM unnest(%b::bigint[], %b::bigint[]) AS wanted (guild, id)
        JOIN guild_roles AS role ON (role.guild, role.id) = (wanted.guild, wanted.id)
    """,
    save="""
        INSERT INTO guild_roles (guild, id, name, position, permissions, color, hoist, mentionable, managed)
        SELECT guild, id, name, position, permissions, color, hoist, mentionable, managed
        FROM json_populate_recordset(NULL::guild_roles, %s)
        ON CONFLICT (guild, id) DO UPDATE SET
            (name, position, permissions, color, hoist, mentionable, managed) = (
                EXCLUDED.name, EXCLUDED.position, EXCLUDED.permissions, EXCLUDED.color, EXCLUDED.hoist,
                EXCLUDED.mentionable, EXCLUDED.managed
            )
    """,
    delete="""
        DELETE FROM guild_roles AS role
        USING unnest(%b::bigint[], %b::bigint[]) AS gone (guild, id)
        WHERE (role.guild, role.id) = (gone.guild, gone.id)
    """,
)

CHANNELS = RowSet[ChannelRow](
    row=ChannelRow,
    keys=dict.fromkeys(CHANNEL_EVENTS, _channel),
    evolve=rows.evolve_channel,
    load="""
        SELECT
            channel.guild, channel.id, channel.kind, channel.name, channel.position, channel.parent, channel.topic,
            channel.nsfw, channel.rate_limit_per_user, channel.bitrate, channel.user_limit, channel.overwrites
        FROM unnest(%b::bigint[], %b::bigint[]) AS wanted (guild, id)
        JOIN guild_channels AS channel ON (channel.guild, channel.id) = (wanted.guild, wanted.id)
    """,
    save="""
        INSERT INTO guild_channels (
            guild, id, kind, name, position, parent, topic, nsfw, rate_limit_per_user, bitrate, user_limit, overwrites
        )
        SELECT
            guild, id, kind, name, position, parent, topic, nsfw, rate_limit_per_user, bitrate, user_limit, overwrites
        FROM json_populate_recordset(NULL::guild_channels, %s)
        ON CONFLICT (guild, id) DO UPDATE SET
            (kind, name, position, parent, topic, nsfw, rate_limit_per_user, bitrate, user_limit, overwrites) = (
                EXCLUDED.kind, EXCLUDED.name, EXCLUDED.position, EXCLUDED.parent, EXCLUDED.topic, EXCLUDED.nsfw,
                EXCLUDED.rate_limit_per_user, EXCLUDED.bitrate, EXCLUDED.user_limit, EXCLUDED.overwrites
            )
    """,
    delete="""
        DELETE FROM guild_channels AS channel
        USING unnest(%b::bigint[], %b::bigint[]) AS gone (guild, id)
        WHERE (channel.guild, channel.id) = (gone.guild, gone.id)
    """,
)

MEMBERS = RowSet[MemberRow](
    row=MemberRow,
    keys=dict.fromkeys((MemberJoined, MemberUpdated, MemberRolesChanged, MemberLeft), _person),
    evolve=rows.evolve_member,
    load="""
        SELECT
            member.guild, member.id, member.username, member.global_name, member.avatar, member.nick, member.bot,
            member.roles, member.joined_at
        FROM unnest(%b::bigint[], %b::bigint[]) AS wanted (guild, id)
        JOIN guild_members AS member ON (member.guild, member.id) = (wanted.guild, wanted.id)
    """,
    save="""
        INSERT INTO guild_members (guild, id, username, global_name, avatar, nick, bot, roles, joined_at)
        SELECT guild, id, username, global_name, avatar, nick, bot, roles, joined_at
        FROM json_populate_recordset(NULL::guild_members, %s)
        ON CONFLICT (guild, id) DO UPDATE SET
            (username, global_name, avatar, nick, bot, roles, joined_at) = (
                EXCLUDED.username, EXCLUDED.global_name, EXCLUDED.avatar, EXCLUDED.nick, EXCLUDED.bot, EXCLUDED.roles,
                EXCLUDED.joined_at
            )
    """,
    delete="""
        DELETE FROM guild_members AS member
        USING unnest(%b::bigint[], %b::bigint[]) AS gone (guild, id)
        WHERE (member.guild, member.id) = (gone.guild, gone.id)
    """,
)

BANS = RowSet[BanRow](
    row=BanRow,
    keys=dict.fromkeys((MemberBanned, MemberUnbanned), _person),
    evolve=rows.evolve_ban,
    save="""
        INSERT INTO guild_bans (guild, id, reason)
        SELECT guild, id, reason
        FROM json_populate_recordset(NULL::guild_bans, %s)
        ON CONFLICT (guild, id) DO UPDATE SET reason = EXCLUDED.reason
    """,
    delete="""
        DELETE FROM guild_bans AS ban
        USING unnest(%b::bigint[], %b::bigint[]) AS gone (guild, id)
        WHERE (ban.guild, ban.id) = (gone.guild, gone.id)
    """,
)

PROJECTOR = Projector(
    name="guilds",
    tables=(resources.files("projections.guilds") / "tables.sql").read_text(),
    rows=(GUILDS, ROLES, CHANNELS, MEMBERS, BANS),
)
