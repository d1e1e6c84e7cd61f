"""A restore of settings into a guild: that it was done. What it wrote bears its id, row by row."""

import msgspec

from domain.kernel import Entity, Event
from domain.settings.events import RestoreUndone, SettingsRestored


class Restore(msgspec.Struct, frozen=True):
    """A restore that wrote something, or the undoing of one, which can be undone as well."""

    id: str
    guild: int


def evolve(restore: Restore | None, event: Event) -> Restore | None:
    """Apply one event of a restore."""
    match event:
        case SettingsRestored() | RestoreUndone():
            return Restore(event.restore, event.guild)
        case _:
            return restore


RESTORE = Entity[Restore]("settings", evolve, kind="restore")
