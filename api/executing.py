"""Runs one operation on a setting over all templates that define it in a guild, for every surface that has settings."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from api.etags import PositionTag
from api.parts import Asked, Parts, parts_of
from api.templates import Offered
from api.writing import write
from domain.guilds.permissions import Standing
from domain.permissions import Actor
from domain.processes.execute_in_templates import Outcome, execute_in_templates
from domain.processes.setting_case import CREATE, DELETE, VIEW, Ask, Done
from domain.settings.access import may_write, require_view
from domain.settings.aggregate import ROW, row_id, set_stream
from domain.settings.definitions import Defined
from domain.settings.events import JsonObject
from domain.settings.refusals import SettingRefusedError
from domain.settings.rows import read_key
from domain.settings.shown import matches, read_filter, row_shower
from projections.guilds.queries import standing_of
from projections.settings.queries import RowFound, RowsFound, newest_position, row_ids_in_order, rows_of_setting
from schemas.antiraid import SettingErr, SettingOk, SettingResults


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """An operation as a user asks for it; `if_match` is what the user has seen, as `s8812` or `r8812`."""

    guild: int
    setting: str
    operation: str
    fields: Any
    user: int
    actor: Actor
    if_match: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """What the templates say, by name. `tag` says as of when; there is none when no template defines the setting."""

    results: SettingResults
    tag: PositionTag | None = None
    headers: dict[str, str] = {}

    def headers_with_tag(self) -> dict[str, str]:
        """Return what is said beside the results."""
        return {**self.headers, "ETag": str(self.tag)} if self.tag else self.headers


class Looked(msgspec.Struct, frozen=True):
    """A view on its way through one template: what is asked of its rows, or why it is refused."""

    defined: Defined
    is_writer: bool = False
    wanted: JsonObject = {}
    warnings: tuple[str, ...] = ()
    row: str | None = None
    refusal: SettingRefusedError | None = None


class GuildWithoutBotError(Exception):
    """No bot that is known here is a member of the guild."""


async def offered(parts: Parts, guild: int) -> list[Offered]:
    """Return the templates that a guild is offered. Errors: GuildWithoutBotError."""
    found = await parts.templates.offered(guild)
    if found is None:
        raise GuildWithoutBotError
    return found


def unreadable(template: Offered) -> SettingErr:
    """Say that a template cannot be used, in its place among the others."""
    text = template.fault or ""
    return SettingErr(text, {"type": "Generic", "message": text, "src": "definitions", "typ": "unreadable"})


async def operate(request: Asked, wish: Wish) -> Answered:
    """Do what is asked, in all templates that define the setting; none of them is no error.

    Errors: GuildWithoutBotError, PreconditionFailedError.
    """
    templates = [it for it in await offered(parts_of(request), wish.guild) if wish.setting in it.ids]
    broken: SettingResults = {it.name: unreadable(it) for it in templates if it.fault}
    defined = [it.settings[wish.setting] for it in templates if wish.setting in it.settings]
    if not defined:
        return Answered(broken)
    answered = await (_view(request, wish, defined) if wish.operation == VIEW else _write(request, wish, defined))
    results = answered.results | broken
    return msgspec.structs.replace(answered, results={it: results[it] for it in sorted(results)})


async def _view(request: Asked, wish: Wish, several: Sequence[Defined]) -> Answered:
    parts, names = parts_of(request), [defined.template for defined in several]
    async with parts.pool.connection() as connection:
        standing = await standing_of(connection, wish.guild, wish.user)
        looks = [_look(defined, standing, wish.fields) for defined in several]
        found = await rows_of_setting(connection, wish.guild, wish.setting, names, _only(looks))
        if any(look.row and _is_out_of_place(look, found) for look in looks):
            found = await rows_of_setting(connection, wish.guild, wish.setting, names)
    shown = {look.defined.template: await _shown(parts, wish, look, found) for look in looks}
    results: SettingResults = {name: result for name, (result, _) in shown.items()}
    row = max((at for _, at in shown.values()), default=0)
    setting = max((rows.position for rows in found.values()), default=0)
    return Answered(results, PositionTag("r", row) if row else PositionTag("s", setting))


def _look(defined: Defined, standing: Standing | None, fields: Any) -> Looked:  # noqa: ANN401 - any JSON
    try:
        require_view(defined, standing)
        wanted, warnings = read_filter(defined, fields)
    except SettingRefusedError as refusal:
        return Looked(defined, refusal=refusal)
    row = _row_meant(defined, wanted)
    return Looked(defined, may_write(defined, standing), wanted, warnings, row)


def _row_meant(defined: Defined, wanted: JsonObject) -> str | None:
    """Return the id of the one row that can pass a filter, None when it may be several."""
    key_columns = defined.setting.key_columns
    if not key_columns or any(column.id not in wanted for column in key_columns):
        return None
    try:
        return row_id(defined.template, defined.setting.id, read_key(defined.setting, wanted))
    except SettingRefusedError:
        return None


def _only(looks: Iterable[Looked]) -> list[str] | None:
    """Return the ids of all rows that are needed, None when that is not known."""
    row_ids = [look.row for look in looks if look.refusal is None]
    return None if None in row_ids else [row for row in row_ids if row is not None]


def _is_out_of_place(look: Looked, found: dict[str, RowsFound]) -> bool:
    """Tell whether the place of a row cannot be told without all others: it was made when there was no order."""
    rows = found.get(look.defined.template, RowsFound())
    return look.defined.setting.index_by is not None and any(rows.place_of(row.id) is None for row in rows.rows)


async def _shown(
    parts: Parts, wish: Wish, look: Looked, found: dict[str, RowsFound]
) -> tuple[SettingOk | SettingErr, int]:
    """Return a template's answer, and the position of the one row that was asked for, 0 for any other question."""
    if look.refusal:
        return _err(look.refusal), 0
    rows = _places(look, found.get(look.defined.template, RowsFound()))
    secrets = await _secrets(parts, wish.guild, look, [row for _, row in rows])
    show = row_shower(look.defined, is_writer=look.is_writer)
    shown = [show(row.fields, place, secrets.get(row.id, {})) for place, row in rows]
    passing = [row for row in shown if matches(row, look.wanted)] if look.wanted else shown
    if not look.defined.setting.key_columns:
        return SettingOk(passing[0] if passing else {}, look.warnings), 0
    return SettingOk(passing, look.warnings), rows[0][1].at if look.row and passing else 0


