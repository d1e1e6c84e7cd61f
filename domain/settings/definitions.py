"""What may be set: the definitions of settings as they are on the wire and in the log, and the policies beside them."""

from functools import cached_property
from typing import ClassVar, Literal

import msgspec

from domain.kernel import RefusalError
from domain.settings.events import JsonObject, JsonValue

SNOWFLAKE_KINDS = frozenset({"channel", "role", "user", "guild", "message"})
BLANK_IS_NULL_KINDS = SNOWFLAKE_KINDS | {"uuid", "timestamp", "interval"}
STANDARD_OPERATIONS = ("View", "Create", "Update", "Delete")
REORDER = "Reorder"

Custom = Literal["upsert", "emit"]


class String(msgspec.Struct, frozen=True, tag_field="type", tag="String"):
    """Text. `kind` is an open set; no `allowed_values` means any."""

    min_length: int | None = None
    max_length: int | None = None
    allowed_values: tuple[str, ...] = ()
    suggestions: tuple[str, ...] | None = None
    kind: str = "normal"


class Integer(msgspec.Struct, frozen=True, tag_field="type", tag="Integer"):
    """A whole number in 64 bits, signed."""


class Float(msgspec.Struct, frozen=True, tag_field="type", tag="Float"):
    """A finite number."""


class BitFlag(msgspec.Struct, frozen=True, tag_field="type", tag="BitFlag"):
    """A sum of named bits."""

    values: dict[str, int]

    def mask(self) -> int:
        """Return all bits that have a name."""
        mask = 0
        for value in self.values.values():
            mask |= value
        return mask


class Boolean(msgspec.Struct, frozen=True, tag_field="type", tag="Boolean"):
    """True or false."""


class Json(msgspec.Struct, frozen=True, tag_field="type", tag="Json"):
    """Any JSON; `style` says what it is for."""

    style: str = "json"


class Info(msgspec.Struct, frozen=True, tag_field="type", tag="Info"):
    """A text among the columns."""

    message: str


class Caution(msgspec.Struct, frozen=True, tag_field="type", tag="Warning"):
    """A warning among the columns."""

    message: str


class Button(msgspec.Struct, frozen=True, tag_field="type", tag="Button"):
    """A button among the columns that asks for an operation."""

    label: str
    op: str


Inner = String | Integer | Float | BitFlag | Boolean | Json


class Scalar(msgspec.Struct, frozen=True, tag_field="type", tag="Scalar"):
    """One value."""

    inner: Inner


class Array(msgspec.Struct, frozen=True, tag_field="type", tag="Array"):
    """Several values, never null."""

    inner: Inner


class Widget(msgspec.Struct, frozen=True, tag_field="type", tag="Widget"):
    """Something to look at; it holds no value."""

    inner: Info | Caution | Button


ColumnType = Scalar | Array | Widget


class Footer(msgspec.Struct, frozen=True):
    """What stands below the rows."""

    end_text: str


class Column(msgspec.Struct, frozen=True):
    """One column. `hidden` and `readonly` list operations."""

    id: str
    name: str
    description: str = ""
    placeholder: str | None = None
    column_type: ColumnType = msgspec.field(default_factory=lambda: Scalar(String()))
    primary_key: bool = False
    nullable: bool = False
    hidden: tuple[str, ...] = ()
    readonly: tuple[str, ...] = ()

    def kind(self) -> str:
        """Return the kind of its text or texts; nothing when it is no String."""
        inner = self.column_type.inner
        return inner.kind if isinstance(inner, String) else ""

    def is_secret(self) -> bool:
        """Tell whether its values are kept sealed."""
        return self.kind() == "password"

    def is_set_in(self, *operations: str) -> bool:
        """Tell whether what is sent in this operation counts; a primary key always does."""
        return self.primary_key or not any(each in self.hidden or each in self.readonly for each in operations)


