"""The wire shapes of backups and templates of guilds; keys are in the order in which they are sent."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from schemas.guilds import BanOut, ChannelOut, Number, RoleOut

BackupId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class NewBackup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A backup that is wanted, and the user for whom."""

    guild_id: Number
    user_id: Number
    name: Name | None = None


class BackupCounts(msgspec.Struct, frozen=True):
    """How much a backup holds."""

    roles: int
    channels: int
    bans: int
    rows: int


class GuildProperties(msgspec.Struct, frozen=True, kw_only=True):
    """What a guild is like by itself."""

    name: str
    icon: str | None
    description: str | None
    afk_channel_id: str | None
    afk_timeout: int | None
    verification_level: int
    default_message_notifications: int
    explicit_content_filter: int
    system_channel_id: str | None
    system_channel_flags: int


class TemplateData(GuildProperties, frozen=True, kw_only=True):
    """What a template holds."""

    roles: tuple[RoleOut, ...]
    channels: tuple[ChannelOut, ...]


class StoredRow(msgspec.Struct, frozen=True):
    """A row of a setting, without passwords."""

    template: str
    setting: str
    key: dict[str, Any]
    fields: dict[str, Any]


class BackupData(TemplateData, frozen=True, kw_only=True):
    """What a backup holds."""

    bans: tuple[BanOut, ...]
    rows: tuple[StoredRow, ...]


class Backup(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A backup; `position` is the one as of which the guild is in it. `data` is there when one backup is read."""

    id: str
    guild_id: str
    creator_id: str
    name: str | None
    created_at: datetime
    position: int
    counts: BackupCounts
    data: BackupData | None = None


class NewTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template that is wanted, of a backup or of a guild as it is, and the user for whom."""

    name: Name
    user_id: Number
    description: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    backup_id: BackupId | None = None
    guild_id: Number | None = None


class GuildTemplate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A template of a guild. `data` is there when one template is read."""

    id: str
    name: str
    description: str
    creator_id: str
    source_guild_id: str
    usage_count: int
    bots: tuple[str, ...]
    created_at: datetime
    data: TemplateData | None = None
