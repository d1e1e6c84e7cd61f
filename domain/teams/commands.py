"""Commands that concern one team and nothing else."""

from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams import aggregate
from domain.teams.aggregate import TEAM


async def create_team(book: Book, actor: Actor, *, name: str) -> int:
    """Create a team and return its id."""
    aggregate.require_creator(actor)
    team = await book.next_id(TEAM.context)
    book.append(TEAM.stream(team), aggregate.create_team(team, name))
    return team


async def rename_team(book: Book, actor: Actor, *, team: int, name: str) -> None:
    """Rename a team."""
    state = await load_known(book, TEAM, team)
    book.append(TEAM.stream(team), aggregate.rename_team(state, actor, name))