class Setting(msgspec.Struct, frozen=True, dict=True):
    """One setting: a table of rows, or one row if no column is a primary key."""

    id: str
    name: str
    description: str = ""
    view_template: str | None = None
    index_by: str | None = None
    columns: tuple[Column, ...] = ()
    operations: tuple[str, ...] = ()
    footer: Footer | None = None
    icon: str | None = None
    validation_template: str | None = None
    postsend_template: str | None = None
    title_template: str | None = None

    @cached_property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the primary key; none for a singleton."""
        return tuple(column for column in self.columns if column.primary_key)

    @cached_property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns whose values rows hold: no widgets, and not the order, which is kept apart."""
        return tuple(c for c in self.columns if not isinstance(c.column_type, Widget) and c.id != self.index_by)

    @cached_property
    def stored_names(self) -> dict[str, tuple[str, ...]]:
        """The ids of the stored columns, by their kind."""
        kinds = {column.kind() for column in self.stored_columns}
        return {kind: tuple(c.id for c in self.stored_columns if c.kind() == kind) for kind in kinds}

    @cached_property
    def index_column(self) -> Column | None:
        """The column that shows a row's place."""
        return next((column for column in self.columns if column.id == self.index_by), None)

    @cached_property
    def names(self) -> frozenset[str]:
        """The ids of all columns but widgets."""
        return frozenset(column.id for column in self.columns if not isinstance(column.column_type, Widget))

    def key_name(self) -> str:
        """Return what the primary key is called in a refusal."""
        return ", ".join(column.id for column in self.key_columns)


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a setting demands of those who use it; never served to its users."""

    DEFAULT_PERMISSION: ClassVar[str] = "MANAGE_GUILD"

    view: Literal["member", "open"] = "member"
    view_permission: str | None = None
    write_permission: str = DEFAULT_PERMISSION
    operation_permissions: dict[str, str] = {}
    role_hierarchy: bool = True
    references: Literal["checked", "format"] = "checked"
    bot_permissions: tuple[str, ...] = ()
    max_rows: int | None = None
    unique: tuple[str, ...] = ()
    defaults: JsonObject = {}
    custom: dict[str, Custom] = {}
    unmapped: Literal["drop", "keep"] = "drop"


class Defined(msgspec.Struct, frozen=True):
    """A setting as one template defines it. `owner` is the template's bot, None the operator."""

    template: str
    owner: int | None
    setting: Setting
    policy: Policy = Policy()

    def supports(self, operation: str) -> bool:
        """Tell whether the operation exists."""
        if operation == REORDER:
            return self.setting.index_by is not None
        return operation in self.setting.operations

    def custom(self, operation: str) -> Custom | None:
        """Return what an operation of the template's own does; None for one that every setting may have."""
        if operation == REORDER or operation in STANDARD_OPERATIONS:
            return None
        return self.policy.custom.get(operation, "emit")


class DefinitionError(RefusalError):
    """The definition cannot be used."""

    def __init__(self, *faults: tuple[str, str]) -> None:
        super().__init__(*(f"{pointer}: {text}" for pointer, text in faults))
        self.faults = faults


def parse_template(
    template: str, owner: int | None, settings: tuple[JsonObject, ...], policies: dict[str, JsonObject]
) -> dict[str, Defined]:
    """Return the settings of a stored template by id. Errors: DefinitionError if they are not readable any more."""
    try:
        read = [msgspec.convert(setting, Setting) for setting in settings]
        return {one.id: Defined(template, owner, one, _policy(policies.get(one.id))) for one in read}
    except msgspec.ValidationError as error:
        raise DefinitionError(("", str(error))) from None


def _policy(stored: JsonObject | None) -> Policy:
    return msgspec.convert(stored or {}, Policy)


def to_wire(struct: msgspec.Struct) -> JsonValue:
    """Return a definition or policy as JSON, every key there."""
    return msgspec.json.decode(msgspec.json.encode(struct))
