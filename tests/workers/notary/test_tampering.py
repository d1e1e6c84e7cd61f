"""Every way to lie to an auditor: whatever is changed in the database, as its superuser, is found, and where."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from psycopg import sql

from store import verification
from store.notes import NoteError
from tests.conftest import cloned
from tests.workers.notary.books import append, latest, notarize, verdict
from tests.workers.notary.lie_list import LIES
from tests.workers.notary.lies import Lie

TABLES = ("log", "tiles", "signing_keys", "signed_checkpoints", "cosignatures")


@pytest.fixture(scope="module")
def honest(server_url: str, template: str) -> Iterator[str]:
    """A book of 610 events, signed at 200, 400 and 600, with a copy of all that it holds."""
    with cloned(server_url, template) as url:
        asyncio.run(_fill(url))
        with psycopg.connect(url) as connection:
            connection.execute("CREATE SCHEMA honest")
            for table in TABLES:
                copy = sql.SQL("CREATE TABLE honest.{0} AS TABLE book.{0}").format(sql.Identifier(table))
                connection.execute(copy)
        yield url


async def _fill(url: str) -> None:
    versions: Counter[str] = Counter()
    for number in range(3):
        singles = [[f"teams-{i % 40}"] for i in range(140)]
        together = [[f"awards-{number}-{i}" for i in range(j, j + 6)] for j in range(10)]
        await append(url, [*singles, *together], versions)
        await notarize(url)
    await append(url, [[f"teams-{i}"] for i in range(10)], versions)


@pytest.fixture
async def book(honest: str) -> AsyncIterator[str]:
    """That book, which is put right after the test."""
    yield honest
    with psycopg.connect(honest) as connection:
        connection.execute("SET session_replication_role = replica")
        for table in TABLES:
            name = sql.Identifier(table)
            connection.execute(sql.SQL("DELETE FROM book.{}").format(name))
            connection.execute(sql.SQL("INSERT INTO book.{0} SELECT * FROM honest.{0}").format(name))
        connection.execute("UPDATE operations.checkpoints SET position = 600 WHERE reader = 'notary'")
        connection.execute(
            "ALTER TABLE book.log DROP CONSTRAINT IF EXISTS log_position,"
            " ADD CONSTRAINT log_position PRIMARY KEY (position)"
        )


async def test_an_honest_book_raises_no_alarm(book: str) -> None:
    kept = await latest(book)
    assert kept
    found = await verdict(book, [kept.note])
    assert (found.head, found.signed, found.findings) == (610, 600, ())


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
async def test_a_lie_is_found_where_it_was_told(book: str, lie: Lie) -> None:
    kept = await latest(book)
    assert kept
    await lie.tell(book)
    if lie.says == "key":
        with pytest.raises(NoteError, match="No key that is trusted"):
            await verdict(book, [kept.note])
        return
    found = await verdict(book, [kept.note] if lie.needs_kept else [])
    assert found.findings
    assert {position for position, _ in found.findings} >= set(lie.positions), found.findings
    assert any(lie.says in text for _, text in found.findings), found.findings


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie.needs_kept], ids=lambda lie: lie.name)
async def test_what_nothing_in_the_book_gives_away_is_seen_with_a_kept_checkpoint_only(book: str, lie: Lie) -> None:
    await lie.tell(book)
    if lie.is_perfect:
        assert (await verdict(book)).findings == ()


def test_there_are_fifty_lies_and_more() -> None:
    assert len(LIES) >= 50
    assert len({lie.name for lie in LIES}) == len(LIES)


async def test_an_event_that_is_there_twice_is_found_between_two_reads_too(
    book: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "READ_EVENTS", 50)
    assert (await verdict(book)).findings == ()
    [twice] = [lie for lie in LIES if lie.name == "an event that is there twice"]
    await twice.tell(book)
    assert "1 positions are there twice" in [finding.text for finding in (await verdict(book)).findings]
