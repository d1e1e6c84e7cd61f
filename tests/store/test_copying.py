"""A book is copied into a new place: the same bytes up to a position, proved, or nothing at all."""

from datetime import UTC, datetime

import pytest

from domain.kernel import Book
from domain.privacy.aggregate import SUBJECT
from domain.privacy.events import SubjectErased
from projections.catalogue import PROJECTORS
from projections.comparing import Comparison, compare
from store.connections import connect
from store.copying import (
    CHECKPOINTS,
    COSIGNATURES,
    KEYS,
    LINKS,
    SIGNING_KEYS,
    CopyError,
    Extent,
    Moment,
    copy_book,
)
from store.event_store import EventStore
from store.leaves import COLUMNS
from store.live_book import LiveBook, newest_checkpoint, next_values, position_of
from store.log import head
from store.notes import Checkpoint, read_checkpoint, split
from tests.books import ORIGIN, ask, opened, places, projecting, shown, until
from tests.deeds import Deeds, do_many
from tests.workers.notary.books import notarize, verdict
from workers.callbacks.feed import CallbackFeed

LOG = "SELECT position, stream, version, type, data, meta, append_end, recorded_at FROM book.log ORDER BY position"
UP_TO = f"SELECT * FROM ({LOG}) AS log WHERE append_end <= %s"
BESIDE = {
    "links": "SELECT entity, stream, position FROM book.links WHERE position <= %s ORDER BY 1, 2",
    "keys": "SELECT id, subject, wrapped, created_at, made_after FROM book.keys WHERE made_after <= %s ORDER BY 1",
    "signing_keys": "SELECT number, name, public_key, sealed, made_at FROM book.signing_keys WHERE number <= %s",
    "signed_checkpoints": "SELECT size, note, made_at FROM book.signed_checkpoints WHERE size <= %s ORDER BY 1",
}
READERS = {"callback_fanout": "", **{projector.name: "not made" for projector in PROJECTORS}}


async def copied(url: str, into: str, to: Moment, *more: Checkpoint) -> int:
    """Copy the book of a URL, and return where the copy ends."""
    async with await connect(url) as connection:
        position = await position_of(connection, to)
        signed = await newest_checkpoint(connection, position)
        held = [read_checkpoint(split(signed.note)[0])] if signed else []
        source = LiveBook(connection, position, await next_values(connection))
        return (await copy_book(into, source, Extent(position, [*held, *more]), READERS, lambda *_: None)).position


@pytest.fixture
async def book(database_url: str) -> str:
    """A book of some hundred deeds, about half of which are signed for."""
    async with opened(database_url) as store:
        await do_many(store, Deeds(11), 400)
        await notarize(database_url)
        await do_many(store, Deeds(12), 300)
    return database_url


