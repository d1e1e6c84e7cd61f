"""Which events of the log are taken out of it, and reading them in bounded pieces."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.catalogue import concerned_guild
from domain.wording import recordable_name
from store.codec import NO_JSON, decode_closed
from store.connections import Pool
from store.leaves import copied, fixed, read_leaf

PIECE_POSITIONS = 4096
NAMED = ("stream", "context", "type", "actor")
PIECE_BYTES_MAX = 8 << 20
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Selection(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked for; None is everything."""

    after: int = 0
    up_to: int | None = None
    stream: str | None = None
    context: str | None = None
    type: str | None = None
    actor: str | None = None
    guild: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def text(self) -> str:
        """Return it in one line."""
        return urlencode(msgspec.to_builtins(self))

    def recordable(self) -> str:
        """Return it as it may be written down for ever: without words that might be somebody's name."""
        names = {name: recordable_name(text) for name in NAMED if (text := getattr(self, name))}
        return msgspec.structs.replace(self, **names).text()

    def picks(self, leaf: bytes) -> bool:
        """Tell whether an event is by the actor and in the guild; the rest is asked of the database."""
        if self.actor is None and self.guild is None:
            return True
        event = read_leaf(leaf)
        if self.actor is not None and _actor(event.meta) != self.actor:
            return False
        return self.guild is None or concerned_guild(decode_closed(event.type, event.data)) == self.guild


class _Meta(msgspec.Struct, frozen=True):
    actor: str


_meta = msgspec.json.Decoder(_Meta)


def _actor(meta: bytes) -> str | None:
    """Return who did it; None when that cannot be read."""
    try:
        return _meta.decode(meta).actor
    except NO_JSON:
        return None


class Piece(NamedTuple):
    """The leaves that are asked for, up to a position."""

    end: int
    leaves: list[bytes]


async def pieces(pool: Pool, wanted: Selection, up_to: int, positions: int = PIECE_POSITIONS) -> AsyncIterator[Piece]:
    """Read what is wanted up to a position, in order; between two pieces no connection is held."""
    after = wanted.after
    while after < up_to:
        end = min(after + positions, up_to)
        async with pool.connection() as connection:
            leaves = await _leaves_between(connection, wanted, after, end)
        if sum(map(len, leaves)) >= PIECE_BYTES_MAX:  # there may be more
            end = fixed(leaves[-1])[2]
        yield Piece(end, [leaf for leaf in leaves if wanted.picks(leaf)])
        after = end


async def _leaves_between(
    connection: AsyncConnection[TupleRow], wanted: Selection, after: int, end: int
) -> list[bytes]:
    """Return leaves until they have PIECE_BYTES_MAX together."""
    query = """
        COPY (
            SELECT position, version, append_end, recorded_at, stream, type, data, meta
            FROM (
                SELECT
                    position, version, append_end, recorded_at, stream, type, data, meta,
                    sum(octet_length(data)) OVER (ORDER BY position) - octet_length(data) AS bytes_before
                FROM book.log
                WHERE position > %(after)s AND position <= %(end)s
                  AND (%(stream)s::text IS NULL OR stream = %(stream)s)
                  AND (%(context)s::text IS NULL OR starts_with(type, %(context)s || '.'))
                  AND (%(type)s::text IS NULL OR type = %(type)s)
                  AND recorded_at >= coalesce('epoch'::timestamptz + %(since)s * interval '1 microsecond', '-infinity')
                  AND recorded_at < coalesce('epoch'::timestamptz + %(until)s * interval '1 microsecond', 'infinity')
            ) AS wanted
            WHERE bytes_before < %(bytes)s
            ORDER BY position
        ) TO STDOUT (FORMAT binary, ENCODING 'UTF8')
    """
    times = {"since": _microseconds(wanted.since), "until": _microseconds(wanted.until)}
    values = {**msgspec.structs.asdict(wanted), **times, "after": after, "end": end, "bytes": PIECE_BYTES_MAX}
    return await copied(connection, query, values)


def _microseconds(moment: datetime | None) -> int | None:
    """Return a time as a number: the database knows fewer years and offsets than Python."""
    return None if moment is None else (moment - BEGINNING) // timedelta(microseconds=1)
