"""`guildbook prove`, `checkpoint` and `signing-keys`: what somebody takes away to verify the book without it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.places import Place, data_option, opened

T = TypeVar("T")


def _ask(data: Path, question: Callable[[Place, Any], Coroutine[Any, Any, T]]) -> T:
    """Ask the book's database."""
    from store.connections import connect

    async def asked(place: Place) -> T:
        async with await connect(place.url) as connection:
            return await question(place, connection)

    with opened(data) as place:
        return asyncio.run(asked(place))


@click.command()
@click.argument("position", type=click.IntRange(1))
@click.option("--size", type=click.IntRange(1), help="Prove it by the checkpoint of this size, not by the newest.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File; default: POSITION.tlog-proof.")
@data_option
def prove(position: int, data: Path, *, size: int | None, output: Path | None) -> None:
    """Write a file that proves an event: the event as it is stored, the way to the root, and the signed checkpoint.

    \b
    guildbook prove 5
    guildbook verify --proof 5.tlog-proof --key example.org/book+1eb44be7+AWq1...

    It is a C2SP tlog-proof. What is sealed stays sealed in it, but the rest can be read by whoever has the file.
    """
    from store.merkle import TileMissingError
    from store.proofs import NotSignedError, ProofError
    from store.proofs import prove as proof_of

    try:
        proof = _ask(data, lambda _, connection: proof_of(connection, position, size))
    except NotSignedError as error:
        message = f"no checkpoint {f'of {size} ' if size else ''}covers position {position}: {error}"
        raise click.ClickException(message) from error
    except (ProofError, TileMissingError) as error:
        message = f"position {position} is not what was recorded, or its tree is not whole: run `guildbook verify`"
        raise click.ClickException(message) from error
    file = output or Path(f"{position}.tlog-proof")
    file.write_text(proof.text())
    click.echo(f"Wrote {file}: position {position} of {_size_of(proof.note)}.")


def _size_of(note: str) -> str:
    return note.split("\n")[1]


@click.command()
@click.option("--size", type=click.IntRange(1), help="That of this size, not the newest.")
@data_option
def checkpoint(data: Path, *, size: int | None) -> None:
    """Print the newest signed checkpoint. Who keeps it elsewhere can hold the book to it.

    \b
    guildbook checkpoint > kept.checkpoint
    guildbook verify --against kept.checkpoint
    """
    from store.proofs import NotSignedError, covering_checkpoint

    try:
        found = _ask(data, lambda _, connection: covering_checkpoint(connection, size or 1, size))
    except NotSignedError as error:
        message = "there is no such checkpoint: `guildbook work notary` makes them"
        raise click.ClickException(message) from error
    click.echo(found.note, nl=False)


@click.command("signing-keys")
@click.option("--rotate", is_flag=True, help="Make a new key first, which signs from now on.")
@data_option
def signing_keys(data: Path, *, rotate: bool) -> None:
    """Print the public keys of checkpoints, the newest last; older ones hold for what they signed.

    \b
    guildbook signing-keys
    guildbook signing-keys --rotate

    The first checkpoint after a rotation bears the signatures of both keys.
    """
    from store.signing_keys import published_keys
    from store.signing_keys import rotate as rotate_key

    if rotate:
        _ask(data, lambda at, connection: rotate_key(connection, at.master_key, at.settings.checkpoint_name()))
    for published in _ask(data, lambda _, connection: published_keys(connection)):
        click.echo(published.key.text())
