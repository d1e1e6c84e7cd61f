"""The rules of a backup: it is there until its creator deletes it."""

from collections.abc import Collection

import msgspec

from domain.backups.events import BackupDeleted, BackupTaken, Counts
from domain.kernel import Entity, Event, RefusalError


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that exists: a guild as it was at position `at`."""

    id: str
    guild: int
    creator: int
    at: int
    digest: str
    name: str | None = None
    counts: Counts = Counts()


class BackupNotYoursError(RefusalError):
    """Only its creator may load or delete a backup."""


class BackupIdTakenError(RefusalError):
    """There was a backup of this id already; with another id it may be taken."""


class TooManyBackupsError(RefusalError):
    """The creator has as many backups as one may have."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


# How events change it. The names of the events are stored for ever.


def evolve(backup: Backup | None, event: Event) -> Backup | None:
    """Apply one event of a backup."""
    match event:
        case BackupTaken():
            return Backup(
                id=event.backup,
                guild=event.guild,
                creator=event.creator,
                at=event.at,
                digest=event.digest,
                name=event.called(),
                counts=event.counts,
            )
        case BackupDeleted():
            return None
        case _:
            return backup


BACKUP = Entity[Backup]("backups", evolve)


# What may happen next.


def take_backup(wanted: Backup, others: Collection[Backup], *, limit: int) -> list[Event]:
    """Take a backup; `others` are those that the creator has already."""
    if len(others) >= limit:
        raise TooManyBackupsError(limit)
    return [
        BackupTaken(
            backup=wanted.id,
            guild=wanted.guild,
            creator=wanted.creator,
            at=wanted.at,
            digest=wanted.digest,
            counts=wanted.counts,
            label=wanted.name,
        )
    ]


def delete_backup(backup: Backup, user: int) -> list[Event]:
    """Delete the backup, which only its creator may."""
    require_creator(backup, user)
    return [BackupDeleted(backup=backup.id)]


def require_creator(backup: Backup, user: int) -> None:
    """Refuse somebody else's backup."""
    if backup.creator != user:
        raise BackupNotYoursError
