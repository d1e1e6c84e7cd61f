"""Commands that concern one award and its holdings and nothing else."""

from domain.awards import aggregate
from domain.awards.aggregate import AWARD, HOLDING
from domain.kernel import Book, load_known
from domain.permissions import Actor


async def delete_award(book: Book, actor: Actor, *, award: int) -> None:
    """Delete an award and take it from all who hold it."""
    state = await load_known(book, AWARD, award)
    aggregate.require_manager(actor)
    book.append(AWARD.stream(award), aggregate.delete_award(state))
    for stream, holding in (await book.load_about(HOLDING, AWARD.stream(award))).items():
        book.append(stream, aggregate.revoke_award(holding, "award_deleted"))
