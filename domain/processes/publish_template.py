"""Publish a guild, as it is or as a backup has it, as a template that everybody may load."""

from domain.backups.aggregate import BACKUP, require_creator
from domain.kernel import Book, load_known
from domain.processes.require_administrator import require_administrator
from domain.processes.snapshot import Snapshot
from domain.templates import aggregate
from domain.templates.aggregate import TEMPLATE, Template, TemplateIdTakenError
from domain.templates.events import Counts


async def publish_template(
    book: Book,
    *,
    template: str,
    snapshot: Snapshot,
    at: int,
    user: int,
    name: str,
    description: str = "",
    backup: str | None = None,
) -> Template:
    """Publish a template under a new id; `snapshot` is the guild as it was at position `at`: with `backup`, at its.

    Errors: UnknownError (no such guild or backup), NotAdministratorError, BackupNotYoursError;
    TemplateIdTakenError: try another id.
    """
    guild = snapshot.guild.id
    if backup is not None:
        taken = await load_known(book, BACKUP, backup)
        require_creator(taken, user)
        assert (taken.guild, taken.at) == (guild, at), (taken, at)
    await require_administrator(book, guild, user)
    if await book.last_position(TEMPLATE, template):
        raise TemplateIdTakenError
    wanted = Template(
        id=template,
        guild=guild,
        creator=user,
        at=at,
        digest=snapshot.digest(),
        name=name,
        description=description,
        backup=backup,
        counts=Counts(len(snapshot.roles), len(snapshot.channels)),
    )
    book.append(TEMPLATE.stream(template), aggregate.publish_template(wanted))
    return wanted
