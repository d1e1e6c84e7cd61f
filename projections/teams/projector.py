"""Keeps the table `teams`."""

from datetime import datetime
from importlib import resources

import msgspec

from domain.teams.events import TeamCreated, TeamDeleted, TeamRenamed
from projections.rows import Key, Projector, RowSet
from store.log import Recorded


class TeamRow(msgspec.Struct, frozen=True):
    """A row of `teams`, in the order of its columns."""

    id: int
    name: str
    created_at: datetime


def evolve(row: TeamRow | None, recorded: Recorded) -> TeamRow | None:
    """Apply one event of a team."""
    match recorded.event:
        case TeamCreated(team=team, name=name):
            return TeamRow(team, name, recorded.recorded_at)
        case TeamRenamed(name=name) if row:
            return TeamRow(row.id, name, row.created_at)
        case TeamDeleted():
            return None
        case _:
            return row


def _team(event: TeamCreated | TeamRenamed | TeamDeleted) -> Key:
    return (event.team,)


TEAMS = RowSet[TeamRow](
    row=TeamRow,
    keys={TeamCreated: _team, TeamRenamed: _team, TeamDeleted: _team},
    evolve=evolve,
    load="SELECT id, name, created_at FROM teams WHERE id = ANY(%b)",
    save="""
        INSERT INTO teams (id, name, created_at)
        SELECT id, name, created_at
        FROM json_populate_recordset(NULL::teams, %s)
        ON CONFLICT (id) DO UPDATE SET (name, created_at) = (EXCLUDED.name, EXCLUDED.created_at)
    """,
    delete="DELETE FROM teams WHERE id = ANY(%b)",
)

PROJECTOR = Projector(
    name="teams", tables=(resources.files("projections.teams") / "tables.sql").read_text(), rows=(TEAMS,)
)
