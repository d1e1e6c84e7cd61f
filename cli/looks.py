"""Whoever reads the trail from a terminal is written down as one who reads it over HTTP; and how it is printed."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import msgspec

from domain.kernel import STREAM_CHARACTERS_MAX

if TYPE_CHECKING:
    from store.event_store import EventStore

AN_INSTANT = timedelta(microseconds=1)
POSITION_MAX = 2**63 - 1
POSITION_DIGITS_MAX = 19
WORDS_CHARACTERS_MAX = 255


def moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int | datetime | None:
    """Read a position, or a time: of that the first instant after it."""
    if text is None:
        return None
    if text.isdecimal() and len(text) <= POSITION_DIGITS_MAX and int(text) <= POSITION_MAX:
        return int(text)
    try:
        when = msgspec.convert(text, datetime)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)) + AN_INSTANT
    except (msgspec.ValidationError, OverflowError) as error:
        message = f"{text!r} is no position and no time, as 2026-02-03T10:20:31Z."
        raise click.BadParameter(message) from error


async def look(store: "EventStore", query: str, *, reveals: bool = False) -> None:
    """Record that the operator reads the trail."""
    from cli.books import ORIGIN
    from domain.privacy.commands import read_trail

    wishes = {"reader": ORIGIN.actor, "query": query, "reveals": reveals, "at": datetime.now(UTC)}
    await store.execute(ORIGIN, read_trail, **wishes)


async def look_at_stream(store: "EventStore", stream: str, *, reveals: bool, by: str = "stream") -> None:
    """Record that the operator reads what happened to an entity."""
    from store.history import recordable_stream

    await look(store, f"{by} {await recordable_stream(store, stream)}", reveals=reveals)


async def position_of(store: "EventStore", when: int | datetime) -> int:
    """Return the position of the last event before a time."""
    from store.listing import position_before

    if isinstance(when, int):
        return when
    async with store.pool.connection() as connection:
        return await position_before(connection, when)


def word(value: object) -> str:
    """Write a value on one line; what a terminal would obey is escaped, and what is not shown named."""
    from store.differences import Withheld

    if isinstance(value, Withheld):
        return f"({value.withheld})"
    text = msgspec.json.encode(value).decode()
    return text if text.isprintable() else ascii(value)


def printable(text: str) -> str:
    """Return a line of what was recorded; what a terminal would obey is escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]


def searched(_context: click.Context, _option: click.Parameter, words: tuple[str, ...]) -> str:
    """Read the words that are searched for, as the API would."""
    text = " ".join(words)
    if len(text) > WORDS_CHARACTERS_MAX or not text.isprintable():
        message = f"{text[:40]!a} is no text, or more than {WORDS_CHARACTERS_MAX} characters."
        raise click.BadParameter(message)
    return text


def name(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    """Read what something is called."""
    if text is not None and not (len(text) <= STREAM_CHARACTERS_MAX and text.isprintable()):
        message = f"{text!a} is too long, or no text: nothing is called so."
        raise click.BadParameter(message)
    return text
