"""Keeps the tables `setting_templates`, `setting_rows`, `setting_sets` and `setting_orders`."""

from importlib import resources

import msgspec

from domain.settings.events import (
    JsonObject,
    OperationRequested,
    RowCreated,
    RowDeleted,
    RowEvent,
    RowsReordered,
    RowUpdated,
    SettingEvent,
    TemplateEvent,
    TemplateRegistered,
    TemplateRevised,
    TemplateWithdrawn,
)
from domain.settings.orders import Order, evolve_order, row_id_of
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class TemplateRow(msgspec.Struct, frozen=True):
    """A row of `setting_templates`, in the order of its columns."""

    name: str
    owner: int | None
    guilds: tuple[str, ...] | None
    definitions: str
    policies: str
    revision: int
    is_offered: bool
    position: int


class SettingRow(msgspec.Struct, frozen=True):
    """A row of `setting_rows`, in the order of its columns but with its whole primary key first."""

    guild: int
    row_id: str
    template: str
    setting: str
    key: str
    fields: str
    created: int
    position: int


class SetRow(msgspec.Struct, frozen=True):
    """A row of `setting_sets`, in the order of its columns."""

    guild: int
    template: str
    setting: str
    position: int


class OrderRow(msgspec.Struct, frozen=True):
    """A row of `setting_orders`, in the order of its columns."""

    guild: int
    template: str
    setting: str
    placed: str
    unplaced: int


def evolve_template(row: TemplateRow | None, recorded: Recorded) -> TemplateRow | None:
    """Apply one event of a template."""
    match recorded.event:
        case TemplateRegistered() | TemplateRevised() as event:
            return TemplateRow(
                name=event.template,
                owner=event.owner if isinstance(event, TemplateRegistered) else row and row.owner,
                guilds=None if event.guilds is None else tuple(map(str, event.guilds)),
                definitions=_json(event.settings),
                policies=_json(event.policies),
                revision=row.revision + 1 if row else 1,
                is_offered=True,
                position=recorded.position,
            )
        case TemplateWithdrawn() if row:
            return msgspec.structs.replace(row, is_offered=False, position=recorded.position)
        case _:
            return row


def evolve_row(row: SettingRow | None, recorded: Recorded) -> SettingRow | None:
    """Apply one event of a row."""
    match recorded.event:
        case RowCreated(guild=guild, template=template, setting=setting, key=key, fields=fields) as event:
            at = recorded.position
            return SettingRow(guild, row_id_of(event), template, setting, _json(key), _json(fields), at, at)
        case RowUpdated() as event if row:
            return msgspec.structs.replace(row, fields=_fields_after(row, event), position=recorded.position)
        case RowDeleted():
            return None
        case _:
            return row


def _fields_after(row: SettingRow, event: RowUpdated) -> str:
    """Return the columns of a row, without those that have become secret."""
    fields: JsonObject = {**msgspec.json.decode(row.fields), **event.after}
    return _json({name: value for name, value in fields.items() if name not in (event.secrets_after or {})})


def evolve_set(_row: SetRow | None, recorded: Recorded) -> SetRow:
    """Apply one event on a setting of a guild."""
    event = recorded.event
    assert isinstance(event, SettingEvent)
    return SetRow(event.guild, event.template, event.setting, recorded.position)


def evolve_order_row(row: OrderRow | None, recorded: Recorded) -> OrderRow | None:
    """Apply one event that may change the order of a setting's rows."""
    event = recorded.event
    assert isinstance(event, SettingEvent)
    before = Order(row.placed, row.unplaced) if row else Order()
    order = evolve_order(before, event)
    if order == before:
        return row
    if order == Order():
        return None
    return OrderRow(event.guild, event.template, event.setting, order.placed, order.unplaced)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _template(event: TemplateEvent) -> Key:
    return (event.template,)


def _row(event: RowEvent) -> Key:
    return (event.guild, row_id_of(event))


def _set(event: SettingEvent) -> Key:
    return (event.guild, event.template, event.setting)


