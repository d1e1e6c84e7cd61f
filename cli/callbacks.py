"""`guildbook callbacks`: who is told what happens, how that goes, and what to do when it does not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import print_table, tell
from cli.places import data_option
from schemas.callbacks import DELIVERY_STATES, STATUSES, CallbackFigures

if TYPE_CHECKING:
    from domain.callbacks.aggregate import Callback
    from projections.deliveries import Delivery
    from store.event_store import EventStore

Command = Callable[..., Awaitable[None]]
POSITION = click.IntRange(0, 2**63 - 1)

callback_argument = click.argument("callback", type=click.IntRange(1, 2**63 - 1), metavar="ID")


@click.group()
def callbacks() -> None:
    """Callbacks: bots that are told what happens, by signed webhooks.

    Bots add and edit them at /book/callbacks; here is what an operator needs besides. What is asked for here is done
    by the worker `callbacks`, as soon as one runs.

    \b
    guildbook callbacks list --status disabled    who is not sent to any more
    guildbook callbacks deliveries 7 --state dead what was given up
    guildbook callbacks resend msg_1205_7         one of them again
    guildbook callbacks resume 7                  all that it missed, in order
    guildbook callbacks replay 7 --after 1200     all from there on again
    """


@callbacks.command(name="list")
@click.option("--status", type=click.Choice(STATUSES), help="Only those that are in this status.")
@click.option("--bot", "app", type=POSITION, metavar="ID", help="Only those of this bot or app.")
@data_option
def list_callbacks(status: str | None, app: int | None, data: Path) -> None:
    """List callbacks: how many deliveries wait, arrived and were given up, and since when it fails.

    \b
    guildbook callbacks list
    guildbook callbacks list --bot 310000000000000007
    """
    from cli.books import operate
    from cli.callback_views import CALLBACK_HEAD, row_of

    async def found(store: "EventStore") -> "list[tuple[Callback, CallbackFigures]]":
        every = [each for each in await _all(store) if status in (None, each.status) and app in (None, each.app)]
        figures = await _figures(store, every)
        return [(each, figures[each.id]) for each in every]

    print_table(CALLBACK_HEAD, [row_of(each, figures) for each, figures in operate(data, found)])


async def _all(store: "EventStore") -> "list[Callback]":
    from cli.books import all_of
    from domain.callbacks.aggregate import CALLBACK

    return sorted(await all_of(store, CALLBACK), key=lambda each: each.id)


async def _figures(store: "EventStore", every: "list[Callback]") -> dict[int, CallbackFigures]:
    from projections.deliveries import figures_of

    async with store.pool.connection() as connection:
        return await figures_of(connection, {each.id: each.dialect for each in every})


@callbacks.command()
@callback_argument
@data_option
def show(callback: int, data: Path) -> None:
    """Show a callback and how it does. Its secret is known to nobody but its bot."""
    from cli.books import operate
    from cli.callback_views import lines_of

    async def found(store: "EventStore") -> "tuple[Callback, CallbackFigures]":
        one = await _known(store, callback)
        return one, (await _figures(store, [one]))[one.id]

    for name, value in lines_of(*operate(data, found)):
        click.echo(f"{name}: {value}")


async def _known(store: "EventStore", callback: int) -> "Callback":
    from domain.kernel import UnknownError

    for each in await _all(store):
        if each.id == callback:
            return each
    raise UnknownError("callbacks", callback)


@callbacks.command()
@callback_argument
@data_option
def pause(callback: int, data: Path) -> None:
    """Send nothing to a callback until it is resumed. Nothing is lost meanwhile."""
    from domain.callbacks.commands import pause_callback

    _do(data, callback, pause_callback)


@callbacks.command()
@callback_argument
@data_option
def resume(callback: int, data: Path) -> None:
    """Send again to a callback that was paused or disabled, beginning with what it missed."""
    from domain.callbacks.commands import resume_callback

    _do(data, callback, resume_callback)


@callbacks.command()
@callback_argument
@click.option("--reason", required=True, help="What its bot is told of why.")
@data_option
def disable(callback: int, reason: str, data: Path) -> None:
    """Send nothing to a callback, and say why. Its bot may resume it.

    \b
    guildbook callbacks disable 7 --reason "the receiver belongs to somebody else now"
    """
    from domain.callbacks.commands import disable_callback

    _do(data, callback, disable_callback, failing_since=datetime.now(UTC), reason=reason)


@callbacks.command()
@callback_argument
@click.option("--after", type=POSITION, required=True, help="The position of the log after which all is sent again.")
@data_option
def replay(callback: int, after: int, data: Path) -> None:
    """Send all that a callback wants after a position once more, in order, under the ids that it had.

    \b
    guildbook callbacks replay 7 --after 1200
    """
    from domain.callbacks.commands import replay_callback

    _do(data, callback, replay_callback, needs=after, after=after)


@callbacks.command(name="test")
@callback_argument
@data_option
def probe(callback: int, data: Path) -> None:
    """Send a callback the event that says so, whatever is filtered; `deliveries` shows how it went."""
    from domain.callbacks.commands import probe_callback

    _do(data, callback, probe_callback)


def _do(data: Path, callback: int, command: Command, *, needs: int = 0, **arguments: object) -> None:
    """Issue a command about a callback, and show what it is like afterwards; the log must be so long."""
    from cli.books import execute, operate
    from domain.callbacks.aggregate import CALLBACK

    async def done(store: "EventStore") -> "Callback":
        await _require_length(store, needs)
        one = await _known(store, callback)
        await execute(store, command, app=one.app, event=one.event, **arguments)
        return await store.peek(CALLBACK, one.app, one.event) or one

    after = operate(data, done)
    click.echo(f"Callback: {after.id}\nStatus: {after.status}")


async def _require_length(store: "EventStore", position: int) -> None:
    from store.log import head

    async with store.pool.connection() as connection:
        end = await head(connection)
    if position > end:
        message = f"the log ends at {end}"
        raise click.ClickException(message)


@callbacks.command()
@click.argument("delivery", metavar="DELIVERY")
@data_option
def resend(delivery: str, data: Path) -> None:
    """Send one delivery once more, under the id that it had.

    \b
    guildbook callbacks resend msg_1205_7
    """
    from cli.books import execute, operate
    from domain.callbacks.commands import resend_delivery

    async def done(store: "EventStore") -> None:
        found = await _resendable(store, delivery)
        await execute(store, resend_delivery, app=found.app, event=found.event, delivery=found.id)

    operate(data, done)
    tell(f"{delivery} is sent again")


async def _resendable(store: "EventStore", name: str) -> "Delivery":
    from projections.deliveries import delivery_by_id

    async with store.pool.connection() as connection:
        found = await delivery_by_id(connection, name) if name.isprintable() else None
    if found is None:
        message = f"there is no delivery {name}, or it was too long ago"
        raise click.ClickException(message)
    if found.state == "pending":
        message = f"{name} is on its way already"
        raise click.ClickException(message)
    if not found.is_resendable():
        message = f"what {name} said is not kept any more: it was for a Polympics callback, and is not waited for"
        raise click.ClickException(message)
    return found


@callbacks.command()
@callback_argument
@click.option("--state", type=click.Choice(DELIVERY_STATES), help="Only those in this state.")
@click.option("--before", type=POSITION, default=2**63 - 1, help="Only of events before this position of the log.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Print at most this many.")
@data_option
def deliveries(callback: int, state: str | None, before: int, limit: int, data: Path) -> None:
    """List what was sent to a callback, or is to be, the newest first, with how the last attempt went.

    \b
    guildbook callbacks deliveries 7 --state dead
    guildbook callbacks deliveries 7 --before 1200 --limit 100
    """
    from cli.books import operate
    from cli.callback_views import DELIVERY_HEAD, delivery_row_of
    from projections.deliveries import deliveries_of

    async def found(store: "EventStore") -> "list[Delivery]":
        await _known(store, callback)
        async with store.pool.connection() as connection:
            return await deliveries_of(connection, callback, before, limit, state=state)

    print_table(DELIVERY_HEAD, [delivery_row_of(each) for each in operate(data, found)])
