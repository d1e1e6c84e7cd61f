"""All that the book holds about one subject, for whoever asks for a copy: its events, opened, and its rows."""

from array import array
from collections.abc import AsyncIterator, Mapping
from typing import Any, LiteralString, NamedTuple

import msgspec
import orjson
from psycopg.rows import TupleRow

from domain.privacy.aggregate import id_of
from schemas.privacy import SubjectEventOut
from store import log
from store.codec import ADDRESS_CONTEXT, BOX, UNDECODABLE, decode_meta, decode_with
from store.differences import SECRETS
from store.event_store import EventStore
from store.keys import DataKey, open_box

WINDOW_POSITIONS = 20_000  # how much of the log one statement looks through
READ_EVENTS = 100  # which may be large

ROWS: dict[str, dict[str, LiteralString]] = {
    "accounts": {
        "accounts": "SELECT to_json(t) FROM accounts AS t WHERE id = %b",
        "guild_lists": "SELECT to_json(t) FROM guild_lists AS t WHERE account = %b",
        "holdings": "SELECT to_json(t) FROM holdings AS t WHERE account = %b",
        "sessions": "SELECT (to_jsonb(t) - 'token_hash')::json FROM sessions AS t WHERE account = %b",
        "guild_members": "SELECT to_json(t) FROM guild_members AS t WHERE id = %b",
        "guild_bans": "SELECT to_json(t) FROM guild_bans AS t WHERE id = %b",
        "backups": "SELECT to_json(t) FROM backups AS t WHERE creator = %b",
        "templates": "SELECT to_json(t) FROM templates AS t WHERE creator = %b",
        "operations.provider_grants": "SELECT json_build_object('account', t.account)"
        " FROM operations.provider_grants AS t WHERE account = %b",
        "operations.deliveries": "SELECT json_build_object('id', t.id, 'state', t.state, 'created_at', t.created_at)"
        " FROM operations.deliveries AS t WHERE entity LIKE '%%-' || %b::text",
        "operations.keyed_requests": "SELECT json_build_object('route', t.route, 'key', t.key, 'at', t.created_at)"
        " FROM operations.keyed_requests AS t WHERE caller = 'accounts-' || %b::text",
    },
    "apps": {
        "apps": "SELECT (to_jsonb(t) - '{token_hash,bot_token_hash}'::text[])::json FROM apps AS t WHERE id = %b",
        "callbacks": "SELECT to_json(t) FROM callbacks AS t WHERE app = %b",
        "fleet_stats": "SELECT to_json(t) FROM fleet_stats AS t WHERE bot = %b",
        "fleet_commands": "SELECT to_json(t) FROM fleet_commands AS t WHERE bot = %b",
    },
    "guilds": {
        "guilds": "SELECT to_json(t) FROM guilds AS t WHERE id = %b",
        "setting_rows": "SELECT to_json(t) FROM setting_rows AS t WHERE guild = %b",
    },
}
"""What to ask the tables for, by the kind of subject."""


class Wanted(NamedTuple):
    """Which events are a subject's: of its streams, of those that spoke of it, and those that it caused."""

    subject: str
    streams: tuple[str, ...]  # as LIKE has them
    acted: bytes


def wanted_of(subject: str) -> Wanted:
    """Return which events are a subject's."""
    found = id_of(subject)
    assert found is not None, subject
    context, number = found
    streams = {
        "accounts": (f"guilds-member-%-{number}", f"guilds-ban-%-{number}"),
        "apps": (f"fleet-%-{number}",),
        "guilds": (f"settings-row-{number}-%", f"settings-set-{number}-%"),
    }
    return Wanted(subject, streams[context], f'"actor":"{subject}"'.encode())


async def positions_of(store: EventStore, subject: str, up_to: int) -> "array[int]":
    """Return where the events of a subject are, up to a position: all of the log is looked through."""
    wanted, found = wanted_of(subject), array("q")
    query = """
        SELECT position
        FROM book.log
        WHERE position > %(after)b AND position <= %(to)b
          AND (
              stream = %(subject)b
              OR stream LIKE ANY(%(streams)b)
              OR stream IN (SELECT link.stream FROM book.links AS link WHERE link.entity = %(subject)b)
              OR position(%(acted)b::bytea IN meta) > 0
          )
        ORDER BY position
    """
    arguments = {"subject": wanted.subject, "streams": list(wanted.streams), "acted": wanted.acted}
    for after in range(0, up_to, WINDOW_POSITIONS):
        window = {"after": after, "to": min(up_to, after + WINDOW_POSITIONS)}
        async with store.pool.connection() as connection:
            rows = await (await connection.execute(query, {**arguments, **window}, binary=True)).fetchall()
        found.extend(row[0] for row in rows)
    return found


async def events_at(store: EventStore, subject: str, positions: "array[int]") -> AsyncIterator[SubjectEventOut]:
    """Yield the events of a subject, which are there; only its own key opens anything."""
    query = """
        SELECT position, stream, version, type, data, append_end, recorded_at, meta
        FROM book.log
        WHERE position = ANY(%b)
        ORDER BY position
    """
    keys = await store.keyring.known(subject)
    for begin in range(0, len(positions), READ_EVENTS):
        some = positions[begin : begin + READ_EVENTS].tolist()
        async with store.pool.connection() as connection:
            rows = await (await connection.execute(query, (some,), binary=True)).fetchall()
        for row in rows:
            yield _shown(row, keys)


def _shown(row: TupleRow, keys: Mapping[str, DataKey]) -> SubjectEventOut:
    position, stream, _, stored_type, data, _, recorded_at, meta_data = row
    meta = decode_meta(meta_data)
    opened = open_box(keys, meta.address, ADDRESS_CONTEXT) if meta.address else None
    return SubjectEventOut(
        position=position,
        stream=stream,
        type=stored_type,
        recorded_at=recorded_at,
        data=_opened(stored_type, data, keys),
        actor=meta.actor,
        surface=meta.surface,
        address=None if opened is None else opened.decode(),
        request=meta.request,
        session=meta.session,
    )


def _opened(stored_type: str, data: bytes, keys: Mapping[str, DataKey]) -> dict[str, Any]:
    try:
        fields = msgspec.to_builtins(decode_with([(stored_type, data)], keys)[0])
    except UNDECODABLE:
        return {}
    return {name: value for name, value in fields.items() if name not in SECRETS and name != BOX}


async def rows_of(store: EventStore, subject: str) -> dict[str, tuple[dict[str, Any], ...]]:
    """Return the rows about a subject, by table."""
    found = id_of(subject)
    assert found is not None, subject
    context, number = found
    tables: dict[str, tuple[dict[str, Any], ...]] = {}
    async with store.pool.connection() as connection:
        for table, query in ROWS[context].items():
            rows = await (await connection.execute(query, (number,))).fetchall()
            tables[table] = tuple(row[0] for row in rows)
    return tables


async def pieces(store: EventStore, subject: str, up_to: int, positions: "array[int]") -> AsyncIterator[bytes]:
    """Yield one JSON document (`schemas.privacy.SubjectData`) a piece at a time, so that it needs no memory."""
    head = {"subject": subject, "position": up_to, "tables": await rows_of(store, subject)}
    yield orjson.dumps(head).removesuffix(b"}") + b',"events":['
    separator = b"\n"
    async for event in events_at(store, subject, positions):
        yield separator + msgspec.json.encode(event)
        separator = b",\n"
    yield b"]}\n"


async def head_of(store: EventStore) -> int:
    """Return up to where a copy that is made now goes."""
    async with store.pool.connection() as connection:
        return await log.head(connection)
