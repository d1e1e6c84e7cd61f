"""Putting a copy of a book into a new place: a folder, which gets a PostgreSQL of its own, or an empty database."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import tell
from cli.places import Place, make_folder
from cli.progress import progress as bar
from schemas.settings import Settings

if TYPE_CHECKING:
    from store.copying import Copied, Extent, Source

NOT_MADE = "not made yet"

into_option = click.option(
    "--into",
    required=True,
    metavar="DIR|URL",
    help="New folder, or URL of an empty database. A place that has a book is refused.",
)


@contextmanager
def reached(into: str, master_key: bytes | None) -> Generator[Place]:
    """Reach the place for as long as the block lasts; a folder is made, with the master key or one of its own in it."""
    from store.keys import KEY_BYTES, load_master_key, put_master_key

    if "://" in into:
        from store.connections import check_url

        check_url(into)
        yield Place(Settings(), into, master_key or os.urandom(KEY_BYTES), [])
        return
    from store.embedded import attach

    folder = make_folder(Path(into))
    if master_key:
        put_master_key(folder, master_key)
    postgres = attach(folder, on_progress=tell)
    try:
        yield Place(Settings(), postgres.url, load_master_key(folder, None), [])
    finally:
        postgres.detach()


async def copy_into(place: Place, source: "Source", extent: "Extent") -> "Copied":
    """Copy a book, and make the query tables of the copy. Errors: ClickException."""
    from cli.books import opened_store
    from projections.catalogue import PROJECTORS
    from projections.rebuild import rebuild
    from store.backup_files import BackupError
    from store.copying import CopyError, copy_book

    try:
        with bar("copying") as told:
            copied = await copy_book(place.url, source, extent, _readers(), told)
    except (CopyError, BackupError) as error:
        raise click.ClickException(str(error)) from error
    with bar("making query tables") as told:
        async with opened_store(place) as store:
            await rebuild(place.url, store.keyring, PROJECTORS, told)
    return copied


def _readers() -> Mapping[str, str]:
    """Return who begins where the copy ends: whoever tells the world of events, and the tables that are to be made."""
    from projections.catalogue import PROJECTORS
    from workers.callbacks import cursors

    return {cursors.READER: "", **{projector.name: NOT_MADE for projector in PROJECTORS}}


def tell_copied(copied: "Copied", into: str, of: str) -> None:
    """Say what there is now, and what to do with it."""
    signed = f", as the checkpoint of {max(copied.held_against)} says" if copied.held_against else ", not signed"
    click.echo(f"{of}: {copied.position} events{signed}; {copied.keys} keys.")
    here = f"guildbook verify --data {into}" if "://" not in into else "guildbook verify, where it is now"
    click.echo(f"See for yourself: {here}")
