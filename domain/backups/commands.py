"""Commands that concern one backup and nothing else."""

from domain.backups import aggregate
from domain.backups.aggregate import BACKUP
from domain.kernel import Book, load_known


async def delete_backup(book: Book, *, backup: str, user: int) -> None:
    """Delete a backup; mappings of its loads stay. Errors: UnknownError, BackupNotYoursError."""
    state = await load_known(book, BACKUP, backup)
    book.append(BACKUP.stream(backup), aggregate.delete_backup(state, user))
