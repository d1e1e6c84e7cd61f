"""The events of backups. What a backup holds is what the log says of its guild up to a position."""

from typing import Annotated, ClassVar

import msgspec

from domain.kernel import SEALED, Event, stream_name


class Counts(msgspec.Struct, frozen=True):
    """How much a backup or template holds."""

    roles: int = 0
    channels: int = 0
    bans: int = 0
    rows: int = 0


class BackupTaken(Event, frozen=True):
    """A guild as it was at position `at`. `digest` is the SHA-256 (hex) of it, without what may be erased: the bans.

    `label` is what its creator calls it. Old events have that in `name`, unsealed; nothing is written there any more.
    """

    stored_type: ClassVar[str] = "backups.BackupTaken"
    backup: str
    guild: int
    creator: int
    at: int
    digest: str
    name: str | None = None
    counts: Counts = Counts()
    label: Annotated[str | None, SEALED] = None

    def subject(self) -> str:
        return stream_name("accounts", self.creator)

    def about(self) -> tuple[str, ...]:
        return stream_name("guilds-guild", self.guild), stream_name("accounts", self.creator)

    def called(self) -> str | None:
        """Return what its creator calls it, None also when that was erased."""
        return self.name if self.label is None else self.label


class BackupDeleted(Event, frozen=True):
    """The backup is gone; mappings of its loads stay."""

    stored_type: ClassVar[str] = "backups.BackupDeleted"
    backup: str


EVENTS: tuple[type[Event], ...] = (BackupTaken, BackupDeleted)
