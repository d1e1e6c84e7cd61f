"""The rules of a backup by itself: only its creator deletes it, once."""

from domain.backups.aggregate import BackupNotYoursError
from domain.backups.commands import delete_backup
from domain.backups.events import BackupDeleted, BackupTaken
from domain.kernel import UnknownError
from tests.domain.book import given

TAKEN = BackupTaken(backup="4k1vqx09zt", guild=1000, creator=7, at=12, digest="ab")


def test_a_backup_is_deleted_once() -> None:
    story = given(TAKEN).when(delete_backup, backup="4k1vqx09zt", user=7)
    story.then(BackupDeleted(backup="4k1vqx09zt")).again().refuses(UnknownError)


def test_nobody_deletes_the_backup_of_somebody_else() -> None:
    given(TAKEN).when(delete_backup, backup="4k1vqx09zt", user=8).refuses(BackupNotYoursError)


def test_a_backup_that_there_never_was_is_not_deleted() -> None:
    given().when(delete_backup, backup="4k1vqx09zt", user=7).refuses(UnknownError)