async def test_a_copy_holds_the_same_bytes_up_to_its_end_and_is_verified(book: str, empty_url: str) -> None:
    [(size,)] = ask(book, "SELECT max(size) FROM book.signed_checkpoints")
    [(head,)] = ask(book, "SELECT book.head()")
    assert isinstance(size, int)
    assert isinstance(head, int)
    end = await copied(book, empty_url, (size + head) // 2)
    assert size < end <= (size + head) // 2
    assert ask(empty_url, LOG) == ask(book, UP_TO, end)
    for query in BESIDE.values():
        assert ask(empty_url, query, end) == ask(book, query, end)
    found = await verdict(empty_url)
    assert (found.head, found.signed, found.findings) == (end, size, ())


def test_whatever_the_book_is_made_of_is_copied(database_url: str) -> None:
    """A new table or column of the book has to be copied, and grow anew, too."""
    columns = """
        SELECT table_name, array_agg(column_name::text ORDER BY column_name)
        FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'book' AND table_type = 'BASE TABLE'
        GROUP BY table_name
    """
    known = {table.name: sorted(table.columns) for table in (LINKS, CHECKPOINTS, COSIGNATURES, SIGNING_KEYS, KEYS)}
    grown = {"log": sorted(COLUMNS), "tiles": ["first", "hashes", "level"]}
    assert {str(name): found for name, found in ask(database_url, columns)} == known | grown


async def test_what_was_appended_together_is_copied_together_or_not_at_all(book: str, empty_url: str) -> None:
    query = "SELECT append_end FROM book.log WHERE position < append_end ORDER BY position DESC LIMIT 1"
    [(append_end,)] = ask(book, query)
    assert isinstance(append_end, int)
    [(first,)] = ask(book, "SELECT min(position) FROM book.log WHERE append_end = %s", append_end)
    assert isinstance(first, int)
    assert await copied(book, empty_url, append_end - 1) == first - 1
    assert ask(empty_url, LOG) == ask(book, UP_TO, first - 1)


async def test_a_source_that_goes_on_is_cut_where_the_copy_ends(book: str, empty_url: str) -> None:
    """As a backup is: all of it is read and held against what was signed, and a part is copied."""
    [(size,)] = ask(book, "SELECT max(size) FROM book.signed_checkpoints")
    assert isinstance(size, int)
    async with await connect(book) as connection:
        source = LiveBook(connection, await head(connection), await next_values(connection))
        newest = await newest_checkpoint(connection, source.head)
        assert newest
        signed = [read_checkpoint(split(newest.note)[0])]
        done = await copy_book(empty_url, source, Extent(size // 2, signed), READERS, lambda *_: None)
    assert done.position <= size // 2
    assert ask(empty_url, LOG) == ask(book, UP_TO, done.position)
    assert ask(empty_url, "SELECT count(*) FROM book.signed_checkpoints") == [(0,)]


async def test_a_time_ends_before_what_was_recorded_then(book: str, empty_url: str) -> None:
    [(position, recorded_at)] = ask(
        book,
        "SELECT position, recorded_at FROM book.log WHERE position = append_end ORDER BY position LIMIT 1 OFFSET 9",
    )
    assert isinstance(recorded_at, datetime)
    end = await copied(book, empty_url, recorded_at.astimezone(UTC))
    assert ask(empty_url, LOG) == ask(book, UP_TO, end)
    assert ask(book, "SELECT max(position) FROM book.log WHERE recorded_at < %s", recorded_at) == [(end,)]
    assert isinstance(position, int)
    assert end < position


async def test_what_is_not_what_was_signed_is_refused_and_nothing_is_left(book: str, empty_url: str) -> None:
    ask(book, "SET session_replication_role = replica; UPDATE book.log SET meta = data WHERE position = 7")
    with pytest.raises(CopyError, match="are not those that were signed"):
        await copied(book, empty_url, 10**9)
    assert ask(empty_url, "SELECT nspname FROM pg_namespace WHERE nspname IN ('book', 'projections')") == []
    ask(book, "SET session_replication_role = replica; DELETE FROM book.log WHERE position = 9")
    with pytest.raises(CopyError, match="Position 9 is missing"):
        await copied(book, empty_url, 10**9)
    ask(book, "SET session_replication_role = replica; DELETE FROM book.log WHERE position > 5")
    with pytest.raises(CopyError, match="A checkpoint was signed of 5000 events"):
        await copied(book, empty_url, 10**9, Checkpoint("me", 5000, bytes(32)))
    with pytest.raises(CopyError, match="no event up to there"):
        await copied(book, empty_url, datetime(2001, 1, 1, tzinfo=UTC))


async def test_a_place_that_has_a_book_is_refused(book: str, empty_url: str) -> None:
    await copied(book, empty_url, 10**9)
    rows = ask(empty_url, LOG)
    with pytest.raises(CopyError, match="There is a book already"):
        await copied(book, empty_url, 10)
    with pytest.raises(CopyError, match="There is a book already"):
        await copied(empty_url, book, 10)
    assert ask(empty_url, LOG) == rows


async def test_a_copy_goes_on_as_a_book_of_its_own(book: str, empty_url: str) -> None:
    await copied(book, empty_url, 10**9)
    told = await places(empty_url)
    assert told["callback_fanout"].lag == told["notary"].lag == 0
    assert told["teams"].stopped_at == told["teams"].position
    assert await ids_given_next(empty_url) == await ids_given_next(book)
    async with opened(empty_url) as store:
        await do_many(store, Deeds(13), 50)
        feed = CallbackFeed("https://book.example")
        async with projecting(empty_url, feed=feed):
            await shown(empty_url)
        assert await compare(empty_url, store.keyring, PROJECTORS, lambda *_: None) == Comparison(
            (await places(empty_url))["teams"].position, (), {}
        )
    await notarize(empty_url)
    assert (await verdict(empty_url)).findings == ()


async def ids_given_next(url: str) -> dict[str, int]:
    async with await connect(url) as connection:
        return await next_values(connection)


async def test_a_copy_tells_nobody_what_was_told(book: str, empty_url: str) -> None:
    await copied(book, empty_url, 10**9)
    async with projecting(empty_url, feed=CallbackFeed("https://book.example")):
        await shown(empty_url)
        await until(lambda: ask(empty_url, "SELECT 1 FROM operations.checkpoints WHERE reader = 'callback_feed'"))
    assert ask(empty_url, "SELECT count(*) FROM operations.deliveries") == [(0,)]


async def test_who_was_erased_stays_erased_in_a_copy_of_before(
    book: str, empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that came back, as from an older backup of them, are passed over."""
    monkeypatch.setattr("store.live_book.READ_EVENTS", 10)
    [(subject, key_id, wrapped)] = ask(
        book, "SELECT subject, id, wrapped FROM book.keys WHERE subject LIKE 'accounts-%' ORDER BY subject LIMIT 1"
    )
    async with opened(book) as store:
        await erase(store, str(subject))
    ask(
        book,
        "INSERT INTO book.keys (id, subject, wrapped, made_after) VALUES (%s, %s, %s, 0) ON CONFLICT DO NOTHING",
        key_id,
        subject,
        wrapped,
    )
    [(head_now,)] = ask(book, "SELECT book.head()")
    assert isinstance(head_now, int)
    async with await connect(book) as connection:
        source = LiveBook(connection, head_now, await next_values(connection))
        await copy_book(empty_url, source, Extent(head_now // 2), READERS, lambda *_: None)
    assert ask(empty_url, "SELECT count(*) FROM book.keys") != [(0,)]
    assert ask(empty_url, "SELECT id FROM book.keys WHERE subject = %s", subject) == []


async def erase(store: EventStore, subject: str) -> None:
    async def say_so(book: Book) -> None:
        await book.load(SUBJECT, subject)
        book.append(SUBJECT.stream(subject), [SubjectErased(of=subject)])

    await store.execute(ORIGIN, say_so)