def _places(look: Looked, rows: RowsFound) -> list[tuple[int | None, RowFound]]:
    """Return the rows that are asked for, with their places in settings that have an order."""
    if look.defined.setting.index_by is None:
        return [(None, row) for row in rows.rows if look.row in (None, row.id)]
    if look.row is None:
        return list(rows.in_order())
    alone = [(rows.place_of(row.id), row) for row in rows.rows if row.id == look.row]
    return alone if all(place for place, _ in alone) else [it for it in rows.in_order() if it[1].id == look.row]


async def _secrets(parts: Parts, guild: int, look: Looked, rows: Sequence[RowFound]) -> dict[str, JsonObject]:
    """Return the passwords of rows, for who may write them; no table holds any, so they are read from the log."""
    if not look.is_writer or not any(column.is_secret() for column in look.defined.setting.columns):
        return {}
    streams = {ROW.stream(guild, row.id): row.id for row in rows}
    seen = await parts.store.load_many(ROW, list(streams))
    return {streams[stream]: it.state.secrets for stream, it in seen.items() if it.state is not None}


async def _write(request: Asked, wish: Wish, several: Sequence[Defined]) -> Answered:
    parts, names = parts_of(request), [defined.template for defined in several]
    orders = await _orders(parts, wish, several)
    asks = [_ask(parts, wish, defined, several, orders.get(defined.template, ())) for defined in several]
    written = await write(request, wish.actor, execute_in_templates, asks)
    position = written.position
    if written.recorded_at is None:
        async with parts.pool.connection() as connection:
            position = await newest_position(connection, wish.guild, wish.setting, names)
    results: SettingResults = {name: _result(outcome) for name, outcome in written.value.items()}
    return Answered(results, PositionTag("s", position), written.headers())


async def _orders(parts: Parts, wish: Wish, several: Iterable[Defined]) -> dict[str, tuple[str, ...]]:
    """Return the order of the rows as it is now, where that plays a part, and with all that was acknowledged."""
    names = [defined.template for defined in several if _may_move(defined, wish)]
    if not names:
        return {}
    await parts.freshness.wait(await parts.head(), parts.settings.freshness_seconds_max)
    async with parts.pool.connection() as connection:
        return await row_ids_in_order(connection, wish.guild, wish.setting, names)


def _may_move(defined: Defined, wish: Wish) -> bool:
    """Tell whether rows that are there may be given other places."""
    index_by, fields = defined.setting.index_by, wish.fields
    return (
        index_by is not None
        and wish.operation not in (CREATE, DELETE)
        and (isinstance(fields, list) or index_by in fields)
    )


def _ask(parts: Parts, wish: Wish, defined: Defined, several: Iterable[Defined], order: tuple[str, ...]) -> Ask:
    return Ask(
        guild=wish.guild,
        template=defined.template,
        setting=wish.setting,
        operation=wish.operation,
        fields=wish.fields,
        actor=wish.actor,
        user=wish.user,
        now=datetime.now(UTC),
        operation_id=str(uuid.uuid4()) if defined.custom(wish.operation) else "",
        if_match=wish.if_match,
        sets=tuple(set_stream(wish.guild, it.template, wish.setting) for it in several),
        order=order,
        primary_bot=parts.settings.antiraid_client_id or None,
    )


def _result(outcome: Outcome) -> SettingOk | SettingErr:
    return SettingOk(outcome.data, outcome.warnings) if isinstance(outcome, Done) else _err(outcome)


def _err(refusal: SettingRefusedError) -> SettingErr:
    return SettingErr(refusal.text, refusal.wire())
