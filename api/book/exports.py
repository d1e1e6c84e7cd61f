"""Events as files for auditors: rows in the order of the log, of what is signed; each export is recorded first."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from litestar import Response

from api.book.auditors import auditor_of, reveals_in_query
from api.book.auth import Bot, Person
from api.book.errors import ProblemError
from api.book.event_filters import FILTERS, wanted_in_query
from api.book.forms import position_in_query, query_of
from api.book.routes import get
from api.downloads import Download
from api.parts import Asked, Parts, parts_of
from api.writing import record
from domain.privacy.commands import export_audit
from schemas.book import BIGINT_MAX
from store import tree
from store.codec import NO_JSON, SHAPES
from store.differences import SECRETS, Withheld
from store.exporting import revealed
from store.leaves import Leaf, read_leaf
from store.rows import Row, csv_head, csv_lines, ndjson, row_of
from store.selection import Selection, pieces

PIECE_POSITIONS = 512  # so that other requests wait for a few milliseconds only
MEDIA_TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
QUERY = {
    "format": {"type": "string", "enum": list(MEDIA_TYPES), "default": "ndjson"},
    "reveal": {"type": "boolean", "default": False, "description": "Open what is sealed, in a column of its own."},
    **{name: shape for name, shape in FILTERS.items() if name not in ("after", "limit")},
    "after": {"type": "integer", "minimum": 0, "maximum": BIGINT_MAX, "description": "Events after this position."},
    "up_to": {"type": "integer", "minimum": 0, "maximum": BIGINT_MAX, "description": "Events up to this position."},
}


@get(
    "/book/export",
    summary="Take events out of the book",
    query=QUERY,
    answers={200: str},
    refusals=(404, 429),
    media_type="application/x-ndjson, text/csv",
    credentials=("bot", "session"),
)
async def exported(request: Asked) -> Response[bytes]:
    """Return events as lines of JSON or CSV, exactly as they are stored: their hashes are those of `/book/proofs`.

    For auditors. It ends with the newest signed checkpoint: `Guildbook-Export-End` says where, and is the `after` of
    the next time. What was cut off is no whole HTTP answer; come back with the last position as `after`. Secrets are
    withheld from `data`, so the hash of such an event cannot be computed from its row. Each export is recorded.
    """
    caller = await auditor_of(request)
    kind, reveals = _kind(request), reveals_in_query(request)
    wanted, parts = _selection(request), parts_of(request)
    end = await _end(parts, wanted)
    if wanted.after < end:
        await _record(request, caller, wanted, kind, end, reveals=reveals)
    headers = {"Guildbook-Export-End": str(end), "Content-Disposition": f'attachment; filename="events.{kind}"'}
    lines = _lines(parts, wanted, end, kind, reveals=reveals)
    listener = parts.listeners.join(caller.actor.name(), _is_allowed(request))
    return Download(lines, MEDIA_TYPES[kind], headers, listener, parts.listeners)


def _is_allowed(request: Asked) -> Callable[[], Awaitable[bool]]:
    async def is_allowed() -> bool:
        request.scope["state"].pop("caller", None)
        try:
            await auditor_of(request)
        except ProblemError:
            return False
        return True

    return is_allowed


def _kind(request: Asked) -> str:
    kind = query_of(request).get("format", "ndjson")
    if kind not in MEDIA_TYPES:
        raise ProblemError(400, "format must be ndjson or csv; `guildbook export` writes Parquet too.")
    return kind


def _selection(request: Asked) -> Selection:
    wanted = wanted_in_query(request)
    named = {name: getattr(wanted, name) for name in ("stream", "context", "type", "actor", "guild", "since", "until")}
    return Selection(after=wanted.after or 0, up_to=position_in_query(request, "up_to"), **named)


async def _end(parts: Parts, wanted: Selection) -> int:
    """Return the position with which an export ends."""
    async with parts.pool.connection() as connection:
        signed = await tree.latest_checkpoint(connection)
    if signed is None:
        raise ProblemError(404, "Nothing is signed yet.")
    return signed.size if wanted.up_to is None else min(signed.size, wanted.up_to)


async def _record(
    request: Asked, caller: Bot | Person, wanted: Selection, kind: str, end: int, *, reveals: bool
) -> None:
    await record(
        request,
        caller.actor,
        export_audit,
        reader=caller.actor.name(),
        query=wanted.recordable(),
        kind=kind,
        first=wanted.after + 1,
        last=end,
        reveals=reveals,
    )


async def _lines(parts: Parts, wanted: Selection, end: int, kind: str, *, reveals: bool) -> AsyncIterator[str]:
    if kind == "csv":
        yield csv_head().decode()
    write = csv_lines if kind == "csv" else ndjson
    async for _, leaves in pieces(parts.pool, wanted, end, PIECE_POSITIONS):
        if leaves:
            yield write(await _rows(parts, [read_leaf(leaf) for leaf in leaves], reveals=reveals)).decode()


async def _rows(parts: Parts, events: list[Leaf], *, reveals: bool) -> list[Row]:
    opened = await revealed(parts.store, events) if reveals else [None] * len(events)
    return [row_of(_without_secrets(event), known) for event, known in zip(events, opened, strict=True)]


def _without_secrets(event: Leaf) -> Leaf:
    shape = SHAPES.get(event.type)
    if shape is not None and SECRETS.isdisjoint(shape.open_fields.values()):
        return event
    try:
        fields = msgspec.json.decode(event.data, type=dict[str, msgspec.Raw])
    except NO_JSON:
        return event._replace(data=b"null")
    shown = {name: Withheld("secret") if name in SECRETS else value for name, value in fields.items()}
    return event._replace(data=msgspec.json.encode(shown))


ROUTES: tuple[Any, ...] = (exported,)
