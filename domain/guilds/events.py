"""The events of guilds: one small stream for each guild, role, channel, member and ban."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain.kernel import SEALED, Event, stream_name

GuildOrigin = Literal["mirrored", "native"]


class Overwrite(msgspec.Struct, frozen=True):
    """What a channel allows and denies to a role (kind 0) or to a member (kind 1), as permission bits."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


class GuildEvent(Event, frozen=True):
    """Something that happened in one guild."""

    guild: int

    def about(self) -> tuple[str, ...]:
        return (stream_name("guilds-guild", self.guild),)


class PersonEvent(GuildEvent, frozen=True):
    """Something that happened to one person in a guild: it is sealed under that person's key.

    A guild may have very many, so the log keeps no list of them.
    """

    user: int

    def subject(self) -> str:
        return stream_name("accounts", self.user)

    def about(self) -> tuple[str, ...]:
        return ()


class GuildCreated(GuildEvent, frozen=True):
    """A guild became known: reported by a bot (`mirrored`), or made here (`native`)."""

    stored_type: ClassVar[str] = "guilds.GuildCreated"
    origin: GuildOrigin
    owner: int
    name: str
    icon: str | None = None
    description: str | None = None
    preferred_locale: str | None = None
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    afk_channel: int | None = None
    afk_timeout: int | None = None
    system_channel: int | None = None
    system_channel_flags: int = 0
    features: tuple[str, ...] = ()


class GuildUpdated(GuildEvent, frozen=True):
    """The guild changed; what is not there stayed as it was."""

    stored_type: ClassVar[str] = "guilds.GuildUpdated"
    name: str | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    preferred_locale: str | UnsetType | None = UNSET
    verification_level: int | UnsetType = UNSET
    default_message_notifications: int | UnsetType = UNSET
    explicit_content_filter: int | UnsetType = UNSET
    afk_channel: int | UnsetType | None = UNSET
    afk_timeout: int | UnsetType | None = UNSET
    system_channel: int | UnsetType | None = UNSET
    system_channel_flags: int | UnsetType = UNSET
    features: tuple[str, ...] | UnsetType = UNSET


class OwnershipTransferred(GuildEvent, frozen=True):
    """The guild belongs to somebody else."""

    stored_type: ClassVar[str] = "guilds.OwnershipTransferred"
    former: int = msgspec.field(name="from")
    owner: int = msgspec.field(name="to")


class RoleCreated(GuildEvent, frozen=True):
    """A role became known. The role with the guild's own id is @everyone."""

    stored_type: ClassVar[str] = "guilds.RoleCreated"
    role: int
    name: str
    position: int = 0
    permissions: int = 0
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False


class RoleUpdated(GuildEvent, frozen=True):
    """The role changed; what is not there stayed as it was."""

    stored_type: ClassVar[str] = "guilds.RoleUpdated"
    role: int
    name: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    permissions: int | UnsetType = UNSET
    color: int | UnsetType = UNSET
    hoist: bool | UnsetType = UNSET
    mentionable: bool | UnsetType = UNSET
    managed: bool | UnsetType = UNSET


class RoleDeleted(GuildEvent, frozen=True):
    """The role is gone, and nobody holds it any more."""

    stored_type: ClassVar[str] = "guilds.RoleDeleted"
    role: int


class ChannelCreated(GuildEvent, frozen=True):
    """A channel became known, with the overwrites that it had then. `kind` is Discord's number, 4 a category."""

    stored_type: ClassVar[str] = "guilds.ChannelCreated"
    channel: int
    kind: int
    name: str
    position: int = 0
    parent: int | None = None
    topic: str | None = None
    nsfw: bool = False
    rate_limit_per_user: int = 0
    bitrate: int | None = None
    user_limit: int | None = None
    overwrites: tuple[Overwrite, ...] = ()


class ChannelUpdated(GuildEvent, frozen=True):
    """The channel changed; what is not there stayed as it was."""

    stored_type: ClassVar[str] = "guilds.ChannelUpdated"
    channel: int
    kind: int | UnsetType = UNSET
    name: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    parent: int | UnsetType | None = UNSET
    topic: str | UnsetType | None = UNSET
    nsfw: bool | UnsetType = UNSET
    rate_limit_per_user: int | UnsetType = UNSET
    bitrate: int | UnsetType | None = UNSET
    user_limit: int | UnsetType | None = UNSET


class ChannelDeleted(GuildEvent, frozen=True):
    """The channel is gone."""

    stored_type: ClassVar[str] = "guilds.ChannelDeleted"
    channel: int


class OverwriteSet(GuildEvent, frozen=True):
    """A channel allows and denies this to a role or member from now on."""

    stored_type: ClassVar[str] = "guilds.OverwriteSet"
    channel: int
    overwrite: Overwrite


class OverwriteRemoved(GuildEvent, frozen=True):
    """A channel says nothing of this role or member any more."""

    stored_type: ClassVar[str] = "guilds.OverwriteRemoved"
    channel: int
    target: int


class MemberJoined(PersonEvent, frozen=True):
    """Somebody, or a bot, is in the guild. `joined_at` is RFC 3339, as it was told."""

    stored_type: ClassVar[str] = "guilds.MemberJoined"
    username: Annotated[str, SEALED] = ""
    global_name: Annotated[str | None, SEALED] = None
    avatar: Annotated[str | None, SEALED] = None
    nick: Annotated[str | None, SEALED] = None
    bot: bool = False
    roles: tuple[int, ...] = ()
    joined_at: str | None = None


class MemberUpdated(PersonEvent, frozen=True):
    """How the member is called and shown, all of it, changed; or what else is known of it, where it is there."""

    stored_type: ClassVar[str] = "guilds.MemberUpdated"
    username: Annotated[str, SEALED] = ""
    global_name: Annotated[str | None, SEALED] = None
    avatar: Annotated[str | None, SEALED] = None
    nick: Annotated[str | None, SEALED] = None
    bot: bool | UnsetType = UNSET
    joined_at: str | UnsetType | None = UNSET


class MemberRolesChanged(PersonEvent, frozen=True):
    """The member got some roles and lost others; @everyone is not among them."""

    stored_type: ClassVar[str] = "guilds.MemberRolesChanged"
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()

    def roles_after(self, roles: tuple[int, ...]) -> tuple[int, ...]:
        """Return the roles of a member who had these."""
        kept = (role for role in roles if role not in self.removed and role not in self.added)
        return (*kept, *self.added)


class MemberLeft(PersonEvent, frozen=True):
    """Somebody, or a bot, is not in the guild any more."""

    stored_type: ClassVar[str] = "guilds.MemberLeft"


class MemberBanned(PersonEvent, frozen=True):
    """Somebody may not come into the guild."""

    stored_type: ClassVar[str] = "guilds.MemberBanned"
    reason: Annotated[str | None, SEALED] = None


class MemberUnbanned(PersonEvent, frozen=True):
    """Somebody may come into the guild again."""

    stored_type: ClassVar[str] = "guilds.MemberUnbanned"


EVENTS: tuple[type[Event], ...] = (
    GuildCreated,
    GuildUpdated,
    OwnershipTransferred,
    RoleCreated,
    RoleUpdated,
    RoleDeleted,
    ChannelCreated,
    ChannelUpdated,
    ChannelDeleted,
    OverwriteSet,
    OverwriteRemoved,
    MemberJoined,
    MemberUpdated,
    MemberRolesChanged,
    MemberLeft,
    MemberBanned,
    MemberUnbanned,
)
