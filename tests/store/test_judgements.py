"""Judgements: an event is proven when its row, as it is now, leads to what the book has signed."""

from collections import Counter

import pytest

from store.connections import connect
from store.judgements import Judgement, judgements_of
from tests.books import KEY
from tests.workers.notary.books import append, notarize
from tests.workers.notary.lies import execute

ALL = range(1, 13)


@pytest.fixture
async def signed(database_url: str) -> str:
    """Return a book of twelve events, the first ten of which are signed."""
    versions = Counter[str]()
    await append(database_url, [["teams-1"]] * 10, versions)
    await notarize(database_url)
    await append(database_url, [["teams-1"]] * 2, versions)
    return database_url


async def judgements(url: str, key: bytes = KEY) -> dict[int, Judgement]:
    async with await connect(url) as connection:
        return await judgements_of(connection, key, ALL)


def broken(found: dict[int, Judgement]) -> list[int]:
    return [position for position, judgement in found.items() if judgement.state == "broken"]


async def test_what_was_signed_is_proven_and_what_is_new_is_not_signed_yet(signed: str) -> None:
    found = await judgements(signed)
    assert [found[position].state for position in ALL] == ["proven"] * 10 + ["unsigned"] * 2
    assert {judgement.size for judgement in found.values()} == {10}


async def test_a_book_that_signed_nothing_yet_says_so(database_url: str) -> None:
    await append(database_url, [["teams-1"]] * 12)
    assert set((await judgements(database_url)).values()) == {Judgement("unsigned")}


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        ("UPDATE book.log SET data = '{}' WHERE position = 7", [7]),
        ("UPDATE book.log SET recorded_at = 'infinity' WHERE position = 4", [4]),
        ("DELETE FROM book.log WHERE position = 3", [3]),
        ("DELETE FROM book.tiles", list(range(1, 11))),
        ("UPDATE book.signed_checkpoints SET size = 9", list(range(1, 13))),
    ],
)
async def test_a_lie_is_found_where_it_is(signed: str, lie: str, found: list[int]) -> None:
    execute(signed, lie)
    judged = await judgements(signed)
    assert broken(judged) == found
    assert all(judged[position].reason for position in found)


async def test_what_was_signed_by_a_key_that_is_not_ours_proves_nothing(signed: str) -> None:
    found = await judgements(signed, b"another key of thirty-two bytes.")
    assert set(broken(found)) == set(ALL)
    assert "trusted" in found[1].reason
