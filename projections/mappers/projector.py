"""Keeps the table `mappers`. What a load did shows when it ends, all of it at once."""

from importlib import resources

from domain.loads.events import IdsMapped, LoadEvent, LoadFinished, LoadStarted, ObjectsDeleted
from projections.mappers.rows import MapperRow, evolve
from projections.rows import Key, Projector, RowSet


def _target(event: LoadEvent) -> Key:
    return (event.target,)


MAPPERS = RowSet[MapperRow](
    row=MapperRow,
    keys=dict.fromkeys((LoadStarted, IdsMapped, ObjectsDeleted, LoadFinished), _target),
    evolve=evolve,
    load="SELECT target, published, running, ended_at, position FROM mappers WHERE target = ANY(%b)",
    save="""
        INSERT INTO mappers (target, published, running, ended_at, position)
        SELECT target, published, running, ended_at, position
        FROM json_populate_recordset(NULL::mappers, %s)
        ON CONFLICT (target) DO UPDATE SET
            (published, running, ended_at, position) = (
                EXCLUDED.published, EXCLUDED.running, EXCLUDED.ended_at, EXCLUDED.position
            )
    """,
    delete="DELETE FROM mappers WHERE target = ANY(%b)",
)

PROJECTOR = Projector(
    name="mappers", tables=(resources.files("projections.mappers") / "tables.sql").read_text(), rows=(MAPPERS,)
)
