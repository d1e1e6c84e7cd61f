"""Commands by which a bot says how it is."""

from typing import Any

from domain.fleet import aggregate
from domain.fleet.aggregate import OFFER, REPORT
from domain.kernel import Book


async def report_stats(
    book: Book, *, bot: int, shards: dict[str, dict[str, Any]], total_guilds: int, total_users: int | None = None
) -> None:
    """Report how a bot's shards are."""
    stream = REPORT.stream(bot)
    await book.last_position_about(stream)  # of its many reports only the end is needed, to write after it
    book.append(stream, aggregate.report_stats(bot, shards, total_guilds, total_users))


async def publish_commands(book: Book, *, bot: int, commands: tuple[dict[str, Any], ...]) -> None:
    """Offer these commands instead of those before."""
    offer = await book.load(OFFER, bot)
    book.append(OFFER.stream(bot), aggregate.publish_commands(offer, bot, commands))
