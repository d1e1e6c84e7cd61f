"""Guilds to load from and into, and what a load makes of them, by hand."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import msgspec

from domain.backups.events import BackupTaken
from domain.guilds.aggregate import BAN, CHANNEL, GUILD, ROLE, Channel, Role
from domain.guilds.events import ChannelCreated, GuildCreated, MemberBanned, Overwrite, RoleCreated
from domain.kernel import Event
from domain.loads.aggregate import LOAD, Load
from domain.loads.commands import cancel_load
from domain.processes.advance_load import advance_load
from domain.processes.snapshot import Snapshot
from domain.processes.start_load import LoadAsk, start_load
from tests.domain.book import RecordedBook

SOURCE, TARGET = 1000, 2000
OWNER, INES, BOT = 7, 8, 30
BACKUP_ID, LOAD_ID = "4k1vqx09zt", "ld_9r2m4c"
CATEGORY, TEXT, VOICE, THREAD = 4, 0, 2, 11


def guild(guild_id: int, **more: object) -> GuildCreated:
    """Say that a guild is known, which is the owner's."""
    return msgspec.convert(
        {"guild": guild_id, "origin": "mirrored", "owner": OWNER, "name": f"guild {guild_id}", **more}, GuildCreated
    )


def role(role_id: int, name: str = "role", **more: object) -> RoleCreated:
    """Say that a guild has a role; whose it is says its number."""
    return msgspec.convert({"guild": _guild_of(role_id), "role": role_id, "name": name, **more}, RoleCreated)


def channel(
    channel_id: int,
    name: str = "channel",
    kind: int = TEXT,
    parent: int | None = None,
    overwrites: Sequence[Overwrite] = (),
    **more: object,
) -> ChannelCreated:
    """Say that a guild has a channel; whose it is says its number."""
    told = {"guild": _guild_of(channel_id), "channel": channel_id, "name": name, "kind": kind, "parent": parent, **more}
    return msgspec.structs.replace(msgspec.convert(told, ChannelCreated), overwrites=tuple(overwrites))


def ban(guild_id: int, user: int, reason: str | None = None) -> MemberBanned:
    """Say that somebody is banned."""
    return MemberBanned(guild=guild_id, user=user, reason=reason)


def _guild_of(entity_id: int) -> int:
    return entity_id // 1000 * 1000


def roles_of(book: RecordedBook, guild_id: int) -> dict[int, Role]:
    """Return the roles of a guild as the book has them now, by id."""
    states = (book.state(ROLE, name) for name in book.names(ROLE) if name.startswith(f"guilds-role-{guild_id}-"))
    return {state.id: state for state in states if state}


def channels_of(book: RecordedBook, guild_id: int) -> dict[int, Channel]:
    """Return the channels of a guild as the book has them now, by id."""
    names = (name for name in book.names(CHANNEL) if name.startswith(f"guilds-channel-{guild_id}-"))
    return {state.id: state for state in (book.state(CHANNEL, name) for name in names) if state}


def snapshot_of(book: RecordedBook, guild_id: int = SOURCE) -> Snapshot:
    """Return what a guild holds now."""
    known = book.state(GUILD, GUILD.stream(guild_id))
    assert known
    bans = [book.state(BAN, name) for name in book.names(BAN) if name.startswith(f"guilds-ban-{guild_id}-")]
    return Snapshot(
        guild=known,
        roles=tuple(roles_of(book, guild_id).values()),
        channels=tuple(channels_of(book, guild_id).values()),
        bans=tuple(each for each in bans if each),
    )


def backup_of(past: Sequence[Event], creator: int = OWNER, at: int = 12) -> BackupTaken:
    """Say that the source was taken as a backup after all that."""
    digest = snapshot_of(RecordedBook(*past)).digest()
    return BackupTaken(backup=BACKUP_ID, guild=SOURCE, creator=creator, at=at, digest=digest)


def ask(**more: object) -> LoadAsk:
    """Return what the owner asks for, unless more is said."""
    asked = LoadAsk(load=LOAD_ID, type="backup", backup=BACKUP_ID, target=TARGET, user=OWNER)
    return msgspec.structs.replace(asked, **more)


class Run:
    """A load that goes on step by step; every call is one of a worker that knows nothing but the log."""

    def __init__(self, *past: Event, asked: LoadAsk | None = None) -> None:
        self.asked = asked or ask()
        backup = backup_of(past)
        self.book = RecordedBook(*past, backup)
        self.snapshot = snapshot_of(self.book)
        self.log: list[Event] = [*past, backup]
        self.ids: Iterator[int] = count(TARGET + 500)
        started, said = self.book.execute(start_load, asked=self.asked, snapshot=self.snapshot)
        self.started: Load = started
        self._record(said)

    def _record(self, said: Sequence[tuple[str, Event]]) -> None:
        self.log += [event for _, event in said]
        self.book = RecordedBook(*self.log)

    def advance(self, size: int = 25, earlier: Mapping[str, str] | None = None, *, lost: bool = False) -> bool:
        """Do a batch; one that is lost was decided and never appended."""
        new_ids = [next(self.ids) for _ in range(size)]
        asked = self.asked.earlier if earlier is None else earlier
        ended, said = self.book.execute(
            advance_load, load=self.asked.load, snapshot=self.snapshot, new_ids=new_ids, earlier=asked
        )
        self._record([] if lost else said)
        return ended and not lost

    def finish(self, size: int = 25) -> "Run":
        """Go on to the end."""
        for _ in range(1000):
            if self.advance(size):
                return self
        raise AssertionError("a load ends")

    def tell(self, *events: Event) -> None:
        """Say what happens in the meantime."""
        self._record([("", event) for event in events])

    def cancel(self) -> None:
        """Ask the load to end."""
        self._record(self.book.execute(cancel_load, load=self.asked.load)[1])

    def load(self) -> Load:
        """Return the load as it is now."""
        state = self.book.state(LOAD, LOAD.stream(self.asked.load))
        assert state
        return state

    def new(self, old: int) -> int:
        """Return what an id of the source is in the target."""
        return int(self.load().pairs[str(old)].new)
