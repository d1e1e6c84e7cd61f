"""`guildbook backup` and `guildbook restore`: the book in files, and a book from them."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.copies import copy_into, into_option, reached, tell_copied
from cli.moments import POSITION_OR_TIME
from cli.output import tell
from cli.places import Place, data_option, opened
from cli.progress import progress as bar
from cli.verify import keys_from
from schemas.settings import PREFIX, read_settings

if TYPE_CHECKING:
    from store.backup_files import Manifest
    from store.notes import Checkpoint
    from store.restores import Backup

NONE = "none"

folder_type = click.Path(path_type=Path, file_okay=False)
file_type = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--to", "folder", type=folder_type, required=True, help="Folder of the backup.")
@click.option("--keys-to", "keys_folder", type=folder_type, help="Folder for the keys: another one, kept elsewhere.")
@data_option
def backup(data: Path, folder: Path, keys_folder: Path | None) -> None:
    """Back up the book: all of it at first, then what is new. It may run while the book is used.

    \b
    guildbook backup --to /backup/book --keys-to /safe/book-keys

    The log goes to one folder, the keys of what is sealed in it to the other: who has the first alone can read no name
    and no secret. Keys are wrapped by the master key, which is in neither: keep a copy of the file master.key, or of
    GUILDBOOK_MASTER_KEY, apart from both. Files are added and never changed; whatever is killed in the midst of it
    leaves the backup as it was, and the next run goes on.
    """
    if keys_folder and _overlap(folder, keys_folder):
        message = "--keys-to must be a folder apart from the backup: it is what a thief of the backup must not have."
        raise click.UsageError(message)
    with opened(data) as place:
        manifest = asyncio.run(_back_up(place, folder, keys_folder))
    last = manifest.segments[-1]
    click.echo(f"Backed up: {last.to} events, signed up to {last.signed}.")
    if not keys_folder:
        tell("no keys were saved (--keys-to): from this alone, whatever is sealed is restored as if it were erased")


def _overlap(one: Path, other: Path) -> bool:
    first, second = one.resolve(), other.resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


async def _back_up(place: Place, folder: Path, keys_folder: Path | None) -> "Manifest":
    from store.backup_files import BackupError
    from store.backups import back_up, back_up_keys
    from store.connections import connect

    try:
        async with await connect(place.url) as connection:
            await connection.execute("SET statement_timeout = 0")
            with bar("backing up") as told:
                manifest = await back_up(connection, folder, told)
            if keys_folder:
                await back_up_keys(connection, keys_folder, manifest)
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:  # also one that names no file, as of a disk that is full
        message = f"{error.filename or folder}: {error.strerror or error}"
        raise click.ClickException(message) from error
    return manifest


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--keys", "keys_folder", type=folder_type, help="Folder of the keys. Without it, sealed fields are blank."
)
@into_option
@click.option("--to", type=POSITION_OR_TIME, help="Only up to this position, or what was recorded before this time.")
@click.option(
    "--checkpoint",
    "checkpoints",
    metavar="FILE|none",
    multiple=True,
    help="Checkpoint of this book that you kept; may be repeated. `none`: nothing was ever signed.",
)
@click.option("--key", "key_texts", multiple=True, metavar="KEY", help="Public key that is trusted, as NAME+ID+BASE64.")
@click.option("--master-key", "master_key_file", type=file_type, help="The file master.key of the book.")
def restore(
    folder: Path,
    *,
    keys_folder: Path | None,
    into: str,
    to: int | datetime | None,
    checkpoints: Sequence[str],
    key_texts: Sequence[str],
    master_key_file: Path | None,
) -> None:
    """Make a book from a backup, in a place that has none.

    \b
    guildbook restore /backup/book --keys /safe/book-keys --master-key /safe/master.key --into new-book
    guildbook restore /backup/book --keys /safe/book-keys --into postgresql://guildbook@db/new --to 2026-02-03T10:20:31Z

    The tree grows anew from what is restored, and must be what was signed: in the last checkpoint of the backup, and in
    each that you kept. Otherwise it is refused, and nothing is left behind; a part of the backup (--to) is proved to be
    the beginning of all of it. Who was erased stays erased, also in a part from before. Nobody is told again what was
    told. The query tables are made in the end. The master key is that of GUILDBOOK_MASTER_KEY if no file is named.
    """
    master_key = _master_key(master_key_file, needed=keys_folder is not None)
    source, signed = _source(folder, keys_folder, master_key, checkpoints, key_texts)
    _refuse_beyond(source, to)
    if signed and not keys_folder and not key_texts:
        tell("without keys the checkpoint of the backup is its own word: name a key that you trust with --key")
    from store.copying import Extent

    with reached(into, master_key) as place:
        copied = asyncio.run(copy_into(place, source, Extent(to or source.head, signed)))
    tell_copied(copied, into, "Restored")


def _master_key(file: Path | None, *, needed: bool) -> bytes | None:
    from store.keys import load_master_key

    text = file.read_text() if file else read_settings(os.environ).master_key
    if text is None and needed:
        message = f"the keys open with the master key of the book only: name its file, or set {PREFIX}MASTER_KEY"
        raise click.ClickException(message)
    return load_master_key(None, text) if text else None


def _source(
    folder: Path,
    keys_folder: Path | None,
    master_key: bytes | None,
    checkpoints: Sequence[str],
    key_texts: Sequence[str],
) -> "tuple[Backup, list[Checkpoint]]":
    """Read the backup, and what it has to be."""
    from store.backup_files import BackupError
    from store.restores import open_backup, what_was_signed
    from store.signing_keys import ForeignKeyError

    try:
        kept = [Path(name).read_text() for name in checkpoints if name != NONE]
        source = open_backup(folder, keys_folder)
        own = source.own_keys(master_key) if master_key else []
        trusted = keys_from(key_texts) or own
        signed = what_was_signed(source, trusted, kept, may_be_unsigned=NONE in checkpoints)
    except (BackupError, ForeignKeyError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    return source, signed


def _refuse_beyond(source: "Backup", to: int | datetime | None) -> None:
    """Refuse a part that the backup does not have, or whose keys it does not have."""
    if isinstance(to, int) and to > source.head:
        message = f"the backup ends at {source.head}"
        raise click.ClickException(message)
    keys_end = source.keys.manifest.position if source.keys else source.head
    if keys_end < (to if isinstance(to, int) else source.head):
        message = f"the keys are older than the backup: run it once more, or restore --to {keys_end}"
        raise click.ClickException(message)
