"""Delete a team: its members and its awards stay, without a team."""

from domain.accounts import aggregate as accounts
from domain.accounts.aggregate import ACCOUNT
from domain.awards import aggregate as awards
from domain.awards.aggregate import AWARD
from domain.kernel import Book, load_known
from domain.permissions import Actor
from domain.teams import aggregate as teams
from domain.teams.aggregate import TEAM


async def delete_team(book: Book, actor: Actor, *, team: int) -> None:
    """Delete a team and let its members and awards go."""
    state = await load_known(book, TEAM, team)
    stream = TEAM.stream(team)
    book.append(stream, teams.delete_team(state, actor))
    for name, account in (await book.load_about(ACCOUNT, stream)).items():
        if account.team == team:
            book.append(name, accounts.change_team(account, actor, None, "team_deleted"))
    for name, award in (await book.load_about(AWARD, stream)).items():
        if award.team == team:
            book.append(name, awards.detach_award(award))
