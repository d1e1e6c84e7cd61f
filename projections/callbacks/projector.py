"""Keeps the table `callbacks`; their secrets stay in the log, sealed."""

from importlib import resources

import msgspec

from domain.callbacks.events import CallbackEvent, CallbackRegistered, CallbackRemoved, CallbackReplaced
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class CallbackRow(msgspec.Struct, frozen=True):
    """A row of `callbacks`, in the order of its columns."""

    id: int
    app: int
    event: str
    url: str


def evolve(row: CallbackRow | None, recorded: Recorded) -> CallbackRow | None:
    """Apply one event of a callback."""
    match recorded.event:
        case CallbackRegistered() | CallbackReplaced() as event:
            return CallbackRow(event.callback, event.app, event.event, event.url)
        case CallbackRemoved():
            return None
        case _:
            return row


def _callback(event: CallbackEvent) -> Key:
    return (event.callback,)


CALLBACKS = RowSet[CallbackRow](
    row=CallbackRow,
    keys={CallbackRegistered: _callback, CallbackReplaced: _callback, CallbackRemoved: _callback},
    evolve=evolve,
    save="""
        INSERT INTO callbacks (id, app, event, url)
        SELECT id, app, event, url
        FROM json_populate_recordset(NULL::callbacks, %s)
        ON CONFLICT (id) DO UPDATE SET url = EXCLUDED.url
    """,
    delete="DELETE FROM callbacks WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="callbacks", tables=(resources.files("projections.callbacks") / "tables.sql").read_text(), rows=(CALLBACKS,)
)
