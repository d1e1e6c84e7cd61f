"""Links decide who is found by an entity, so they are verified too: each follows from the log, and all are there."""

import pytest

from domain.guilds.commands import report_guild
from domain.guilds.reports import GuildReport
from store import linking, verification
from tests.books import ORIGIN, ask, opened
from tests.deeds import Deeds, do_many
from tests.projections.poison import smuggle_in
from tests.workers.notary.books import notarize, verdict

FIRST = "(SELECT entity, stream, position FROM book.links ORDER BY position, entity LIMIT 1)"
ONE = f"(entity, stream, position) IN {FIRST}"


@pytest.fixture
async def book(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A signed book whose streams speak of each other."""
    monkeypatch.setattr(verification, "READ_EVENTS", 20)
    monkeypatch.setattr(linking, "READ_LINKS", 7)
    async with opened(database_url) as store:
        await do_many(store, Deeds(31), 300)
    await notarize(database_url)
    return database_url


async def test_links_of_an_honest_book_fit(book: str) -> None:
    assert ask(book, "SELECT count(*) > 20 FROM book.links") == [(True,)]
    assert (await verdict(book)).findings == ()


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (f"DELETE FROM book.links WHERE {ONE}", "no link says so"),
        (f"UPDATE book.links SET entity = 'accounts-666' WHERE {ONE}", "as a link of"),
        (f"UPDATE book.links SET stream = 'teams-666' WHERE {ONE}", "as a link of"),
        (f"UPDATE book.links SET position = position + 1 WHERE {ONE}", "no link says so"),
        (f"UPDATE book.links SET position = position - 1 WHERE {ONE}", "as a link of"),
        ("INSERT INTO book.links VALUES ('accounts-1', 'teams-666', 40)", "as a link of teams-666 says"),
        ("INSERT INTO book.links VALUES ('accounts-1', 'teams-666', 10000000)", "as a link of teams-666 says"),
    ],
    ids=["removed", "of another", "by another", "later", "earlier", "added", "added beyond"],
)
async def test_a_link_that_does_not_follow_from_the_log_is_found_with_its_position(
    book: str, lie: str, says: str
) -> None:
    [(position,)] = ask(book, f"SELECT position FROM {FIRST} AS first")
    assert isinstance(position, int)
    ask(book, f"SET session_replication_role = replica; {lie}")
    found = (await verdict(book)).findings
    assert any(says in text for _, text in found), found
    assert {at for at, _ in found} & {position - 1, position, position + 1, 40, 10_000_000}, found


async def test_a_link_at_what_a_stream_said_again_is_late(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "READ_EVENTS", 2)
    async with opened(database_url) as store:
        for number in (1, 2, 3):
            guild = GuildReport(id=920, owner=7, name=f"Azores {number}")
            await store.execute(ORIGIN, report_guild, report=guild, roles=(), channels=(), bot=77)
    await notarize(database_url)
    spoken = ask(
        database_url, "SELECT position, type FROM book.log WHERE stream = 'guilds-guild-920' ORDER BY position"
    )
    assert len(spoken) == 3, "each speaks of the guild"
    assert (await verdict(database_url)).findings == ()
    for position, _ in spoken[1:]:
        move = f"UPDATE book.links SET position = {position} WHERE stream = 'guilds-guild-920'"
        ask(database_url, f"SET session_replication_role = replica; {move}")
        found = (await verdict(database_url)).findings
        assert found[0].position == spoken[0][0]
        assert {text for _, text in found} == {"it speaks of guilds-guild-920, and no link says so"}


async def test_an_event_that_this_version_does_not_know_may_speak_of_anything(book: str) -> None:
    position = smuggle_in(book, b"{}", "teams-7000", "teams.TeamFoundedInSpace")
    ask(book, f"INSERT INTO book.links VALUES ('accounts-1', 'teams-7000', {position})")
    await notarize(book)
    assert (await verdict(book)).findings == ()
