"""How the book does, for auditors: who reads the log and how far, what is signed, what is delivered, how busy it is."""

from datetime import UTC, datetime

import msgspec
from litestar import Response, get

from api.console.audit_charts import STEPS, activity, chart_of, moments_of
from api.console.auditors import AUDIT, OPT, auditor_of
from api.console.pages import page
from api.parts import Asked, parts_of
from projections.checkpoints import Checkpoint, all_checkpoints
from projections.delivery_figures import delivery_figures
from store import log, notes, tree
from store.listing import contexts_after, positions_before
from store.notes import NoteError
from store.tree import SignedCheckpoint

STATE = f"{AUDIT}/state"
CHECKPOINTS_MAX = 8
NEWEST_EVENTS = 10_000
READERS = {
    "notary": "Signs checkpoints",
    "callback_fanout": "Finds out whom to tell",
    "kafka_relay": "Tells Kafka",
    "eraser": "Clears away what was erased",
    "search": "Keeps the index of the trail",
}


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint as the page lists it; `signatures` are the book's and those of witnesses."""

    size: int
    made_at: datetime
    signatures: int


class Reader(msgspec.Struct, frozen=True):
    """A reader of the log as the page lists it; `state`: level, behind or stopped."""

    checkpoint: Checkpoint
    does: str
    state: str


@get(STATE, include_in_schema=False, opt=OPT)
async def show(request: Asked) -> Response[bytes]:
    """Show figures; no event is shown, so nothing is written down."""
    visitor = await auditor_of(request)
    asked = request.query_params.get("over", "")
    period = asked if asked in STEPS else "day"
    async with parts_of(request).pool.connection() as connection:
        head = await log.head(connection)
        moments = moments_of(period, datetime.now(UTC))
        return page(
            "audit_state.html",
            visitor=visitor,
            home=AUDIT,
            here=STATE,
            head=head,
            period=period,
            activity=activity(period, moments, await positions_before(connection, moments)),
            kinds=chart_of(await contexts_after(connection, max(head - NEWEST_EVENTS, 0))),
            newest=NEWEST_EVENTS,
            readers=[_reader(each) for each in await all_checkpoints(connection)],
            signed=[_signed(each) for each in await tree.latest_checkpoints(connection, CHECKPOINTS_MAX)],
            deliveries=await delivery_figures(connection),
        )


def _reader(checkpoint: Checkpoint) -> Reader:
    state = "stopped" if checkpoint.stopped_at is not None else "behind" if checkpoint.lag else "level"
    return Reader(checkpoint, READERS.get(checkpoint.reader, "Keeps query tables"), state)


def _signed(checkpoint: SignedCheckpoint) -> Signed:
    try:
        signatures = len(notes.split(checkpoint.note)[1])
    except NoteError:
        signatures = 0
    return Signed(checkpoint.size, checkpoint.made_at, signatures)


ROUTES = (show,)
