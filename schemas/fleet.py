"""The wire shapes of what bots say of themselves, as it is sent in and as it is shown."""

from typing import Annotated, Any, Literal

import msgspec

Status = Literal["Idle", "Connecting", "Connected", "Ready", "Reconnecting", "Closing", "Closed", "Erroring", "Unknown"]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Localizations = dict[str, str]


class Shard(msgspec.Struct, frozen=True):
    """One shard: its latency in milliseconds, and how long it has been up, in seconds."""

    status: Status
    real_latency: Number
    guilds: Count
    uptime: Count
    total_uptime: Count


class BotStats(msgspec.Struct, frozen=True):
    """A bot's shards by their numbers."""

    shard_conns: dict[Annotated[str, msgspec.Meta(pattern="^[0-9]{1,9}$")], Shard]
    total_guilds: Count
    total_users: Count | None = None


class ShownShard(Shard, frozen=True):
    """One shard as it is shown; `stale` when it was reported too long ago."""

    stale: bool | msgspec.UnsetType = msgspec.UNSET


class ShownStats(msgspec.Struct, frozen=True):
    """A bot's shards by their numbers, as they are shown."""

    shard_conns: dict[str, ShownShard]
    total_guilds: int
    total_users: int | None


class Choice(msgspec.Struct, frozen=True):
    """One value that an option may have."""

    name: str
    name_localizations: Localizations | None = None
    value: Any = None


class Option(msgspec.Struct, frozen=True):
    """What a command takes; a group of commands is an option too."""

    type: Number
    name: str
    name_localizations: Localizations | None = None
    description: str = ""
    description_localizations: Localizations | None = None
    required: bool = False
    choices: tuple[Choice, ...] = ()
    options: "tuple[Option, ...]" = ()
    channel_types: tuple[Number, ...] = ()
    min_value: float | Number | None = None
    max_value: float | Number | None = None
    min_length: Count | None = None
    max_length: Count | None = None
    autocomplete: bool = False


class Command(msgspec.Struct, frozen=True):
    """A command that a bot offers. `type`: 1 typed, 2 on a user, 3 on a message, 4 on the app's entry point."""

    type: Literal[1, 2, 3, 4] | None = None
    name: str | None = None
    name_localizations: Localizations = {}
    description: str | None = None
    description_localizations: Localizations = {}
    integration_types: tuple[Literal[0, 1], ...] | None = None
    nsfw: bool = False
    options: tuple[Option, ...] = ()


class Commands(msgspec.Struct, frozen=True):
    """All commands of a bot."""

    commands: tuple[Command, ...]
