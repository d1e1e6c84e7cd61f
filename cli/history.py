"""`guildbook history`: what happened to one entity, and what it was."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from cli.looks import look_at_stream, moment, name, position_of, printable, word
from cli.output import tell
from cli.places import data_option

if TYPE_CHECKING:
    from store.event_store import EventStore
    from store.history import Step


class Wanted(NamedTuple):
    """What is to be shown, and how."""

    stream: str
    as_of: int | datetime | None
    reveals: bool
    as_json: bool


@click.command()
@click.argument("stream", callback=name)
@click.option("--as-of", metavar="POSITION|TIME", callback=moment, help="Print what it was then instead.")
@click.option("--reveal", "reveals", is_flag=True, help="Open personal fields and addresses too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line.")
@data_option
def history(data: Path, **wanted: Any) -> None:  # noqa: ANN401 - the fields of Wanted, as click names them
    """Print who did what to an entity when, and what each event changed; or what it was.

    \b
    guildbook history accounts-204778476102877187 --reveal
    guildbook history guilds-guild-920 --as-of 2026-02-03T10:20:31Z
    guildbook history apps-310 --as-of 1200 --json

    A stream is named as `guildbook events` prints it. That you looked is recorded; nobody is shown passwords, tokens,
    or their hashes. What is sealed or erased is said to be.
    """
    from cli.books import operate

    chosen = Wanted(**wanted)
    operate(data, lambda store: _print(store, chosen))


async def _print(store: "EventStore", wanted: Wanted) -> None:
    await look_at_stream(store, wanted.stream, reveals=wanted.reveals)
    if wanted.as_of is None:
        await _print_steps(store, wanted)
    else:
        await _print_state(store, wanted, await position_of(store, wanted.as_of))


async def _print_steps(store: "EventStore", wanted: Wanted) -> None:
    from store.history import steps_of

    is_there = False
    async for step in steps_of(store, wanted.stream, reveals=wanted.reveals):
        click.echo(msgspec.json.encode(step).decode() if wanted.as_json else _text(step))
        is_there = True
    if not is_there:
        tell(f"there is no stream {wanted.stream}")
        raise SystemExit(1)


async def _print_state(store: "EventStore", wanted: Wanted, position: int) -> None:
    from store.history import past_of

    state, step = await past_of(store, wanted.stream, position, reveals=wanted.reveals)
    if wanted.as_json:
        click.echo(msgspec.json.encode({"position": position, "state": state, "step": step}).decode())
    elif step is None or state is None:
        click.echo(f"Nothing at position {position}.")
    else:
        click.echo(f"At position {position}, since {step.position}:")
        for field, value in state.items():
            click.echo(printable(f"    {field}: {word(value)}"))


def _text(step: "Step") -> str:
    at = step.recorded_at.isoformat(timespec="milliseconds")
    where = "" if step.address is None else f" from {word(step.address)}"
    head = f"{step.position}  {at}  {step.actor} ({step.surface}){where}  {step.stream}@{step.version}  {step.type}"
    fault = [f"    cannot be decoded: {step.fault}"] if step.fault else []
    changes = [f"    {each.path}: {word(each.before)} -> {word(each.after)}" for each in step.changes]
    return "\n".join(map(printable, (head, *fault, *changes)))
