"""Edit an award; the team it moves to exists at that moment."""

from msgspec import UNSET, UnsetType

from domain.awards import aggregate
from domain.awards.aggregate import AWARD
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams.aggregate import TEAM


async def edit_award(
    book: Book,
    actor: Actor,
    *,
    award: int,
    title: str | None = None,
    image_url: str | None = None,
    team: int | UnsetType | None = UNSET,
) -> None:
    """Change title, image and team (None: of no team) of an award."""
    state = await load_known(book, AWARD, award)
    if isinstance(team, int):
        await load_known(book, TEAM, team)
    aggregate.require_manager(actor)
    moved = [] if team is UNSET else aggregate.move_award(state, team)
    book.append(AWARD.stream(award), [*aggregate.edit_award(state, title=title, image_url=image_url), *moved])
