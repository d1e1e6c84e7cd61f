"""A backup is taken by who may do everything in the guild, under an id of its own, and not without end."""

from domain.backups.aggregate import BackupIdTakenError, TooManyBackupsError
from domain.backups.events import BackupDeleted, BackupTaken, Counts
from domain.guilds.events import MemberJoined
from domain.kernel import Event, UnknownError
from domain.processes.require_administrator import NotAdministratorError
from domain.processes.take_backup import take_backup
from tests.domain.book import RecordedBook, Story, given
from tests.domain.load_world import INES, OWNER, SOURCE, ban, channel, guild, role, snapshot_of

PAST = (guild(SOURCE), role(SOURCE, "@everyone"), role(1001, "admin", permissions=8), channel(1100), ban(SOURCE, 9))
ADMIN = MemberJoined(guild=SOURCE, user=INES, roles=(1001,))
SNAPSHOT = snapshot_of(RecordedBook(*PAST))


def taken(name: str = "new", creator: int = OWNER) -> BackupTaken:
    counts = Counts(roles=2, channels=1, bans=1)
    digest = SNAPSHOT.digest()
    return BackupTaken(
        backup=name, guild=SOURCE, creator=creator, at=5, digest=digest, counts=counts, label="before the fair"
    )


def take(*past: Event, user: int = OWNER, limit: int = 100) -> Story:
    story = given(*PAST, *past)
    return story.when(
        take_backup, backup="new", snapshot=SNAPSHOT, at=5, user=user, name="before the fair", limit=limit
    )


def test_the_owner_takes_a_backup_even_when_nobody_reported_it_as_a_member() -> None:
    take().then(taken())


def test_an_administrator_takes_a_backup() -> None:
    take(ADMIN, user=INES).then(taken(creator=INES))


def test_nobody_else_takes_a_backup() -> None:
    take(user=INES).refuses(NotAdministratorError)
    take(MemberJoined(guild=SOURCE, user=INES), user=INES).refuses(NotAdministratorError)


def test_there_is_no_backup_of_a_guild_that_is_unknown() -> None:
    given().when(take_backup, backup="new", snapshot=SNAPSHOT, at=5, user=OWNER).refuses(UnknownError)


def test_an_id_is_given_once_even_when_its_backup_is_gone() -> None:
    take().then(taken()).again().refuses(BackupIdTakenError)
    take(taken(), BackupDeleted(backup="new")).refuses(BackupIdTakenError)


def test_a_creator_has_only_so_many_backups_and_those_that_are_deleted_do_not_count() -> None:
    others = taken("one"), taken("two"), taken("three", creator=INES)
    take(*others, limit=2).refuses(TooManyBackupsError)
    take(*others, limit=3).then(taken())
    take(*others, BackupDeleted(backup="one"), limit=2).then(taken())
