"""The rules of templates, of rows, and of what all rows of a setting in a guild share."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec

from domain.kernel import Entity, Event, RefusalError
from domain.settings.definitions import Defined, DefinitionError, Setting, parse_template
from domain.settings.events import (
    JsonObject,
    OperationRequested,
    RowCreated,
    RowDeleted,
    RowsReordered,
    RowUpdated,
    TemplateRegistered,
    TemplateRevised,
    TemplateWithdrawn,
    digest,
)
from domain.settings.refusals import row_exists, row_unknown, too_many
from domain.settings.rows import Wanted, changes_of
from domain.settings.values import same


class Template(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """What a bot (None: the operator) says may be set. One that was withdrawn still has its owner."""

    name: str
    owner: int | None
    guilds: tuple[int, ...] | None
    settings: tuple[JsonObject, ...]
    policies: dict[str, JsonObject]
    revision: int = 1
    is_withdrawn: bool = False

    @cached_property
    def parsed(self) -> dict[str, Defined] | DefinitionError:
        """The settings by id, or why they cannot be read any more."""
        try:
            return parse_template(self.name, self.owner, self.settings, self.policies)
        except DefinitionError as error:
            return error

    def is_for(self, guild: int) -> bool:
        """Tell whether it can be used in that guild, if its bot is there."""
        return not self.is_withdrawn and (self.guilds is None or guild in self.guilds)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a setting in a guild: its columns as the wire has them, passwords apart."""

    guild: int
    template: str
    setting: str
    key: JsonObject
    fields: JsonObject
    secrets: JsonObject

    def values(self) -> JsonObject:
        """Return all its columns, passwords too."""
        return self.fields | self.secrets

    def stream(self) -> str:
        """Name its stream."""
        return ROW.stream(self.guild, row_id(self.template, self.setting, self.key))


class RowSet(msgspec.Struct, frozen=True):
    """All rows of a setting in a guild: the order that was last asked for."""

    order: tuple[str, ...] = ()


class TemplateOwnedError(RefusalError):
    """The template belongs to another bot."""


class TemplateReservedError(RefusalError):
    """Names that begin with $ are for the operator and the primary bot."""


# How events change them. The names of the events are stored for ever.


def evolve_template(template: Template | None, event: Event) -> Template | None:
    """Apply one event of a template."""
    match event:
        case TemplateRegistered(template=name, owner=owner, guilds=guilds, settings=settings, policies=policies):
            revision = template.revision + 1 if template else 1
            return Template(
                name=name, owner=owner, guilds=guilds, settings=settings, policies=policies, revision=revision
            )
        case TemplateRevised(guilds=guilds, settings=settings, policies=policies) if template:
            revision = template.revision + 1
            return msgspec.structs.replace(
                template, guilds=guilds, settings=settings, policies=policies, revision=revision
            )
        case TemplateWithdrawn() if template:
            return msgspec.structs.replace(template, is_withdrawn=True)
        case _:
            return template


def evolve_row(row: Row | None, event: Event) -> Row | None:
    """Apply one event of a row."""
    match event:
        case RowCreated(guild=guild, template=template, setting=setting, key=key, fields=fields):
            secrets = event.secrets or {}
            return Row(guild=guild, template=template, setting=setting, key=key, fields=fields, secrets=secrets)
        case RowUpdated() if row:
            return msgspec.structs.replace(row, fields=_fields_after(row, event), secrets=_secrets_after(row, event))
        case RowDeleted():
            return None
        case _:
            return row


def _fields_after(row: Row, event: RowUpdated) -> JsonObject:
    became_secret = event.secrets_after or {}
    return {name: value for name, value in (row.fields | event.after).items() if name not in became_secret}


def _secrets_after(row: Row, event: RowUpdated) -> JsonObject:
    became_open = event.after
    kept = {name: value for name, value in row.secrets.items() if name not in became_open}
    return kept | (event.secrets_after or {})


def evolve_set(row_set: RowSet | None, event: Event) -> RowSet | None:
    """Apply one event of a setting as a whole."""
    match event:
        case RowsReordered(order=order):
            return RowSet(order)
        case OperationRequested():
            return row_set or RowSet()
        case _:
            return row_set


TEMPLATE = Entity[Template]("settings", evolve_template, kind="template")  # by template_id
ROW = Entity[Row]("settings", evolve_row, kind="row")  # by guild and row_id
NEW_ROW = Entity[Row]("settings", evolve_row, usually_new=True, kind="row")  # the same, for who will create one
SET = Entity[RowSet]("settings", evolve_set, kind="set")  # by guild and set_id


def template_id(name: str) -> str:
    """Return a template's name as its stream has it."""
    return name.replace(" ", "+")


def set_id(template: str, setting: str) -> str:
    """Return what all rows of a setting are known by, within a guild."""
    return digest(template, setting)


def set_stream(guild: int, template: str, setting: str) -> str:
    """Name the stream that every row of a setting in a guild is about."""
    return SET.stream(guild, set_id(template, setting))


