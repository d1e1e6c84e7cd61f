"""A guild that was loaded into the guild of the tests, and its settings, which are restored there."""

from collections.abc import Iterable, Sequence

from domain.guilds.events import ChannelCreated, GuildCreated, MemberJoined, RoleCreated
from domain.kernel import Book, Event, RefusalError
from domain.loads.events import IdsMapped, LoadFinished, LoadStarted, Pair
from domain.permissions import Actor
from domain.processes.restore_settings import Part, Restored, Restoring, require_restore, restore_rows
from domain.processes.undo_restore import Undoing, UndonePart, Wrote, undo_rows
from domain.processes.undo_row import Earlier
from domain.settings.aggregate import ROW, Row
from domain.settings.events import RowEvent, TemplateEvent
from domain.settings.restored import RowRestored
from tests.domain.book import stream_of
from tests.domain.settings.community import (
    BOT,
    GUILD,
    HIGH,
    LOW,
    MANAGER,
    MIDDLE,
    NOW,
    OWNER,
    PEOPLE,
    ROOM,
    Desk,
    Json,
    Value,
    array,
    column,
    key,
    setting,
    template,
    text,
)

SOURCE = 820
OLD_LOW, OLD_MIDDLE, OLD_HIGH, OLD_ROOM, LOST = 840, 841, 849, 821, 888
IDS = {str(SOURCE): str(GUILD), str(OLD_LOW): str(LOW), str(OLD_MIDDLE): str(MIDDLE), str(OLD_HIGH): str(HIGH)}
IDS |= {str(OLD_ROOM): str(ROOM)}
MAPPED_AT, READ_AT = 5, 9

THERE: tuple[Event, ...] = (
    GuildCreated(guild=SOURCE, origin="mirrored", owner=OWNER, name="Old attic"),
    RoleCreated(guild=SOURCE, role=SOURCE, name="@everyone", permissions=0),
    RoleCreated(guild=SOURCE, role=OLD_MIDDLE, name="middle", position=5, permissions=1 << 5),
    ChannelCreated(guild=SOURCE, channel=OLD_ROOM, kind=0, name="room"),
    MemberJoined(guild=SOURCE, user=OWNER),
    MemberJoined(guild=SOURCE, user=MANAGER, roles=(OLD_MIDDLE,)),
    MemberJoined(guild=SOURCE, user=BOT, bot=True),
)
RULES = setting(
    key(),
    column("room", text("channel"), nullable=True),
    column("roles", array(kind="role")),
    column("token", text("password"), nullable=True),
    column("created_at", nullable=True, readonly=["Create", "Update"]),
    column("last_updated_at", nullable=True, readonly=["Create", "Update"]),
)
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def load(*, load: str = "ld_1", user: int = OWNER, ended: str | None = "success", **more: Value) -> list[Event]:
    """Tell of a load of a backup from the source."""
    where: Json = {"load": load, "source": SOURCE, "target": GUILD}
    asked: Json = {**where, "kind": "internal", "type": "backup", "user": user, **more}
    events: list[Event] = [LoadStarted(**asked), IdsMapped(**where, pairs=(Pair(str(SOURCE), str(GUILD), "guild"),))]
    last: Json = {**where, "type": asked["type"], "user": user, "outcome": ended, "progress": 1.0}
    return [*events, LoadFinished(**last)] if ended else events


def row(name: str = "a", *, secrets: Json | None = None, guild: int = SOURCE, **fields: Value) -> Row:
    """Return a row of the source."""
    held = {"name": name, "room": None, "roles": [], "created_at": LONG_AGO, "last_updated_at": LONG_AGO, **fields}
    return Row(guild=guild, template="keeper", setting="rules", key={"name": name}, fields=held, secrets=secrets or {})


class Mover(Desk):
    """Where the settings of the source are restored in the guild of the tests."""

    def __init__(self, *past: Event, rules: Json = RULES, user: int | None = OWNER, **policy: Value) -> None:
        registered = () if any(isinstance(it, TemplateEvent) for it in past) else (template(rules, rules=policy),)
        super().__init__(*THERE, *registered, *past, user=user)

    def wish(self, **more: Value) -> Restoring:
        wanted: Json = {
            "id": "r1",
            "source": SOURCE,
            "target": GUILD,
            "at": READ_AT,
            "ids": IDS,
            "mapping": MAPPED_AT,
            "actor": Actor(account=self.user),
            "user": self.user,
            "now": NOW,
            "source_bots": (BOT,),
        }
        return Restoring(**wanted | more)

    def restore(self, *rows: Row, claimed: Iterable[str] = (), **more: Value) -> Sequence[RowRestored]:
        """Restore rows, and return what became of them."""
        part = Part(template=self.template, setting=self.setting, rows=rows, claimed=frozenset(claimed))
        return self.part(part, **more).rows

    def part(self, part: Part, **more: Value) -> Restored:
        return self.execute(restore_rows, self.wish(**more), part)  # pyright: ignore[reportReturnType]

    def require(self, **more: Value) -> None:
        """Ask whether it may be done."""
        self.book.execute(require_restore, self.wish(**more), [(self.template, self.setting)])

    def undo_restore(self, restore: str = "r1", **more: Value) -> Sequence[RowRestored]:
        """Undo a restore under the id "u1", and return what became of its rows."""
        wanted: Json = {"id": "u1", "undone": restore, "guild": GUILD, "actor": Actor(account=self.user)}
        wish = Undoing(**wanted | {"user": self.user, "now": NOW} | more)
        part = UndonePart(tuple(self.written(restore)))
        return self.execute(undo_rows, wish, part)[0]  # pyright: ignore[reportIndexIssue]

    def written(self, restore: str) -> list[Wrote]:
        """Return what a restore wrote, the last first, as the log tells it."""
        told = [(n, it) for n, it in enumerate([*PEOPLE, *self.log], start=1) if isinstance(it, RowEvent)]
        streams = [stream_of(event) for _, event in told if event.restore == restore]
        found: list[Wrote] = []
        for stream in reversed(list(dict.fromkeys(streams))):
            events = [(n, it) for n, it in told if stream_of(it) == stream]
            own = [(n, it) for n, it in events if it.restore == restore]
            before = ROW.fold(it for n, it in events if n < own[0][0])
            earlier = Earlier(fields=before.fields, secrets=before.secrets) if before else None
            found.append(Wrote("keeper", "rules", own[0][1].key, own[-1][0], earlier))
        return found

    def happens(self, *events: Event) -> None:
        """Let something happen that nobody here decides."""
        self.execute(_say, events)

    def there(self) -> list[Row]:
        """Return the rows of the guild, in their order."""
        return [it for it in self.rows() if it.guild == GUILD]


async def _say(book: Book, events: Iterable[Event]) -> None:
    for event in events:
        book.append(stream_of(event), [event])


def actions(rows: Sequence[RowRestored]) -> list[str]:
    """Return what was done with each row."""
    return [it.action for it in rows]


def refused_with(act: Value) -> RefusalError:
    """Return how all of it is refused."""
    try:
        act()
    except RefusalError as error:
        return error
    raise AssertionError("it was not refused")
