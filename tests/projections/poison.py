"""Events and projectors that cannot be taken in."""

import msgspec

from domain.teams.events import TeamCreated
from projections.catalogue import PROJECTORS
from projections.rows import Projector
from projections.teams.projector import PROJECTOR as TEAMS
from projections.teams.projector import TeamRow, evolve
from store.log import Recorded
from tests.books import ask

UNLUCKY = "thirteen"


class UnluckyError(Exception):
    """This team is too much for a projector."""


def evolve_with_a_mistake(row: TeamRow | None, recorded: Recorded) -> TeamRow | None:
    """Do as the projector of the teams does, but for one name."""
    if isinstance(recorded.event, TeamCreated) and recorded.event.name == UNLUCKY:
        raise UnluckyError
    return evolve(row, recorded)


def with_a_mistake() -> tuple[Projector, ...]:
    """Return all projectors, with a mistake in the one of the teams."""
    wrong = msgspec.structs.replace(TEAMS.rows[0], evolve=evolve_with_a_mistake)
    return instead_of_teams(msgspec.structs.replace(TEAMS, rows=(wrong,)))


def instead_of_teams(teams: Projector) -> tuple[Projector, ...]:
    """Return all projectors, with another one for the teams."""
    return tuple(teams if projector.name == TEAMS.name else projector for projector in PROJECTORS)


def smuggle_in(
    url: str,
    data: bytes,
    stream: str = "teams-smuggled",
    stored_type: str = TeamCreated.stored_type,
    version: int = 1,
) -> int:
    """Put an event into the log that no command would have said, and return its position."""
    insert = """
        INSERT INTO book.log (position, stream, version, type, data, meta, append_end, recorded_at)
        SELECT head + 1, %s, %s, %s, %s, '{}', head + 1, now()
        FROM book.head() AS head
        RETURNING position
    """
    [(position,)] = ask(url, insert, stream, version, stored_type, data)
    assert isinstance(position, int)
    return position
