"""The events of settings: one stream for each template, each row, and each setting of a guild as a whole."""

import hashlib
from typing import Annotated, Any, ClassVar

import msgspec

from domain.kernel import SEALED, Event, stream_name

JsonValue = Any
JsonObject = dict[str, JsonValue]


def digest(*parts: object) -> str:
    """Return a name for several values that no other values have: their JSON, hashed."""
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:32]


class TemplateEvent(Event, frozen=True):
    """Something that happened to one template."""

    template: str


class TemplateRegistered(TemplateEvent, frozen=True):
    """A bot (None: the operator) said what may be set; `guilds` None is every guild that has the bot.

    Definitions and policies (by setting) are kept as the JSON that they were checked to be then.
    """

    stored_type: ClassVar[str] = "settings.TemplateRegistered"
    owner: int | None = None
    guilds: tuple[int, ...] | None = None
    settings: tuple[JsonObject, ...] = ()
    policies: dict[str, JsonObject] = {}  # noqa: RUF012 - msgspec copies it


class TemplateRevised(TemplateEvent, frozen=True):
    """The owner said it anew, all of it."""

    stored_type: ClassVar[str] = "settings.TemplateRevised"
    guilds: tuple[int, ...] | None = None
    settings: tuple[JsonObject, ...] = ()
    policies: dict[str, JsonObject] = {}  # noqa: RUF012 - msgspec copies it


class TemplateWithdrawn(TemplateEvent, frozen=True):
    """Nothing can be set by this template until it is registered again; its rows wait."""

    stored_type: ClassVar[str] = "settings.TemplateWithdrawn"


class SettingEvent(Event, frozen=True):
    """Something that happened to one setting in one guild."""

    guild: int
    template: str
    setting: str

    def subject(self) -> str:
        return stream_name("guilds-guild", self.guild)

    def about(self) -> tuple[str, ...]:
        return (stream_name("settings-set", self.guild, digest(self.template, self.setting)),)


class RowEvent(SettingEvent, frozen=True):
    """Something that happened to one row; `key` is its primary key by column, empty for the only row of a singleton.

    `fields` are columns as the wire has them; passwords are apart, and sealed. `restore` is a restore's id.
    """

    key: JsonObject
    restore: str | None = None

    def about(self) -> tuple[str, ...]:
        """Return its set, and the restore that wrote it: so the log can list what a restore wrote."""
        restore = () if self.restore is None else (stream_name("settings-restore", self.restore),)
        return (*super().about(), *restore)


class RowCreated(RowEvent, frozen=True):
    """A row came to be. `index`: the place asked for, from 1; 0 is the last; None in a setting without order."""

    stored_type: ClassVar[str] = "settings.RowCreated"
    fields: JsonObject = {}  # noqa: RUF012 - msgspec copies it
    secrets: Annotated[JsonObject | None, SEALED] = None
    index: int | None = None


class RowUpdated(RowEvent, frozen=True):
    """Columns of a row changed: only those that did, from `before` to `after`. `index`: moved to that place."""

    stored_type: ClassVar[str] = "settings.RowUpdated"
    before: JsonObject = {}  # noqa: RUF012 - msgspec copies it
    after: JsonObject = {}  # noqa: RUF012 - msgspec copies it
    secrets_before: Annotated[JsonObject | None, SEALED] = None
    secrets_after: Annotated[JsonObject | None, SEALED] = None
    index: int | None = None


class RowDeleted(RowEvent, frozen=True):
    """A row is gone; the places after it close up."""

    stored_type: ClassVar[str] = "settings.RowDeleted"


class RowsReordered(SettingEvent, frozen=True):
    """The rows of a setting stand in this order, by the names of their streams' last part (`row_id`)."""

    stored_type: ClassVar[str] = "settings.RowsReordered"
    order: tuple[str, ...]
    restore: str | None = None


class OperationRequested(SettingEvent, frozen=True):
    """An operation of the template's own was asked for; its bot reads it from the log."""

    stored_type: ClassVar[str] = "settings.OperationRequested"
    id: str
    operation: str
    fields: JsonObject = {}  # noqa: RUF012 - msgspec copies it


class RestoreEvent(Event, frozen=True):
    """Something that wrote rows of many settings of a guild; they name it by `restore`, its id."""

    guild: int
    restore: str

    def about(self) -> tuple[str, ...]:
        return (stream_name("guilds-guild", self.guild),)


class SettingsRestored(RestoreEvent, frozen=True):
    """Rows that `source` had at position `at` are in the guild now, rewritten by the mapping as of position `mapping`.

    `user` is whose rights counted. `load`: it belongs to that load. `overwrites`: rows that were there, too.
    """

    stored_type: ClassVar[str] = "settings.SettingsRestored"
    source: int
    at: int
    mapping: int
    backup: str | None = None
    load: str | None = None
    user: int | None = None
    overwrites: bool = False


class RestoreUndone(RestoreEvent, frozen=True):
    """The rows that the restore `undone` wrote are what they were before it; this has an id of its own."""

    stored_type: ClassVar[str] = "settings.RestoreUndone"
    undone: str
    user: int | None = None


EVENTS: tuple[type[Event], ...] = (
    TemplateRegistered,
    TemplateRevised,
    TemplateWithdrawn,
    RowCreated,
    RowUpdated,
    RowDeleted,
    RowsReordered,
    OperationRequested,
    SettingsRestored,
    RestoreUndone,
)
