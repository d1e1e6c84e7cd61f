"""`guildbook erase`: a person, an app or a guild's secrets, for good."""

from pathlib import Path

import click
import msgspec

from cli.output import tell
from cli.places import Place, data_option, opened
from schemas.privacy import Reference

subject_argument = click.argument("subject", metavar="SUBJECT")

WILL = {
    "accounts": "the account is deleted with its sessions and awards, and its names, pictures, addresses and reasons "
    "of bans can be read by nobody any more, wherever it is a member",
    "apps": "the app is deleted with its callbacks, and their secrets can be read by nobody any more",
    "guilds": "the passwords in its settings can be read by nobody any more; the guild itself stays",
}


def checked_reference(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Take a reference as the API would. Errors: BadParameter."""
    try:
        reference = msgspec.convert(text, Reference | None)
    except msgspec.ValidationError:
        reference = ""
    if reference is not None and not (reference and reference.isprintable()):
        message = "it must be 1 to 128 printable characters."
        raise click.BadParameter(message)
    return reference


@click.command()
@subject_argument
@click.option(
    "--reference",
    metavar="TEXT",
    callback=checked_reference,
    help="Names the request. It is kept for ever: not a person's name.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
def erase(subject: str, reference: str | None, data: Path, *, yes: bool) -> None:
    """Erase a person (accounts-ID), an app (apps-ID) or what is secret of a guild (guilds-guild-ID).

    \b
    guildbook erase accounts-204778476102877187 --reference "request 12"
    guildbook erase apps-7 --yes

    The log stays as it is, and every proof holds: what was personal in it was sealed by a key, and that is destroyed.
    Then the query tables are made anew without it, and deliveries, answers and files of the database are cleared. This
    is done by the worker `eraser`, or by this command where none runs; it ends when that is done. A copy of the keys
    that somebody kept elsewhere, as in a backup, has to be replaced there: `guildbook backup` does that.
    """
    import asyncio

    from domain.privacy.commands import require_subject

    context, _ = require_subject(subject)
    if not yes:
        click.confirm(f"{subject}: {WILL[context]}. This cannot be undone. Erase?", abort=True, err=True)
    with opened(data) as place:
        asyncio.run(_erase(place, subject, reference))


async def _erase(place: Place, subject: str, reference: str | None) -> None:
    from cli.books import ORIGIN, opened_store
    from store import erasure
    from workers.eraser import finish

    async with opened_store(place) as store:
        outcome = await erasure.erase(store, ORIGIN, subject, reference)
        position = (await erasure.standing_of(store, subject)).position
        tell(f"{subject} is erased; clearing what was made of it" if outcome.value else f"{subject} was erased already")
        store.forget()
        for step in await finish(place.url, store.keyring, position or 0):
            tell(f"this could not be done, so files of the database may hold what was deleted: {step}")
    click.echo(f"Erased: {subject}, at position {position}.")
