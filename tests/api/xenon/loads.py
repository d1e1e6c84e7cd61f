"""Loads, backups and templates as the log has them; here a test tells what a loader would do."""

from itertools import count
from typing import Any, Literal

from domain.backups.events import BackupTaken
from domain.kernel import Event
from domain.loads.events import (
    IdsMapped,
    LoadFinished,
    LoadRefused,
    LoadStarted,
    LoadStatusReported,
    ObjectsDeleted,
    Pair,
)
from domain.templates.events import TemplatePublished
from tests.load_events import tell
from tests.world import World, new_number

Outcome = Literal["success", "failed", "cancelled", "refused"]

_numbers = count(1)


def new_word(prefix: str = "") -> str:
    """Return a word that no test has used."""
    return f"{prefix}{next(_numbers):x}".ljust(10, "z")


class Load:
    """A load of a source into a target, by a user; of a template when one is named."""

    def __init__(
        self,
        world: World,
        source: int = 0,
        target: int = 0,
        *,
        user: int = 64,
        backup: str | None = None,
        template: str | None = None,
    ) -> None:
        self.world = world
        self.id = new_word("ld_")
        self.source, self.target = source or new_number(), target or new_number()
        self.user, self.template = user, template
        self.backup = None if template else backup or new_word("b")

    def asked(self) -> dict[str, Any]:
        kind = "template" if self.template else "backup"
        who = {"load": self.id, "source": self.source, "target": self.target, "user": self.user}
        return {**who, "type": kind, "backup": self.backup, "template": self.template}

    async def start(self) -> int:
        return await self.tell(LoadStarted(kind="internal", **self.asked()))

    async def refuse(self, running: str = "") -> int:
        refused = LoadRefused(kind="internal", running=running, **self.asked())
        return await self.tell(refused, self._finished("refused", 0, has_begun=False))

    async def say(self, status: str, progress: float) -> int:
        return await self.tell(LoadStatusReported(status=status, progress=progress, **self._where()))

    async def rush(self, status: str, times: int) -> int:
        """Say so many statuses at once."""
        said = (LoadStatusReported(status=status, progress=each / times, **self._where()) for each in range(times))
        return await self.tell(*said)

    async def map(self, ids: dict[int, int], *, guild: bool = False) -> int:
        kind = "guild" if guild else "channel"
        pairs = tuple(Pair(str(old), str(new), kind) for old, new in ids.items())
        return await self.tell(IdsMapped(pairs=pairs, **self._where()))

    async def begin(self) -> int:
        """Note what the guild itself has become, which is where a load begins to do something."""
        return await self.map({self.source: self.target}, guild=True)

    async def delete(self, *ids: int) -> int:
        return await self.tell(ObjectsDeleted(ids=tuple(map(str, ids)), **self._where()))

    async def end(self, outcome: Outcome = "success", *, has_begun: bool = True) -> int:
        return await self.tell(self._finished(outcome, 1 if outcome == "success" else 0.4, has_begun=has_begun))

    async def run(self, ids: dict[int, int], outcome: Outcome = "success") -> int:
        """Do all of it, and return where it ended."""
        await self.start()
        await self.begin()
        await self.map(ids)
        return await self.end(outcome)

    async def tell(self, *events: Event) -> int:
        return await told(self.world, *events)

    def _where(self) -> dict[str, Any]:
        return {"load": self.id, "source": self.source, "target": self.target}

    def _finished(self, outcome: Outcome, progress: float, *, has_begun: bool) -> LoadFinished:
        return LoadFinished(**self.asked(), outcome=outcome, progress=progress, has_begun=has_begun)


async def take_backup(world: World, guild: int, backup: str | None = None) -> str:
    taken = backup or new_word("b")
    await told(world, BackupTaken(backup=taken, guild=guild, creator=64, at=1, digest="0" * 64))
    return taken


async def publish(world: World, creator: int = 71, template: str | None = None) -> str:
    """Publish a template of no guild in particular."""
    made = template or new_word("t")
    what = {"guild": 7500, "creator": creator, "at": 1, "digest": "0" * 64, "name": "Porch"}
    await told(world, TemplatePublished(template=made, **what))
    return made


async def told(world: World, *events: Event) -> int:
    """Append events, and return where the last one is when reads show it."""
    position = await tell(world.store, *events)
    await world.anyone.get("/accounts/signups", headers={"Guildbook-After": str(position)})
    return position
