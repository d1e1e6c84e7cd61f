"""Two guilds with one bot: the settings of the first are restored in the second, into which it was loaded."""

from typing import Any
from uuid import uuid4

import httpx

from domain.backups.events import BackupTaken
from domain.guilds.commands import apply_changes
from domain.guilds.reports import ChannelReport, RoleReport
from domain.kernel import Book
from domain.loads.aggregate import LOAD
from domain.loads.events import IdsMapped, LoadEvent, LoadFinished, LoadStarted, Pair
from tests.api.antiraid.guildhall import Guildhall, column, doorbell, made, setting, text, texts
from tests.world import Bot, World, new_number

RESTORE = "/book/guilds/{}/settings/restore"


def pings(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - as `setting` has them
    """Return a setting whose rows have names, and name a room, roles and a password."""
    columns = [
        column("name", text(), primary_key=True),
        column("room", text("channel"), nullable=True),
        column("roles", texts("role")),
        column("token", text("password"), nullable=True),
        column("by", text("user"), nullable=True),
    ]
    return setting("pings", columns, **more)


class Move:
    """A guild that was loaded into another one. Whoever is who in the first is who in the second."""

    def __init__(self, world: World, source: Guildhall, target: Guildhall, template: str) -> None:
        self.world = world
        self.source = source
        self.target = target
        self.template = template
        self.load = f"ld_{uuid4().hex[:10]}"

    @property
    def ids(self) -> dict[str, str]:
        """What the ids of the source have become."""
        names = ("id", "low", "middle", "high", "room", "other_room")
        return {str(getattr(self.source, name)): str(getattr(self.target, name)) for name in names}

    async def loaded(self, ids: dict[str, str] | None = None, *, user: int = 0) -> None:
        """Note that a backup was loaded; `ids` None: all that the source has."""
        await self.begin(ids, user=user)
        await self.end(user=user)

    async def begin(self, ids: dict[str, str] | None = None, *, user: int = 0) -> None:
        where = {"load": self.load, "source": self.source.id, "target": self.target.id}
        started = LoadStarted(**where, kind="internal", type="backup", user=user or self.source.owner.account)
        mapped = IdsMapped(**where, pairs=tuple(Pair(*each) for each in (ids or self.ids).items()))
        await self.world.do(_say, started, mapped)

    async def end(self, outcome: Any = "success", *, user: int = 0) -> None:  # noqa: ANN401 - an outcome
        where = {"load": self.load, "source": self.source.id, "target": self.target.id}
        who = user or self.source.owner.account
        await self.world.do(_say, LoadFinished(**where, type="backup", user=who, outcome=outcome, progress=1.0))

    async def backed_up(self) -> str:
        """Take a backup of the source, and return its id."""
        backup, at = uuid4().hex[:10], (await self.write("marker", name="marker"))["position"]
        event = BackupTaken(
            backup=backup, guild=self.source.id, creator=self.source.owner.account, at=at, digest="0" * 64
        )
        await self.world.do(_note, event)
        return backup

    async def write(self, _why: str = "", *, hall: Guildhall | None = None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401
        """Create a row of `pings`, or change it."""
        place = hall or self.source
        answer = await place.ask("Put", fields, setting="pings", by=place.owner)
        assert made(answer)[self.template]["type"] == "Ok", answer.text
        return {"position": int(answer.headers["Guildbook-Position"])}

    async def rows(self, setting: str = "pings", hall: Guildhall | None = None) -> list[dict[str, Any]]:
        place = hall or self.target
        return made(await place.ask("View", {}, setting=setting, by=place.owner))[self.template]["data"]

    async def ask(self, by: Any = None, **body: Any) -> httpx.Response:  # noqa: ANN401 - any caller and body
        """Ask for a restore, as the owner of both guilds unless it is somebody else."""
        wanted = {"source": str(self.source.id), **body}
        return await (by or self.source.owner).post(RESTORE.format(self.target.id), wanted)

    async def undo(self, restore: str, by: Any = None, **more: Any) -> httpx.Response:  # noqa: ANN401
        body = {"restore_id": restore, **more}
        return await (by or self.source.owner).post(f"{RESTORE.format(self.target.id)}/undo", body)

    async def lost_role(self) -> str:
        """Make a role in the source, of which nothing was made in the target."""
        role = new_number()
        await self.world.do(apply_changes, guild=self.source.id, changes=[RoleReport(id=role, name="lost")])
        return str(role)

    async def lost_room(self) -> str:
        """Make a channel in the source, of which nothing was made in the target."""
        room = new_number()
        await self.world.do(apply_changes, guild=self.source.id, changes=[ChannelReport(id=room, kind=0, name="lost")])
        return str(room)


async def open_move(world: World, *, bot: Bot | None = None, **policies: Any) -> Move:  # noqa: ANN401 - policies by setting
    """Open two guilds of the same people, with a bot that has settings in both."""
    source = await Guildhall(world, bot or await world.bot()).open()
    target = Guildhall(world, source.bot)
    target.owner, target.steward, target.member, target.stranger = (
        source.owner,
        source.steward,
        source.member,
        source.stranger,
    )
    await target.report()
    put = {"pings": {"custom": {"Put": "upsert"}, **policies.get("pings", {})}}
    operations = ["View", "Create", "Update", "Delete", "Put"]
    settings = [pings(operations=operations), doorbell()]
    template = await source.offer(settings, guild_ids=[str(source.id), str(target.id)], policies={**policies, **put})
    return Move(world, source, target, template)


async def _say(book: Book, *events: LoadEvent) -> None:
    for event in events:
        await book.load(LOAD, event.load)
        book.append(LOAD.stream(event.load), [event])


async def _note(book: Book, event: BackupTaken) -> None:
    book.append(f"backups-{event.backup}", [event])
