"""`guildbook verify`: whether the log is what was recorded, by its own proofs and by those that others kept."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.places import Place, data_option, opened
from cli.progress import progress

if TYPE_CHECKING:
    from store.notes import Checkpoint, VerifierKey
    from store.verification import Progress, Verdict

FINDINGS = 1

file_type = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--proof", type=file_type, help="Verify one event by its proof file, without the book.")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Verify an export, the folder of `guildbook export`, without the book.",
)
@click.option("--key", "key_texts", multiple=True, metavar="KEY", help="Public key that is trusted, as NAME+ID+BASE64.")
@click.option("--checkpoint", type=file_type, help="Trust this checkpoint instead of the one in the proof file.")
@click.option(
    "--against", type=file_type, multiple=True, help="Checkpoint of this book that you kept; may be repeated."
)
@data_option
@click.pass_context
def verify(
    context: click.Context,
    data: Path,
    *,
    proof: Path | None,
    bundle: Path | None,
    key_texts: Sequence[str],
    checkpoint: Path | None,
    against: Sequence[Path],
) -> None:
    """Verify the whole log: each event, its place, its tree, and everything that was signed of it.

    \b
    guildbook verify
    guildbook verify --against kept.checkpoint --key example.org/book+1eb44be7+AWq1...
    guildbook verify --proof 5.tlog-proof --key example.org/book+1eb44be7+AWq1...
    guildbook verify --bundle audit --key example.org/book+1eb44be7+AWq1...

    What does not fit is printed with its position, and the exit code is 1; it is 3 when the database cannot be used, so
    that nothing is known. Without --key, the keys of the book count as far as its master key sealed them. History that
    was rewritten together with all that was signed of it is found against a checkpoint that you kept elsewhere, and in
    no other way. The links, by which streams about somebody are found, are held against the log too.
    """
    keys = keys_from(key_texts)
    if bundle and (proof or checkpoint):
        message = "--bundle goes with --key and --against only."
        raise click.UsageError(message)
    if bundle:
        from cli.export import verify_bundle

        context.exit(verify_bundle(bundle, keys, lambda trusted: [_kept(file, trusted) for file in against]))
    if proof and against:
        message = "--against goes with the whole log; one event is verified by --checkpoint FILE."
        raise click.UsageError(message)
    if proof:
        _verify_proof(proof, keys, checkpoint)
        return
    if checkpoint:
        message = "--checkpoint goes with --proof; the whole log is verified --against FILE."
        raise click.UsageError(message)
    with opened(data) as place, progress("verifying") as told:
        verdict = asyncio.run(_verify_log(place, keys, against, told))
    context.exit(_tell(verdict))


def keys_from(texts: Sequence[str]) -> "list[VerifierKey]":
    """Read public keys. Errors: UsageError."""
    from store.notes import NoteError, read_key

    try:
        return [read_key(text) for text in texts]
    except NoteError as error:
        raise click.UsageError(str(error)) from error


def _kept(file: Path, keys: "Sequence[VerifierKey]") -> "Checkpoint":
    from store.notes import NoteError, opened

    try:
        return opened(file.read_text(), keys)
    except (NoteError, UnicodeDecodeError) as error:
        message = f"{file}: {error}"
        raise click.ClickException(message) from error


async def _verify_log(
    place: Place, keys: "Sequence[VerifierKey]", against: Sequence[Path], told: "Progress"
) -> "Verdict":
    from store.connections import connect
    from store.signing_keys import trusted_keys
    from store.verification import verify, verify_by_own_keys

    async with await connect(place.url) as connection:
        if keys:
            return await verify(connection, keys, [_kept(file, keys) for file in against], told)
        own, _ = await trusted_keys(connection, place.master_key)
        return await verify_by_own_keys(connection, place.master_key, [_kept(file, own) for file in against], told)


def _tell(verdict: "Verdict") -> int:
    """Print what was found, and return the exit code."""
    for position, text in verdict.findings:
        click.echo(f"position {position}: {text}" if position is not None else text)
    left = verdict.head - verdict.signed
    open_end = f"; {left} after that wait to be signed" if left > 0 else ""
    if verdict.findings:
        click.echo(f"The log is not what was recorded: {_counted(len(verdict.findings))} in {verdict.head} events.")
        return FINDINGS
    click.echo(f"Verified: {verdict.head} events, signed up to {verdict.signed}{open_end}.")
    return 0


def _counted(findings: int) -> str:
    return "1 finding" if findings == 1 else f"{findings} findings"


def _verify_proof(file: Path, keys: "list[VerifierKey]", checkpoint: Path | None) -> None:
    """Verify one event, and print it."""
    from store.proofs import ProofError, checked, read_proof

    if not keys:
        message = "say with --key whose signature you trust; `guildbook signing-keys` prints it, and /book/keys."
        raise click.UsageError(message)
    try:
        kept = _kept(checkpoint, keys) if checkpoint else None
        leaf, signed = checked(read_proof(file.read_text()), keys, kept)
    except (ProofError, UnicodeDecodeError) as error:
        message = f"{file}: {error}"
        raise click.ClickException(message) from error
    at = leaf.recorded_at.isoformat(timespec="milliseconds")
    data = ascii(leaf.data.decode(errors="backslashreplace"))[1:-1]
    click.echo(f"{leaf.position}  {at}  {leaf.stream}@{leaf.version}  {leaf.type}  {data}")
    click.echo(f"Verified: it is event {leaf.position} of the {signed.size} that {signed.origin} signed for.")
