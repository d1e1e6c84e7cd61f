"""The events of a team. Who is in it is said by the accounts' events."""

from typing import ClassVar

from domain.kernel import Event


class TeamCreated(Event, frozen=True):
    """There is a new team, empty."""

    stored_type: ClassVar[str] = "teams.TeamCreated"
    team: int
    name: str


class TeamRenamed(Event, frozen=True):
    """The team has another name."""

    stored_type: ClassVar[str] = "teams.TeamRenamed"
    team: int
    name: str


class TeamDeleted(Event, frozen=True):
    """The team is gone; its members and awards are let go in the same append."""

    stored_type: ClassVar[str] = "teams.TeamDeleted"
    team: int


EVENTS: tuple[type[Event], ...] = (TeamCreated, TeamRenamed, TeamDeleted)
