"""The events of backups. What a backup holds is what the log says of its guild up to a position."""

from typing import ClassVar

import msgspec

from domain.kernel import Event, stream_name


class Counts(msgspec.Struct, frozen=True):
    """How much a backup or template holds."""

    roles: int = 0
    channels: int = 0
    bans: int = 0
    rows: int = 0


class BackupTaken(Event, frozen=True):
    """A guild as it was at position `at`. `digest` is the SHA-256 (hex) of it, without what may be erased: the bans."""

    stored_type: ClassVar[str] = "backups.BackupTaken"
    backup: str
    guild: int
    creator: int
    at: int
    digest: str
    name: str | None = None
    counts: Counts = Counts()

    def about(self) -> tuple[str, ...]:
        return stream_name("guilds-guild", self.guild), stream_name("accounts", self.creator)


class BackupDeleted(Event, frozen=True):
    """The backup is gone; mappings of its loads stay."""

    stored_type: ClassVar[str] = "backups.BackupDeleted"
    backup: str


EVENTS: tuple[type[Event], ...] = (BackupTaken, BackupDeleted)
