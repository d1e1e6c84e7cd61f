"""A mapper of five hundred ids, as bots ask for it when a load is done."""

import asyncio
from collections.abc import Iterator
from hashlib import sha256

from bench import guildbook, load
from domain.apps.aggregate import BOT_SCOPES
from domain.apps.events import AppCreated, BotTokenReset
from domain.kernel import Book, Event
from domain.loads.events import IdsMapped, LoadFinished, LoadStarted, Pair
from store.migrate import migrate

BOT, SOURCE, TARGET, LOAD = 900, 7100, 7300, "ld_bench"
IDS = 500
SECRET = "b" * 43
PATH = f"/mappers?target={TARGET}&source={SOURCE}"
FIRST_ID = 10**18


def events() -> Iterator[tuple[str, Event]]:
    """A bot, and a load that has ended."""
    yield f"apps-{BOT}", AppCreated(app=BOT, name="bench", permissions=0, token_hash="")
    token_hash = sha256(SECRET.encode()).hexdigest()
    yield f"apps-{BOT}", BotTokenReset(app=BOT, token_hash=token_hash, scopes=BOT_SCOPES)
    where = {"load": LOAD, "source": SOURCE, "target": TARGET}
    asked = {"type": "backup", "user": 64, "backup": "bench"}
    yield f"loads-{LOAD}", LoadStarted(kind="internal", **where, **asked)
    yield f"loads-{LOAD}", IdsMapped(pairs=(Pair(str(SOURCE), str(TARGET), "guild"),), **where)
    pairs = tuple(Pair(str(FIRST_ID + number), str(2 * FIRST_ID + number)) for number in range(IDS - 1))
    yield f"loads-{LOAD}", IdsMapped(pairs=pairs, **where)
    yield f"loads-{LOAD}", LoadFinished(outcome="success", progress=1.0, **where, **asked)


def seed(url: str) -> None:
    """Fill the log."""
    migrate(url)
    asyncio.run(_seed(url))


async def _seed(url: str) -> None:
    async with guildbook.opened(url) as store:
        await store.execute(guildbook.ORIGIN, _write)


async def _write(book: Book) -> None:
    for stream, event in events():
        book.append(stream, [event])


def looks(address: str, seconds: float) -> load.Options:
    """Many callers who ask for it, again and again."""
    return load.Options(url=address, seconds=seconds, header=(f"Authorization: {BOT}.{SECRET}",))