def row_id(template: str, setting: str, key: JsonObject) -> str:
    """Return what a row is known by, within a guild: its primary key, in the order of the columns."""
    return digest(template, setting, *key.values())


# What may happen next.


def register_template(
    template: Template | None,
    *,
    name: str,
    owner: int | None,
    guilds: tuple[int, ...] | None,
    settings: tuple[JsonObject, ...],
    policies: dict[str, JsonObject],
) -> list[Event]:
    """Say what may be set by this template; it belongs to whom it belonged first."""
    if template and template.owner != owner:
        raise TemplateOwnedError
    if template is None or template.is_withdrawn:
        return [TemplateRegistered(template=name, owner=owner, guilds=guilds, settings=settings, policies=policies)]
    if digest(template.guilds, template.settings, template.policies) == digest(guilds, settings, policies):
        return []
    return [TemplateRevised(template=name, guilds=guilds, settings=settings, policies=policies)]


def withdraw_template(template: Template, owner: int | None) -> list[Event]:
    """Let nothing be set by this template any more."""
    if template.owner != owner:
        raise TemplateOwnedError
    return [] if template.is_withdrawn else [TemplateWithdrawn(template=template.name)]


def create_row(row: Row | None, defined: Defined, guild: int, key: JsonObject, wanted: Wanted) -> list[Event]:
    """Create the row of this key."""
    if row:
        raise row_exists(defined.setting.key_name(), 1)
    fields, secrets = _apart(defined.setting, wanted.values)
    where = _where(defined, guild)
    return [RowCreated(**where, key=key, fields=fields, secrets=secrets or None, index=wanted.index)]


def update_row(
    row: Row, defined: Defined, wanted: Wanted, *, touched: JsonObject, order: Sequence[str] = ()
) -> list[Event]:
    """Change what is not so yet; `touched` is what then changes as well. `order`: the rows as they stand now."""
    changed = changes_of(defined, row.values(), wanted.values)
    index = _moved(row, wanted.index, order)
    if not changed and index is None:
        return []
    stamped = changes_of(defined, row.values(), wanted.values | touched)
    fields, secrets = _apart(defined.setting, stamped)
    event = RowUpdated(
        **_where(defined, row.guild),
        key=row.key,
        before={name: row.fields.get(name) for name in fields},
        after=fields,
        secrets_before={name: row.secrets.get(name) for name in secrets} or None,
        secrets_after=secrets or None,
        index=index,
    )
    return [event]


def delete_row(row: Row, defined: Defined) -> list[Event]:
    """Delete the row."""
    return [RowDeleted(**_where(defined, row.guild), key=row.key)]


def reorder_rows(defined: Defined, guild: int, order: Sequence[str], present: Sequence[str]) -> list[Event]:
    """Let the rows stand in this order; `present` is how they stand now."""
    if tuple(order) == tuple(present):
        return []
    return [RowsReordered(**_where(defined, guild), order=tuple(order))]


def request_operation(
    defined: Defined, guild: int, operation: str, operation_id: str, fields: JsonObject
) -> list[Event]:
    """Ask the template's bot for an operation of its own."""
    where = _where(defined, guild)
    return [OperationRequested(**where, id=operation_id, operation=operation, fields=fields)]


def require_room(rows: Sequence[Row], defined: Defined, *, is_new: bool) -> None:
    """Refuse one row more than the policy lets be."""
    maximum = defined.policy.max_rows
    if is_new and maximum is not None and len(rows) >= maximum:
        raise too_many(maximum, len(rows))


def require_unique(rows: Sequence[Row], defined: Defined, values: JsonObject) -> None:
    """Refuse what another row holds in a column that the policy wants to be unique; null is nobody's."""
    for column in defined.setting.stored_columns:
        if column.id in defined.policy.unique and values[column.id] is not None:
            holders = [row for row in rows if same(row.values().get(column.id), values[column.id])]
            if holders:
                raise row_exists(column.id, len(holders))


def require_row(row: Row | None, defined: Defined) -> Row:
    """Return the row, or refuse because there is none."""
    if row is None:
        raise row_unknown(defined.setting.key_name())
    return row


def _where(defined: Defined, guild: int) -> dict[str, Any]:
    return {"guild": guild, "template": defined.template, "setting": defined.setting.id}


def _apart(setting: Setting, values: JsonObject) -> tuple[JsonObject, JsonObject]:
    """Return what is kept in clear, and what is sealed."""
    secret = {column.id for column in setting.columns if column.is_secret()}
    fields = {name: value for name, value in values.items() if name not in secret}
    return fields, {name: value for name, value in values.items() if name in secret}


def _moved(row: Row, index: int | None, order: Sequence[str]) -> int | None:
    """Return the place that the row moves to, None when it stays."""
    if index is None:
        return None
    place = next((n for n, name in enumerate(order, start=1) if row.stream().endswith(name)), None)
    return None if place == min(index, len(order)) else index
