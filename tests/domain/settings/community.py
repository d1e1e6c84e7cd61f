"""A guild with a bot whose settings are written in the tests, and a desk at which they are written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from domain.guilds.events import ChannelCreated, GuildCreated, MemberJoined, Overwrite, RoleCreated
from domain.kernel import Event, RefusalError
from domain.permissions import Actor
from domain.processes.execute_setting import execute_setting
from domain.processes.setting_case import Ask, Done
from domain.processes.undo_row import Earlier, undo_row
from domain.settings.aggregate import ROW, Row
from domain.settings.events import RowCreated, RowDeleted, RowsReordered, RowUpdated, TemplateRegistered
from domain.settings.refusals import SettingRefusedError
from tests.domain.book import RecordedBook, stream_of

Value = Any
Json = dict[str, Any]

GUILD = 920
OWNER, MANAGER, PLAIN, ADMIN, STRANGER, ROLE_KEEPER = 900, 901, 902, 903, 904, 905
BOT = 77
LOW, MIDDLE, HIGH, ADMINS, KEEPERS = 940, 941, 949, 945, 946
ROOM, LOUNGE = 921, 922
NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NOW_TEXT = "2026-03-01T12:30:00.000000Z"

SEND, MANAGE_GUILD, ADMINISTRATOR, MANAGE_ROLES = 1 << 11, 1 << 5, 1 << 3, 1 << 28

PEOPLE: tuple[Event, ...] = (
    GuildCreated(guild=GUILD, origin="mirrored", owner=OWNER, name="Attic"),
    RoleCreated(guild=GUILD, role=GUILD, name="@everyone", permissions=0),
    RoleCreated(guild=GUILD, role=LOW, name="low", position=1),
    RoleCreated(guild=GUILD, role=MIDDLE, name="middle", position=5, permissions=MANAGE_GUILD),
    RoleCreated(guild=GUILD, role=HIGH, name="high", position=9),
    RoleCreated(guild=GUILD, role=ADMINS, name="admins", position=4, permissions=ADMINISTRATOR),
    RoleCreated(guild=GUILD, role=KEEPERS, name="keepers", position=3, permissions=MANAGE_ROLES),
    ChannelCreated(guild=GUILD, channel=ROOM, kind=0, name="room"),
    ChannelCreated(
        guild=GUILD, channel=LOUNGE, kind=0, name="lounge", overwrites=(Overwrite(BOT, 1, allow=SEND, deny=0),)
    ),
    MemberJoined(guild=GUILD, user=OWNER),
    MemberJoined(guild=GUILD, user=MANAGER, roles=(MIDDLE,)),
    MemberJoined(guild=GUILD, user=PLAIN, roles=(LOW,)),
    MemberJoined(guild=GUILD, user=ADMIN, roles=(ADMINS,)),
    MemberJoined(guild=GUILD, user=ROLE_KEEPER, roles=(KEEPERS,)),
    MemberJoined(guild=GUILD, user=BOT, bot=True),
)

STANDARD = ["View", "Create", "Update", "Delete"]


def text(kind: str = "normal", **limits: Value) -> Json:
    """Describe a text."""
    return {"type": "Scalar", "inner": {"type": "String", "kind": kind, **limits}}


def scalar(kind: str, **more: Value) -> Json:
    """Describe one value."""
    return {"type": "Scalar", "inner": {"type": kind, **more}}


def array(inner: str = "String", **more: Value) -> Json:
    """Describe several values."""
    return {"type": "Array", "inner": {"type": inner, **more}}


def column(name: str, column_type: Json | None = None, **more: Value) -> Json:
    """Describe a column."""
    return {"id": name, "name": name, "column_type": column_type or text(), **more}


def key(name: str = "name", column_type: Json | None = None, **more: Value) -> Json:
    """Describe a column of the primary key."""
    return column(name, column_type, primary_key=True, **more)


def setting(*columns: Json, name: str = "rules", **more: Value) -> Json:
    """Describe a setting."""
    return {"id": name, "name": name, "columns": list(columns), "operations": STANDARD, **more}


def template(*settings: Json, name: str = "keeper", owner: int | None = BOT, **policies: Json) -> TemplateRegistered:
    """Say that a template is registered, with policies by setting."""
    return TemplateRegistered(template=name, owner=owner, settings=settings, policies=policies)


class Desk:
    """Where one setting of a guild is written; what was said is kept in order."""

    def __init__(
        self, *past: Event, user: int | None = OWNER, setting: str = "rules", template: str = "keeper"
    ) -> None:
        self.book = RecordedBook(*PEOPLE, *past)
        self.log = list[Event](past)
        self.user = user
        self.setting = setting
        self.template = template
        self.said: list[Event] = []

    def ask(self, operation: str, fields: Value, **more: Value) -> Ask:
        """Return what is asked for."""
        asked: Json = {
            "guild": GUILD,
            "template": self.template,
            "setting": self.setting,
            "operation": operation,
            "fields": fields,
            "actor": Actor(account=self.user),
            "user": self.user,
            "now": NOW,
            "operation_id": "2d7e1f2a-0000-4000-8000-000000000001",
            "order": self.order(),
        }
        return Ask(**asked | more)

    def do(self, operation: str, fields: Value, **more: Value) -> Done:
        """Do it; the refusal is raised."""
        return self.execute(execute_setting, self.ask(operation, fields, **more))

    def undo(self, wanted: Json, earlier: Earlier | None, **more: Value) -> Done:
        """Bring a row back to how it was."""
        return self.execute(undo_row, self.ask("", {}, **more), key=wanted, earlier=earlier)

    def refused(self, operation: str, fields: Value, **more: Value) -> Json:
        """Return the typed error of what is refused."""
        return refusal(lambda: self.do(operation, fields, **more)).wire()

    def execute(self, command: Value, *args: Value, **kwargs: Value) -> Done:
        """Issue a command; the refusal is raised."""
        self.said = []
        answer, said = self.book.execute(command, *args, **kwargs)
        assert [stream for stream, _ in said] == [stream_of(event) for _, event in said]
        self.said = [event for _, event in said]
        self.log += self.said
        return answer

    def rows(self) -> list[Row]:
        """Return the rows as they stand, in their order."""
        found = {name.rpartition("-")[2]: self.book.state(ROW, name) for name in self.book.names(ROW)}
        return [row for row in (found[name] for name in self.order()) if row]

    def row(self, **wanted: Value) -> Row:
        """Return the row of this key."""
        return next(row for row in self.rows() if row.key == wanted)

    def order(self) -> tuple[str, ...]:
        """Return the ids of the rows in their order, as the events tell it."""
        return order_of(self.log)


def order_of(events: Iterable[Event]) -> tuple[str, ...]:
    """Tell the order of rows from what happened to them."""
    order: list[str] = []
    for event in events:
        name = stream_of(event).rpartition("-")[2]
        match event:
            case RowCreated(index=index):
                order.insert(index - 1 if index else len(order), name)
            case RowUpdated(index=int(index)):
                order.remove(name)
                order.insert(index - 1, name)
            case RowDeleted():
                order.remove(name)
            case RowsReordered(order=new):
                order = list(new)
            case _:
                continue
    return tuple(order)


def refusal(act: Value) -> SettingRefusedError:
    """Return how something is refused."""
    try:
        act()
    except SettingRefusedError as refused:
        return refused
    except RefusalError as other:
        raise AssertionError(f"refused otherwise: {other!r}") from other
    raise AssertionError("it was not refused")
