"""Sees and changes the rows of one setting of one template, by the rules that every surface has."""

import uuid
from datetime import UTC, datetime
from typing import NamedTuple

from api.console.views import Page, Seen
from api.console.visitors import Visitor
from api.parts import Asked, parts_of
from api.writing import Written, write
from domain.processes.execute_setting import execute_setting
from domain.processes.setting_case import Ask, Done
from domain.settings.access import require_view
from domain.settings.aggregate import set_stream
from domain.settings.definitions import REORDER
from domain.settings.events import JsonObject, JsonValue
from domain.settings.refusals import SettingRefusedError
from domain.settings.shown import shown_row
from projections.settings.queries import RowsFound, row_ids_in_order, rows_of_setting

UP = "up"


class Rows(NamedTuple):
    """The rows that a visitor may see, or why none; `position` is of the last event on any of them."""

    seen: list[Seen]
    position: int = 0
    refusal: str | None = None


async def rows_of(request: Asked, page: Page) -> Rows:
    """Return the rows as they are now. Passwords are not among them: no page shows any."""
    try:
        require_view(page.defined, page.standing)
    except SettingRefusedError as refusal:
        return Rows([], 0, f"{refusal.text}.")
    defined, setting = page.defined, page.setting
    async with parts_of(request).pool.connection() as connection:
        by_template = await rows_of_setting(connection, page.guild, setting.id, [defined.template])
    found = by_template.get(defined.template, RowsFound())
    placed = [(None, row) for row in found.rows] if setting.index_by is None else found.in_order()
    return Rows([Seen(shown_row(defined, row.fields, place, None), row.at) for place, row in placed], found.position)


async def act(
    request: Asked, visitor: Visitor, page: Page, operation: str, *, fields: JsonValue, if_match: str | None = None
) -> Written[Done]:
    """Do an operation. Errors: those of `execute_setting`."""
    ask = await ask_for(request, visitor, page, operation, fields=fields, if_match=if_match)
    return await write(request, visitor.actor, execute_setting, ask)


async def ask_for(
    request: Asked, visitor: Visitor, page: Page, operation: str, *, fields: JsonValue, if_match: str | None = None
) -> Ask:
    """Return an operation as it is asked of the domain."""
    parts, setting, template = parts_of(request), page.setting, page.defined.template
    async with parts.pool.connection() as connection:
        orders = await row_ids_in_order(connection, page.guild, setting.id, [template]) if setting.index_by else {}
    return Ask(
        guild=page.guild,
        template=template,
        setting=setting.id,
        operation=operation,
        fields=fields,
        actor=visitor.actor,
        user=visitor.account,
        now=datetime.now(UTC),
        operation_id=str(uuid.uuid4()),
        if_match=if_match,
        sets=(set_stream(page.guild, template, setting.id),),
        order=tuple(orders.get(template, ())),
        primary_bot=parts.settings.antiraid_client_id or None,
    )


async def move(
    request: Asked, visitor: Visitor, page: Page, rows: Rows, *, key: JsonObject, direction: str
) -> Written[Done]:
    """Let a row change places with the one before it or after it. Errors: those of `execute_setting`."""
    keys = [{name: seen.fields.get(name) for name in key} for seen in rows.seen]
    place = keys.index(key) if key in keys else 0
    other = min(max(place + (-1 if direction == UP else 1), 0), max(len(keys) - 1, 0))
    if keys:
        keys[place], keys[other] = keys[other], keys[place]
    entries = [{**each, str(page.setting.index_by): number} for number, each in enumerate(keys, start=1)]
    return await act(request, visitor, page, REORDER, fields=entries, if_match=f"s{rows.position}")
