"""What a guild held at a position of the log: this is what a backup or template stands for."""

import hashlib
from functools import cache
from typing import cast

import msgspec

from domain.backups.events import Counts
from domain.guilds.aggregate import Ban, Channel, Guild, Role


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A guild with all that it held, roles, channels and bans by id; of its setting rows only how many."""

    guild: Guild
    roles: tuple[Role, ...] = ()
    channels: tuple[Channel, ...] = ()
    bans: tuple[Ban, ...] = ()
    rows: int = 0

    def counts(self) -> Counts:
        """Return how much it holds."""
        return Counts(len(self.roles), len(self.channels), len(self.bans), self.rows)

    def digest(self) -> str:
        """Return the SHA-256 (hex) of guild, roles and channels. What may be erased, the bans, is not in it."""
        told = [_told(self.guild), _told(self.roles), _told(self.channels)]
        return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()


def _told(value: object) -> object:
    """Leave out what is as it is when nobody says anything: so a field that is added later changes no digest."""
    if isinstance(value, tuple):
        return [_told(each) for each in cast("tuple[object, ...]", value)]
    if not isinstance(value, msgspec.Struct):
        return value
    fields = ((name, default, getattr(value, name)) for name, default in _defaults(type(value)))
    return {name: _told(told) for name, default, told in fields if told != default}


@cache
def _defaults(kind: type[msgspec.Struct]) -> list[tuple[str, object]]:
    """Return the fields of a struct with what they are by themselves; finding them out takes long."""
    return [(field.name, field.default) for field in msgspec.structs.fields(kind)]
