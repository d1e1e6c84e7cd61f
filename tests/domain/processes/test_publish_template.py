"""A template is published by who may do everything in the guild, of the guild as it is or of an own backup."""

from domain.backups.aggregate import BackupNotYoursError
from domain.backups.events import BackupDeleted
from domain.kernel import Event, UnknownError
from domain.processes.publish_template import publish_template
from domain.processes.require_administrator import NotAdministratorError
from domain.templates.aggregate import TemplateIdTakenError
from domain.templates.events import Counts, TemplatePublished, TemplateWithdrawn
from tests.domain.book import RecordedBook, Story, given
from tests.domain.load_world import BACKUP_ID, INES, OWNER, SOURCE, backup_of, channel, guild, role, snapshot_of

NAME = "pQ7nB2xLm4Tz"
PAST = (guild(SOURCE), role(SOURCE, "@everyone"), channel(1100))
SNAPSHOT = snapshot_of(RecordedBook(*PAST))
BACKUP = backup_of(PAST, at=3)


def published(backup: str | None = None) -> TemplatePublished:
    return TemplatePublished(
        template=NAME,
        guild=SOURCE,
        creator=OWNER,
        at=3,
        digest=SNAPSHOT.digest(),
        name="Azores",
        description="A club",
        backup=backup,
        counts=Counts(roles=1, channels=1),
    )


def publish(*past: Event, user: int = OWNER, backup: str | None = None) -> Story:
    told = {"name": "Azores", "description": "A club", "backup": backup}
    return given(*past).when(publish_template, template=NAME, snapshot=SNAPSHOT, at=3, user=user, **told)


def test_a_guild_is_published_as_it_is() -> None:
    publish(*PAST).then(published()).again().refuses(TemplateIdTakenError)


def test_a_backup_is_published_by_its_creator() -> None:
    publish(*PAST, BACKUP, backup=BACKUP_ID).then(published(BACKUP_ID))
    publish(*PAST, BACKUP, backup=BACKUP_ID, user=INES).refuses(BackupNotYoursError)


def test_a_backup_that_is_not_there_is_not_published() -> None:
    publish(*PAST, backup=BACKUP_ID).refuses(UnknownError)
    publish(*PAST, BACKUP, BackupDeleted(backup=BACKUP_ID), backup=BACKUP_ID).refuses(UnknownError)


def test_only_who_may_do_everything_in_the_guild_publishes_it() -> None:
    publish(*PAST, user=INES).refuses(NotAdministratorError)
    publish(*PAST, backup_of(PAST, creator=INES, at=3), backup=BACKUP_ID, user=INES).refuses(NotAdministratorError)
    publish().refuses(UnknownError)


def test_the_id_of_a_template_that_was_withdrawn_is_not_given_again() -> None:
    publish(*PAST, published(), TemplateWithdrawn(template=NAME)).refuses(TemplateIdTakenError)
