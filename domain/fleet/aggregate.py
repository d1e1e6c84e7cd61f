"""The rules of a bot's reports: the newest counts, and what is said again needs no second word."""

from typing import Any

import msgspec

from domain.fleet.events import CommandsPublished, StatsReported
from domain.kernel import Entity, Event

Wire = dict[str, Any]


class Offer(msgspec.Struct, frozen=True):
    """The commands that a bot offers, each as the wire has it."""

    bot: int
    commands: tuple[Wire, ...]


class Report(msgspec.Struct, frozen=True):
    """How a bot said last that its shards are."""

    bot: int
    shards: dict[str, Wire]
    total_guilds: int
    total_users: int | None


# How events change what is known. The names of the events are stored for ever.


def evolve_offer(offer: Offer | None, event: Event) -> Offer | None:
    """Apply one event."""
    return Offer(event.bot, event.commands) if isinstance(event, CommandsPublished) else offer


def evolve_report(report: Report | None, event: Event) -> Report | None:
    """Apply one event."""
    match event:
        case StatsReported(bot=bot, shards=shards, total_guilds=total_guilds, total_users=total_users):
            return Report(bot, shards, total_guilds, total_users)
        case _:
            return report


# Kept apart: reports are without end, and who offers commands should not have to read them.
OFFER = Entity[Offer]("fleet", evolve_offer, kind="commands")
REPORT = Entity[Report]("fleet", evolve_report, kind="stats")


# What may happen next.


def report_stats(bot: int, shards: dict[str, Wire], total_guilds: int, total_users: int | None) -> list[Event]:
    """Report; the same once more is news too, since it says that it is still so."""
    return [StatsReported(bot=bot, shards=shards, total_guilds=total_guilds, total_users=total_users)]


def publish_commands(offer: Offer | None, bot: int, commands: tuple[Wire, ...]) -> list[Event]:
    """Offer these commands instead of those before."""
    return [] if offer and offer.commands == commands else [CommandsPublished(bot=bot, commands=commands)]
