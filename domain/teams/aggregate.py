"""The rules of a team: who may create, rename and delete it."""

import msgspec

from domain.kernel import Entity, Event
from domain.permissions import Actor, Permission, require
from domain.teams.events import TeamCreated, TeamDeleted, TeamRenamed


class Team(msgspec.Struct, frozen=True):
    """A team that exists."""

    id: int
    name: str


# How events change a team. The names of the events are stored for ever.


def evolve(team: Team | None, event: Event) -> Team | None:
    """Apply one event."""
    match event:
        case TeamCreated() | TeamRenamed():
            return Team(event.team, event.name)
        case TeamDeleted():
            return None
        case _:
            return team


TEAM = Entity[Team]("teams", evolve)


# What may happen next.


def require_creator(actor: Actor) -> None:
    """Refuse an actor that may not create teams."""
    require(actor.holds(Permission.MANAGE_TEAMS))


def create_team(team: int, name: str) -> list[Event]:
    """Create a team."""
    return [TeamCreated(team=team, name=name)]


def rename_team(team: Team, actor: Actor, name: str) -> list[Event]:
    """Rename a team, for a manager of teams or the owner of this one."""
    _require_manager(team, actor)
    return [] if team.name == name else [TeamRenamed(team=team.id, name=name)]


def delete_team(team: Team, actor: Actor) -> list[Event]:
    """Delete a team, for a manager of teams or the owner of this one."""
    _require_manager(team, actor)
    return [TeamDeleted(team=team.id)]


def _require_manager(team: Team, actor: Actor) -> None:
    require(actor.holds(Permission.MANAGE_TEAMS) or actor.owns_team(team.id))
