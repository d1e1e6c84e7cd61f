"""Take a backup of a guild, by somebody who may do everything there at that moment."""

from domain.accounts.aggregate import ACCOUNT
from domain.backups import aggregate
from domain.backups.aggregate import BACKUP, Backup, BackupIdTakenError
from domain.kernel import Book
from domain.processes.require_administrator import require_administrator
from domain.processes.snapshot import Snapshot

BACKUPS_OF_A_CREATOR_MAX = 100


async def take_backup(
    book: Book,
    *,
    backup: str,
    snapshot: Snapshot,
    at: int,
    user: int,
    name: str | None = None,
    limit: int = BACKUPS_OF_A_CREATOR_MAX,
) -> Backup:
    """Take a backup under a new id; `snapshot` is the guild as it was at position `at`.

    Errors: UnknownError (no such guild), NotAdministratorError, TooManyBackupsError;
    BackupIdTakenError: try another id.
    """
    guild = snapshot.guild.id
    await require_administrator(book, guild, user)
    if await book.last_position(BACKUP, backup):
        raise BackupIdTakenError
    others = await book.load_about(BACKUP, ACCOUNT.stream(user))
    wanted = Backup(
        id=backup, guild=guild, creator=user, at=at, digest=snapshot.digest(), name=name, counts=snapshot.counts()
    )
    book.append(BACKUP.stream(backup), aggregate.take_backup(wanted, others.values(), limit=limit))
    return wanted
