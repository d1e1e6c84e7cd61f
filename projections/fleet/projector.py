"""Keeps the tables `fleet_stats` and `fleet_commands`: the newest word of each bot."""

from collections.abc import Sequence
from datetime import datetime
from importlib import resources
from typing import Any

import msgspec

from domain.fleet.events import CommandsPublished, StatsReported
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class StatsRow(msgspec.Struct, frozen=True):
    """A row of `fleet_stats`, in the order of its columns."""

    bot: int
    shards: dict[str, dict[str, Any]]
    total_guilds: int
    total_users: int | None
    reported_at: datetime


class CommandsRow(msgspec.Struct, frozen=True):
    """A row of `fleet_commands`, in the order of its columns."""

    bot: int
    commands: Sequence[dict[str, Any]]


def evolve_stats(row: StatsRow | None, recorded: Recorded) -> StatsRow | None:
    """Apply one event of a bot."""
    match recorded.event:
        case StatsReported() as event:
            return StatsRow(event.bot, event.shards, event.total_guilds, event.total_users, recorded.recorded_at)
        case _:
            return row


def evolve_commands(row: CommandsRow | None, recorded: Recorded) -> CommandsRow | None:
    """Apply one event of a bot."""
    match recorded.event:
        case CommandsPublished() as event:
            return CommandsRow(event.bot, event.commands)
        case _:
            return row


def _bot(event: StatsReported | CommandsPublished) -> Key:
    return (event.bot,)


STATS = RowSet[StatsRow](
    row=StatsRow,
    keys={StatsReported: _bot},
    evolve=evolve_stats,
    save="""
        INSERT INTO fleet_stats (bot, shards, total_guilds, total_users, reported_at)
        SELECT bot, shards, total_guilds, total_users, reported_at
        FROM json_populate_recordset(NULL::fleet_stats, %s)
        ON CONFLICT (bot) DO UPDATE SET
            (shards, total_guilds, total_users, reported_at) = (
                EXCLUDED.shards, EXCLUDED.total_guilds, EXCLUDED.total_users, EXCLUDED.reported_at
            )
    """,
    delete="DELETE FROM fleet_stats WHERE bot = ANY(%b)",
)

COMMANDS = RowSet[CommandsRow](
    row=CommandsRow,
    keys={CommandsPublished: _bot},
    evolve=evolve_commands,
    save="""
        INSERT INTO fleet_commands (bot, commands)
        SELECT bot, commands
        FROM json_populate_recordset(NULL::fleet_commands, %s)
        ON CONFLICT (bot) DO UPDATE SET commands = EXCLUDED.commands
    """,
    delete="DELETE FROM fleet_commands WHERE bot = ANY(%b)",
)

PROJECTOR = Projector(
    name="fleet", tables=(resources.files("projections.fleet") / "tables.sql").read_text(), rows=(STATS, COMMANDS)
)
