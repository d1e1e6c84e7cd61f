"""Keeps the table `backups`."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.backups.events import BackupDeleted, BackupTaken
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class BackupRow(msgspec.Struct, frozen=True):
    """A row of `backups`, in the order of its columns."""

    id: str
    guild: int
    creator: int
    name: str | None
    at: int
    digest: str
    roles: int
    channels: int
    bans: int
    rows: int
    created_at: datetime
    created: int


def evolve(row: BackupRow | None, recorded: Recorded) -> BackupRow | None:
    """Apply one event of a backup."""
    match recorded.event:
        case BackupTaken(counts=counts) as event:
            return BackupRow(
                id=event.backup,
                guild=event.guild,
                creator=event.creator,
                name=event.called(),
                at=event.at,
                digest=event.digest,
                roles=counts.roles,
                channels=counts.channels,
                bans=counts.bans,
                rows=counts.rows,
                created_at=recorded.recorded_at,
                created=recorded.position,
            )
        case BackupDeleted():
            return None
        case _:
            return row


def _backup(event: BackupTaken | BackupDeleted) -> Key:
    return (event.backup,)


BACKUPS = RowSet[BackupRow](
    row=BackupRow,
    keys={BackupTaken: _backup, BackupDeleted: _backup},
    evolve=evolve,
    save="""
        INSERT INTO backups (id, guild, creator, name, at, digest, roles, channels, bans, rows, created_at, created)
        SELECT id, guild, creator, name, at, digest, roles, channels, bans, rows, created_at, created
        FROM json_populate_recordset(NULL::backups, %s)
        ON CONFLICT (id) DO NOTHING
    """,
    delete="DELETE FROM backups WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="backups", tables=(resources.files("projections.backups") / "tables.sql").read_text(), rows=(BACKUPS,)
)
