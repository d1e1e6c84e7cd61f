"""Commands about holds, what is handed out, and how long data is kept."""

from datetime import datetime

from domain.kernel import Book, UnknownError
from domain.privacy import aggregate, readers
from domain.privacy.aggregate import RETENTION, SUBJECT
from domain.privacy.events import Rule
from domain.privacy.readers import READER, Look


def require_subject(subject: str) -> tuple[str, int]:
    """Return the context and the id of a subject. Errors: UnknownError."""
    known = aggregate.id_of(subject)
    if known is None:
        raise UnknownError("subjects", subject)
    return known


async def place_hold(book: Book, *, subject: str, reference: str) -> None:
    """Keep a subject from being erased; also one that is not known yet."""
    require_subject(subject)
    state = await book.load(SUBJECT, subject)
    book.append(SUBJECT.stream(subject), aggregate.place_hold(state, subject, reference))


async def release_hold(book: Book, *, subject: str, reference: str) -> None:
    """Let go of one hold."""
    require_subject(subject)
    state = await book.load(SUBJECT, subject)
    book.append(SUBJECT.stream(subject), aggregate.release_hold(state, subject, reference))


async def export_subject(book: Book, *, subject: str, events: int) -> None:
    """Write down that all about a subject is handed out."""
    require_subject(subject)
    await book.load(SUBJECT, subject)
    book.append(SUBJECT.stream(subject), aggregate.export_subject(subject, events))


async def change_retention(book: Book, *, rules: tuple[Rule, ...]) -> None:
    """Decide how long data is kept: these rules and no others.

    Errors: RuleUnknownError, RuleDaysError, RuleTwiceError.
    """
    state = await book.load(RETENTION)
    book.append(RETENTION.stream(), aggregate.change_retention(state, rules))


async def apply_retention(book: Book, *, data_class: str, erased: int, held: int) -> None:
    """Write down what came of a rule."""
    await book.load(RETENTION)
    book.append(RETENTION.stream(), aggregate.apply_retention(data_class, erased=erased, held=held))


async def read_trail(book: Book, *, reader: str, query: str, reveals: bool, at: datetime) -> None:
    """Write down that somebody reads the trail, and what of it; the same again within minutes says nothing new."""
    state = await book.load(READER, reader)
    book.append(READER.stream(reader), readers.read_trail(state, reader, Look(query, reveals, at)))


async def export_audit(book: Book, *, reader: str, query: str, kind: str, first: int, last: int, reveals: bool) -> None:
    """Write down that somebody takes events out of the book, before the first of them is handed out."""
    await book.load(READER, reader)
    told = readers.export_audit(reader, query, kind, first, last, reveals=reveals)
    book.append(READER.stream(reader), told)
