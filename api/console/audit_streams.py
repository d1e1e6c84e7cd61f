"""The story of one entity, for auditors: what each event changed, a slider through time, and whether it is proven."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException

from api.console.audit_views import STREAM, Entry, Field, entry_of, fields_of, may_be_handed_out, stream_href
from api.console.auditors import AUDIT, OPT, auditor_of, judge
from api.console.pages import HEADERS, page
from api.console.texts import id_of
from api.parts import Asked, Parts, parts_of
from api.trail import look, look_at_stream
from domain.entities import entity_of
from domain.kernel import STREAM_CHARACTERS_MAX
from store import log
from store.history import Step, history_of, past_of, require_short
from store.leaves import read_leaf
from store.listing import position_of, related_streams
from store.merkle import TileMissingError
from store.proofs import NotSignedError, ProofError, prove

STEPS_MAX = 25
RELATED_MAX = 60
MOMENT = "moment"


class Wish(msgspec.Struct, frozen=True):
    """What of a stream is asked for: the state at a version, and the events before another."""

    stream: str
    last: int
    at: int
    before: int
    reveals: bool

    def href(self, at: int) -> str:
        """Return where the state at another version is."""
        return stream_href(self.stream, at=at, reveals=self.reveals)

    def other_href(self) -> str:
        """Return where the same is with what is sealed opened, or closed again."""
        return stream_href(self.stream, at=self.at, reveals=not self.reveals)

    def versions(self) -> range:
        """Return the versions that the page shows."""
        return range(max(self.before - STEPS_MAX, 1), self.before)

    def older(self) -> str | None:
        """Return where the events before these are, None when there are none."""
        first = self.versions()[0]
        return stream_href(self.stream, before=first, reveals=self.reveals) if first > 1 else None


class Moment(msgspec.Struct, frozen=True):
    """An entity as it was after an event; `state` is None when there was nothing."""

    entry: Entry
    state: Sequence[Field] | None


@get(STREAM, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show an entity: as it was at a moment, and what happened to it, newest first."""
    visitor, stream = await auditor_of(request), _name(request)
    reveals = "reveal" in request.query_params
    await look_at_stream(request, visitor.actor, stream, reveals=reveals)
    wish = await _wish(request, stream, reveals=reveals)
    moment = await _moment(parts_of(request), wish)
    shared: dict[str, Any] = {"home": AUDIT, "here": STREAM, "wish": wish, "moment": moment}
    if request.headers.get("hx-target") == MOMENT:  # the slider moves
        return page("audit_moment.html", is_part=True, **shared)
    entries = await _entries(parts_of(request), wish)
    return page(
        "audit_stream.html",
        visitor=visitor,
        is_part=False,
        entries=entries,
        missing=sorted({*wish.versions()} - {entry.step.version for entry in entries}),
        related=await _related(parts_of(request), wish),
        related_max=RELATED_MAX,
        **shared,
    )


def _name(request: Asked) -> str:
    name = request.query_params.get("id", "")
    if not name.isprintable() or len(name) > STREAM_CHARACTERS_MAX or entity_of(name) is None:
        raise NotFoundException
    return name


async def _wish(request: Asked, stream: str, *, reveals: bool) -> Wish:
    """Return what is asked for, brought to what there is. Errors: NotFoundException."""
    async with parts_of(request).pool.connection() as connection:
        ends = await log.stream_ends(connection, [stream])
    if stream not in ends:
        raise NotFoundException
    last, asked = ends[stream][0], request.query_params
    at, before = id_of(asked.get("at", "")), id_of(asked.get("before", ""))
    return Wish(stream, last, min(max(at or last, 1), last), min(max(before or last + 1, 2), last + 1), reveals)


async def _moment(parts: Parts, wish: Wish) -> Moment | None:
    """Return the entity after the event that is asked for, None when somebody has taken that event away."""
    async with parts.pool.connection() as connection:
        position = await position_of(connection, wish.stream, wish.at)
    if position is None:
        return None
    await require_short(parts.store, wish.stream, wish.at, position)
    state, step = await past_of(parts.store, wish.stream, position, reveals=wish.reveals)
    assert step
    [entry] = await _judged(parts, [step], wish)
    changed = [change.path for change in step.changes] if wish.at > 1 else []  # of the first, all is new
    return Moment(entry, None if state is None else list(fields_of(state, changed)))


async def _entries(parts: Parts, wish: Wish) -> list[Entry]:
    versions = wish.versions()
    steps = await history_of(parts.store, wish.stream, after=versions[0] - 1, limit=len(versions), reveals=wish.reveals)
    return await _judged(parts, steps[::-1], wish)


async def _judged(parts: Parts, steps: Sequence[Step], wish: Wish) -> list[Entry]:
    judged = await judge(parts, [step.position for step in steps])
    return [entry_of(step, judged[step.position], reveals=wish.reveals) for step in steps]


async def _related(parts: Parts, wish: Wish) -> list[tuple[str, str]]:
    """Return other streams that spoke of this one, the first of them, and where they are."""
    async with parts.pool.connection() as connection:
        found = await related_streams(connection, wish.stream, 0, RELATED_MAX)
    streams = [stream for stream, _ in found if stream != wish.stream]
    return [(stream, stream_href(stream, reveals=wish.reveals)) for stream in streams]


@get(f"{AUDIT}/proof", include_in_schema=False, opt=OPT)
async def proof(request: Asked) -> Response[bytes]:
    """Hand out the proof of an event as a file, which `guildbook verify --proof` checks without a book."""
    visitor, position = await auditor_of(request), id_of(request.query_params.get("position", ""))
    if position is None:
        raise NotFoundException
    await look(request, visitor.actor, f"proof {position}")
    try:
        async with parts_of(request).pool.connection() as connection:
            proved = await prove(connection, position)
    except (NotSignedError, ProofError, TileMissingError) as error:
        raise NotFoundException from error
    if not may_be_handed_out(read_leaf(proved.leaf).type):
        raise NotFoundException
    named = {"Content-Disposition": f'attachment; filename="{position}.tlog-proof"'}
    return Response(proved.text().encode(), media_type="text/plain; charset=utf-8", headers={**HEADERS, **named})


ROUTES = (show, proof)
