"""Keeps the table `loads`."""

from importlib import resources

from domain.loads.events import EVENTS, LoadEvent
from projections.loads.rows import LoadRow, evolve
from projections.rows import Key, Projector, RowSet


def _load(event: LoadEvent) -> Key:
    return (event.load,)


LOADS = RowSet[LoadRow](
    row=LoadRow,
    keys=dict.fromkeys(EVENTS, _load),
    evolve=evolve,
    load="SELECT id, target, source, backup, outcome, created, position, document FROM loads WHERE id = ANY(%b)",
    save="""
        INSERT INTO loads (id, target, source, backup, outcome, created, position, document)
        SELECT id, target, source, backup, outcome, created, position, document
        FROM json_populate_recordset(NULL::loads, %s)
        ON CONFLICT (id) DO UPDATE SET
            (outcome, position, document) = (EXCLUDED.outcome, EXCLUDED.position, EXCLUDED.document)
    """,
    delete="DELETE FROM loads WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="loads", tables=(resources.files("projections.loads") / "tables.sql").read_text(), rows=(LOADS,), revision=2
)