TEMPLATES = RowSet[TemplateRow](
    row=TemplateRow,
    keys=dict.fromkeys((TemplateRegistered, TemplateRevised, TemplateWithdrawn), _template),
    evolve=evolve_template,
    load="""
        SELECT name, owner, guilds, definitions, policies, revision, is_offered, position
        FROM setting_templates
        WHERE name = ANY(%b)
    """,
    save="""
        INSERT INTO setting_templates (name, owner, guilds, definitions, policies, revision, is_offered, position)
        SELECT name, owner, guilds, definitions, policies, revision, is_offered, position
        FROM json_populate_recordset(NULL::setting_templates, %s)
        ON CONFLICT (name) DO UPDATE SET
            (owner, guilds, definitions, policies, revision, is_offered, position) = (
                EXCLUDED.owner, EXCLUDED.guilds, EXCLUDED.definitions, EXCLUDED.policies, EXCLUDED.revision,
                EXCLUDED.is_offered, EXCLUDED.position
            )
    """,
    delete="DELETE FROM setting_templates WHERE name = ANY(%b)",
)

ROWS = RowSet[SettingRow](
    row=SettingRow,
    keys=dict.fromkeys((RowCreated, RowUpdated, RowDeleted), _row),
    evolve=evolve_row,
    load="""
        SELECT row.guild, row.row_id, row.template, row.setting, row.key, row.fields, row.created, row.position
        FROM unnest(%b::bigint[], %b::text[]) AS wanted (guild, row_id)
        JOIN setting_rows AS row ON (row.guild, row.row_id) = (wanted.guild, wanted.row_id)
    """,
    save="""
        INSERT INTO setting_rows (guild, template, setting, row_id, key, fields, created, position)
        SELECT guild, template, setting, row_id, key, fields, created, position
        FROM json_populate_recordset(NULL::setting_rows, %s)
        ON CONFLICT (guild, row_id) DO UPDATE SET
            (key, fields, created, position) = (EXCLUDED.key, EXCLUDED.fields, EXCLUDED.created, EXCLUDED.position)
    """,
    delete="""
        DELETE FROM setting_rows AS row
        USING unnest(%b::bigint[], %b::text[]) AS gone (guild, row_id)
        WHERE (row.guild, row.row_id) = (gone.guild, gone.row_id)
    """,
)

SETS = RowSet[SetRow](
    row=SetRow,
    keys=dict.fromkeys((RowCreated, RowUpdated, RowDeleted, RowsReordered, OperationRequested), _set),
    evolve=evolve_set,
    save="""
        INSERT INTO setting_sets (guild, template, setting, position)
        SELECT guild, template, setting, position
        FROM json_populate_recordset(NULL::setting_sets, %s)
        ON CONFLICT (guild, template, setting) DO UPDATE SET position = EXCLUDED.position
    """,
    delete="""
        DELETE FROM setting_sets AS row
        USING unnest(%b::bigint[], %b::text[], %b::text[]) AS gone (guild, template, setting)
        WHERE (row.guild, row.template, row.setting) = (gone.guild, gone.template, gone.setting)
    """,
)

ORDERS = RowSet[OrderRow](
    row=OrderRow,
    keys=dict.fromkeys((RowCreated, RowUpdated, RowDeleted, RowsReordered), _set),
    evolve=evolve_order_row,
    load="""
        SELECT row.guild, row.template, row.setting, row.placed, row.unplaced
        FROM unnest(%b::bigint[], %b::text[], %b::text[]) AS wanted (guild, template, setting)
        JOIN setting_orders AS row
            ON (row.guild, row.template, row.setting) = (wanted.guild, wanted.template, wanted.setting)
    """,
    save="""
        INSERT INTO setting_orders AS row (guild, template, setting, placed, unplaced)
        SELECT guild, template, setting, placed, unplaced
        FROM json_populate_recordset(NULL::setting_orders, %s)
        ON CONFLICT (guild, template, setting) DO UPDATE SET
            (placed, unplaced) = (EXCLUDED.placed, EXCLUDED.unplaced)
        WHERE (row.placed, row.unplaced) <> (EXCLUDED.placed, EXCLUDED.unplaced)
    """,
    delete="""
        DELETE FROM setting_orders AS row
        USING unnest(%b::bigint[], %b::text[], %b::text[]) AS gone (guild, template, setting)
        WHERE (row.guild, row.template, row.setting) = (gone.guild, gone.template, gone.setting)
    """,
)

PROJECTOR = Projector(
    name="settings",
    tables=(resources.files("projections.settings") / "tables.sql").read_text(),
    rows=(TEMPLATES, ROWS, SETS, ORDERS),
)
