"""`guildbook export`: events with all that proves them, in a folder that anybody can verify; and the verifying."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.places import Place, data_option, opened
from cli.progress import progress
from domain.catalogue import EVENTS
from domain.kernel import STREAM_CHARACTERS_MAX

if TYPE_CHECKING:
    from store.bundles import Manifest
    from store.event_store import EventStore
    from store.exporting import Order, Progress
    from store.notes import Checkpoint, VerifierKey

FINDINGS = 1


class Moment(click.ParamType[datetime]):
    """A time with an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401
        """Read it."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is no time with an offset, as 2026-02-03T10:20:31Z", param, ctx)
        return moment


@click.command()
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder.")
@click.option("--format", "kind", type=click.Choice(["ndjson", "csv", "parquet"]), default="ndjson", show_default=True)
@click.option("--stream", help="Only of this stream, as accounts-5.")
@click.option("--context", metavar="CONTEXT", help="Only of this context, as guilds.")
@click.option("--type", "type", metavar="TYPE", type=click.Choice(list(EVENTS)), help="Only of this type.")
@click.option("--actor", help="Only by this actor, as apps-310.")
@click.option("--guild", type=click.IntRange(0, 2**63 - 1), help="Only in this guild.")
@click.option("--since", type=Moment(), help="Only recorded then or later, as 2026-02-03T10:20:31Z.")
@click.option("--until", type=Moment(), help="Only recorded before.")
@click.option("--after", type=click.IntRange(0, 2**63 - 1), default=0, help="Begin after this position.")
@click.option("--up-to", type=click.IntRange(1, 2**63 - 1), help="End with this position.")
@click.option("--reveal", "reveals", is_flag=True, help="Add a column with what is sealed, opened. No proof covers it.")
@data_option
def export(data: Path, folder: Path, kind: Any, *, reveals: bool, **wanted: Any) -> None:  # noqa: ANN401 - of click
    """Write events into a folder, with the signed checkpoint and the proofs that they are in the book.

    \b
    guildbook export --to audit
    guildbook export --to audit-of-920 --format parquet --guild 920 --since 2026-01-01T00:00:00Z
    guildbook verify --bundle audit --key example.org/book+1eb44be7+AWq1...

    Whoever gets the folder verifies it so, without the book. What no checkpoint covers yet is left out. An export that
    was cut off goes on when the same command is given again. Taking events out is itself recorded. Without --reveal
    what is sealed stays sealed; the rest, hashes of tokens among it, is as it is stored, or nothing would be proved.
    """
    from store.exporting import Order
    from store.selection import Selection

    _refuse_long(wanted)
    order = Order(Selection(**wanted), kind, reveals)
    with opened(data) as place, progress("exporting") as told:
        manifest, head = asyncio.run(_export(place, order, folder, told))
    _say(manifest, head, folder)


def _refuse_long(wanted: dict[str, Any]) -> None:
    for name in ("stream", "context", "actor"):
        word = wanted[name]
        if word is not None and not (0 < len(word) <= STREAM_CHARACTERS_MAX and word.isprintable()):
            message = f"--{name} must be a word of at most {STREAM_CHARACTERS_MAX} characters."
            raise click.UsageError(message)


async def _export(place: Place, order: "Order", folder: Path, told: "Progress") -> "tuple[Manifest, int]":
    from cli.books import opened_store
    from store import exporting, log
    from store.bundles import BundleError
    from store.exporting import ExportError
    from store.folders import written_alone
    from store.notes import NoteError
    from store.proofs import NotSignedError
    from store.rows import ArrowMissingError, require
    from store.signing_keys import ForeignKeyError

    try:
        require(order.format)
        with written_alone(folder, BundleError):
            async with opened_store(place) as store:
                draft = exporting.begun(order, folder)
                if draft is None:
                    draft = await exporting.begin(store.pool, place.master_key, order, folder, datetime.now(UTC))
                async with store.pool.connection() as connection:
                    head = await log.head(connection)
                if not exporting.is_whole(folder):
                    await _record(store, draft)
                return await exporting.go_on(store, place.master_key, draft, folder, told), head
    except NotSignedError as error:
        message = "there is no checkpoint yet, and so no proof: `guildbook work notary` makes them"
        raise click.ClickException(message) from error
    except (ArrowMissingError, BundleError, ExportError, ForeignKeyError, NoteError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:  # also one that names no file, as of a disk that is full
        message = f"{error.filename or folder}: {error.strerror or error}"
        raise click.ClickException(message) from error


async def _record(store: "EventStore", draft: "Manifest") -> None:
    """Write down what is taken out, before it is."""
    from cli.books import ORIGIN
    from domain.permissions import OPERATOR
    from domain.privacy.commands import export_audit

    first = max(draft.place(), draft.selection.after) + 1
    what = {"query": draft.selection.recordable(), "kind": draft.format, "first": first, "last": draft.end()}
    await store.execute(ORIGIN, export_audit, reader=OPERATOR.name(), **what, reveals=draft.reveals)


def _say(manifest: "Manifest", head: int, folder: Path) -> None:
    click.echo(
        f"Exported {manifest.count} events of the {manifest.size} that {manifest.origin} signed for to {folder}."
    )
    left = head - manifest.size
    if manifest.selection.up_to is None and left > 0:
        click.echo(f"Left out: {left} recorded after that, which no checkpoint covered when the export began.")


# ---- verifying -------------------------------------------------------------------------------------------------------


def verify_bundle(
    folder: Path, keys: "list[VerifierKey]", kept: "Callable[[list[VerifierKey]], Sequence[Checkpoint]]"
) -> int:
    """Verify an export, print what does not hold, and return the exit code; `kept` reads what was kept elsewhere."""
    from store import bundle_verification
    from store.bundles import BundleError
    from store.rows import ArrowMissingError

    try:
        own = [] if keys else bundle_verification.keys_in(folder)
        trusted = keys or own
        with progress("verifying") as told:
            manifest, findings = bundle_verification.verify_bundle(folder, trusted, kept(trusted), told)
    except (ArrowMissingError, BundleError) as error:
        raise click.ClickException(str(error)) from error
    for position, text in findings:
        click.echo(f"position {position}: {text}" if position is not None else text)
    if findings:
        count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
        click.echo(f"The export is not what was recorded: {count}.")
        return FINDINGS
    click.echo(
        f"Verified: {manifest.count} events of the {manifest.size} that {ascii(manifest.origin)[1:-1]} signed for."
    )
    if manifest.reveals:
        click.echo("The column `revealed` is in no proof: it is the word of whoever made the export.")
    if own:
        click.echo("That rests on the key that the export itself names. With --key KEY it rests on one that you trust.")
    return 0
