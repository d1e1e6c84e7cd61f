"""Reads templates, and the rows of a setting in a guild in their order."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.settings.orders import place_in, places


class TemplateFound(msgspec.Struct, frozen=True):
    """A template as it was registered; definitions and policies are JSON."""

    name: str
    owner: int | None
    guilds: Sequence[str] | None
    definitions: str
    policies: str
    revision: int
    position: int


class RowFound(msgspec.Struct, frozen=True):
    """A row: its id, the position of its last event, and its columns without passwords."""

    id: str
    at: int
    fields: dict[str, Any]


class RowsFound(msgspec.Struct, frozen=True):
    """Rows of one template's setting in a guild as they were made; `position` is of the last event on any of them."""

    position: int = 0
    rows: Sequence[RowFound] = ()
    placed: str = ""

    def in_order(self) -> list[tuple[int, RowFound]]:
        """Return the rows with their places from 1; who was given none comes last, as it was made."""
        place = places(self.placed)
        ordered = sorted(self.rows, key=lambda row: place.get(row.id, len(place)))
        return list(enumerate(ordered, start=1))

    def place_of(self, row_id: str) -> int | None:
        """Return the place that a row was given, from 1."""
        return place_in(self.placed, row_id)


_created = itemgetter(4)
_fields = msgspec.json.Decoder(list[dict[str, Any]])


async def templates_by_name(connection: AsyncConnection[TupleRow], names: Sequence[str]) -> dict[str, TemplateFound]:
    """Return those of these templates that are offered."""
    query = """
        SELECT name, owner, guilds, definitions, policies, revision, position
        FROM setting_templates
        WHERE is_offered AND name = ANY(%b)
    """
    rows = await (await connection.execute(query, (list(names),), binary=True)).fetchall()
    return {row[0]: TemplateFound(*row) for row in rows}


async def templates_after(
    connection: AsyncConnection[TupleRow], owner: int, name: str, limit: int, *, with_operators: bool = False
) -> list[TemplateFound]:
    """Return the templates that a bot offers, by name, those after a name; with the operator's if that is wished."""
    query = """
        SELECT name, owner, guilds, definitions, policies, revision, position
        FROM setting_templates
        WHERE is_offered AND (owner = %b OR (%b AND owner IS NULL)) AND name COLLATE "C" > %b
        ORDER BY name COLLATE "C"
        LIMIT %b
    """
    rows = await (await connection.execute(query, (owner, with_operators, name, limit), binary=True)).fetchall()
    return [TemplateFound(*row) for row in rows]


async def rows_of_setting(
    connection: AsyncConnection[TupleRow],
    guild: int,
    setting: str,
    templates: Sequence[str],
    row_ids: Sequence[str] | None = None,
) -> dict[str, RowsFound]:
    """Return the rows by template, all or only those with these ids; templates that never had any are absent."""
    # In one statement, so that the rows are those of the position. First what is said of each template as a whole.
    query = """
        SELECT found.template, NULL, found.position, coalesce(ordered.placed, ''), 0::bigint
        FROM setting_sets AS found
        LEFT JOIN setting_orders AS ordered
            ON (ordered.guild, ordered.template, ordered.setting) = (found.guild, found.template, found.setting)
        WHERE found.guild = %(guild)b AND found.template = ANY(%(templates)b) AND found.setting = %(setting)b
        UNION ALL
        SELECT template, row_id, position, fields, created
        FROM setting_rows
        WHERE guild = %(guild)b AND template = ANY(%(templates)b) AND setting = %(setting)b
            AND (%(row_ids)b::text[] IS NULL OR row_id = ANY(%(row_ids)b::text[]))
    """
    wanted = {
        "guild": guild,
        "templates": list(templates),
        "setting": setting,
        "row_ids": None if row_ids is None else list(row_ids),
    }
    found = await (await connection.execute(query, wanted, binary=True)).fetchall()
    found.sort(key=_created)
    several = [row for row in found if row[1] is None]
    return {name: RowsFound(at, _read_rows(found, name), placed) for name, _, at, placed, _ in several}


def _read_rows(found: Sequence[TupleRow], template: str) -> list[RowFound]:
    """Return the rows of one template; their columns are decoded together, which takes half the time."""
    own = [row for row in found if row[0] == template and row[1] is not None]
    fields = _fields.decode(f"[{','.join([row[3] for row in own])}]")
    return [RowFound(row[1], row[2], values) for row, values in zip(own, fields, strict=True)]


async def row_ids_in_order(
    connection: AsyncConnection[TupleRow], guild: int, setting: str, templates: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the ids of all rows by template, in their order; templates without rows are absent."""
    query = """
        SELECT
            ordered.template, ordered.placed,
            CASE WHEN ordered.unplaced > 0 THEN ARRAY(
                SELECT row.row_id
                FROM setting_rows AS row
                WHERE (row.guild, row.template, row.setting) = (ordered.guild, ordered.template, ordered.setting)
                ORDER BY row.created
            ) END
        FROM setting_orders AS ordered
        WHERE ordered.guild = %b AND ordered.template = ANY(%b) AND ordered.setting = %b
    """
    rows = await (await connection.execute(query, (guild, list(templates), setting), binary=True)).fetchall()
    return {template: tuple(dict.fromkeys([*places(placed), *(others or ())])) for template, placed, others in rows}


async def newest_position(
    connection: AsyncConnection[TupleRow], guild: int, setting: str, templates: Sequence[str]
) -> int:
    """Return the position of the last event on a setting of these templates in a guild, 0 when there was none."""
    query = """
        SELECT coalesce(max(position), 0)
        FROM setting_sets
        WHERE guild = %b AND template = ANY(%b) AND setting = %b
    """
    row = await (await connection.execute(query, (guild, list(templates), setting), binary=True)).fetchone()
    return row[0] if row else 0
