"""`guildbook events`: the log, as it was written."""

import asyncio
from contextlib import suppress
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from cli.looks import look_at_stream, name, word
from cli.places import Place, data_option, opened
from domain.catalogue import EVENTS

if TYPE_CHECKING:
    from store.event_store import EventStore
    from store.listing import Stored
    from store.signals import Signal

BATCH_EVENTS = 500
POLL_SECONDS = 1.0
BOX = "sealed"


class Wanted(NamedTuple):
    """What is to be shown, and how."""

    after: int
    limit: int | None
    stream: str | None
    kind: str | None
    follows: bool
    reveals: bool
    as_json: bool


@click.command()
@click.option("--after", type=click.IntRange(0), default=0, show_default=True, help="Begin after this position.")
@click.option("--limit", type=click.IntRange(1), help="Print at most this many.")
@click.option("--stream", callback=name, help="Only of this stream, as accounts-5.")
@click.option("--type", "kind", metavar="TYPE", type=click.Choice(list(EVENTS)), help="Only of this type.")
@click.option("--follow", "follows", is_flag=True, help="Wait for more, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line.")
@click.option("--reveal", "reveals", is_flag=True, help="Open personal fields too.")
@data_option
def events(data: Path, **wanted: Any) -> None:  # noqa: ANN401 - the fields of Wanted, as click names them
    """Print the log in order: position, time, actor, stream and version, type, fields.

    \b
    guildbook events --stream accounts-204778476102877187 --reveal
    guildbook events --type awards.AwardGranted --json
    guildbook events --after 1200 --follow

    That you opened personal fields is recorded.
    """
    chosen = Wanted(**wanted)
    expected = (KeyboardInterrupt,) if chosen.follows else ()
    with opened(data) as place, suppress(*expected):
        asyncio.run(_print(place, chosen))


async def _print(place: Place, wanted: Wanted) -> None:
    from cli.books import opened_store
    from store.signals import APPENDED, Signal

    signal, stopped = Signal(place.url, APPENDED), asyncio.Event()
    if wanted.follows:
        _stop_at_interrupt(stopped, signal)
    async with opened_store(place) as store:
        if wanted.reveals:
            await look_at_stream(store, wanted.stream or wanted.kind or "all", reveals=True, by="events")
        listening = asyncio.create_task(signal.run()) if wanted.follows else None
        left, after = wanted.limit, wanted.after
        while left != 0 and not stopped.is_set():
            batch, after = await _next(store, wanted, after, min(left or BATCH_EVENTS, BATCH_EVENTS))
            for stored in batch:
                click.echo(await _line(stored, store, wanted))
            left = None if left is None else left - len(batch)
            if batch:
                continue
            if listening is None:
                break
            await signal.wait(POLL_SECONDS)
        if listening:
            listening.cancel()


def _stop_at_interrupt(stopped: asyncio.Event, signal: "Signal") -> None:
    """Stop at Ctrl-C, and at once at a second one. A connection's pool may lose a cancellation before Python 3.12."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.remove_signal_handler(SIGINT)
        stopped.set()
        signal.wake()

    loop.add_signal_handler(SIGINT, stop)


async def _next(store: "EventStore", wanted: Wanted, after: int, count: int) -> "tuple[list[Stored], int]":
    """Return the next events that are wanted, and the position up to which there are no others."""
    from store.listing import stored_events
    from store.log import head

    async with store.pool.connection() as connection:
        end = await head(connection)
        batch = await stored_events(connection, after, count, stream=wanted.stream, kind=wanted.kind)
    if len(batch) == count:
        return batch, batch[-1].position
    return batch, max(after, end, batch[-1].position if batch else 0)


async def _line(stored: "Stored", store: "EventStore", wanted: Wanted) -> str:
    from store.codec import decode_meta

    fields = await _opened(stored, store) if wanted.reveals else _closed(stored)
    actor = decode_meta(stored.meta).actor
    if wanted.as_json:
        shown = stored._asdict() | {"data": fields, "meta": msgspec.Raw(stored.meta)}
        return msgspec.json.encode(shown).decode()
    text = " ".join(f"{name}={word(value)}" for name, value in fields.items())
    at = stored.recorded_at.isoformat(timespec="milliseconds")
    return f"{stored.position}  {at}  {actor}  {stored.stream}@{stored.version}  {stored.type}  {text}".rstrip()


async def _opened(stored: "Stored", store: "EventStore") -> dict[str, Any]:
    from store.codec import UndecodableEvent, decode_what_can_be

    [event] = await decode_what_can_be([(stored.type, stored.data)], store.keyring)
    return _closed(stored) if isinstance(event, UndecodableEvent) else msgspec.to_builtins(event)


def _closed(stored: "Stored") -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.json.decode(stored.data)
    return {name: "…" if name == BOX else value for name, value in fields.items()}
