"""The events of a bot's own reports."""

from typing import Any, ClassVar

import msgspec

from domain.kernel import Event


class StatsReported(Event, frozen=True):
    """A bot said how its shards are; `shards` by number, each as the wire has it."""

    stored_type: ClassVar[str] = "fleet.StatsReported"
    bot: int
    shards: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict[str, dict[str, Any]])
    total_guilds: int = 0
    total_users: int | None = None


class CommandsPublished(Event, frozen=True):
    """A bot said which commands it offers, each as the wire has it."""

    stored_type: ClassVar[str] = "fleet.CommandsPublished"
    bot: int
    commands: tuple[dict[str, Any], ...] = ()


EVENTS: tuple[type[Event], ...] = (StatsReported, CommandsPublished)
