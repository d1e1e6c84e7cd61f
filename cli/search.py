"""`guildbook search`: which events fit, newest first."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from cli.looks import look, name, printable, searched
from cli.places import data_option
from domain.catalogue import EVENTS

if TYPE_CHECKING:
    from projections.search.queries import Hit, Wanted
    from store.event_store import EventStore

TIME = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z"])
BIGINT = click.IntRange(0, 2**63 - 1)


@click.command()
@click.argument("words", nargs=-1, callback=searched)
@click.option("--actor", callback=name, help="Only by this actor, as apps-310.")
@click.option("--type", type=click.Choice(list(EVENTS)), metavar="TYPE", help="Only of this type.")
@click.option("--context", callback=name, help="Only of this context, as guilds.")
@click.option("--stream", callback=name, help="Only of this stream, as guilds-guild-920.")
@click.option("--guild", type=BIGINT, help="Only in this guild.")
@click.option("--request", callback=name, help="Only what this request caused.")
@click.option("--since", type=TIME, help="Only recorded then or later, as 2026-02-03T10:20:31Z.")
@click.option("--until", type=TIME, help="Only recorded before.")
@click.option("--before", type=BIGINT, help="Only before this position.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Print at most this many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line.")
@data_option
def search(data: Path, words: str, as_json: bool, **asked: Any) -> None:  # noqa: ANN401, FBT001 - click's
    """Print the newest events with all of these WORDS: of types, streams, actors and request ids, and ids in the data.

    \b
    guildbook search role deleted --guild 920
    guildbook search 204778476102877187 --since 2026-02-01T00:00:00Z
    guildbook search --request 01JK3V4Q8S --json

    The last word may be begun. Nothing that is sealed is searched, so nobody is found by name. That you searched is
    recorded; `guildbook history STREAM` shows what an event changed.
    """
    from cli.books import operate
    from projections.search.queries import Wanted

    wanted = Wanted(q=words, **asked)
    operate(data, lambda store: _print(store, wanted, as_json=as_json))


async def _print(store: "EventStore", wanted: "Wanted", *, as_json: bool) -> None:
    from projections.search.queries import search
    from store.log import head

    async with store.pool.connection() as connection:
        end = await head(connection)  # what is recorded of this very search is not searched for
        before = end + 1 if wanted.before is None else wanted.before
        await look(store, f"search {wanted.text()}")
        hits = await search(connection, msgspec.structs.replace(wanted, before=before))
    for hit in hits:
        click.echo(msgspec.json.encode(hit).decode() if as_json else _line(hit))


def _line(hit: "Hit") -> str:
    at = hit.recorded_at.isoformat(timespec="milliseconds")
    return printable(f"{hit.position}  {at}  {hit.actor} ({hit.surface})  {hit.stream}@{hit.version}  {hit.type}")
