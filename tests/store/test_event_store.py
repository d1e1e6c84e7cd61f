"""Commands against a real log: what they rest on is checked, what is stale is decided again, all or nothing."""

import asyncio
from typing import Any

import pytest

from domain.accounts.aggregate import ACCOUNT, AccountAlreadyRegisteredError, Edit, Profile
from domain.awards.aggregate import AWARD, HOLDING, AwardNotHeldError
from domain.kernel import Book, UnknownError
from domain.permissions import OPERATOR
from domain.processes.create_account import create_account
from domain.processes.create_award import create_award
from domain.processes.delete_account import delete_account
from domain.processes.edit_account import edit_account
from domain.processes.grant_award import grant_award, revoke_award
from domain.teams.aggregate import TEAM
from domain.teams.commands import create_team, rename_team
from store import event_store
from store.appender import ConflictError
from store.event_store import EventStore, Outcome
from tests.books import ORIGIN, ask, opened

INES = Profile(204, "Ines", "0412", None)
RUI = Profile(205, "Rui", "0413", None)
COUNT = "SELECT count(*) FROM book.log"


async def do(store: EventStore, command: Any, *actor: object, **given: object) -> Outcome[Any]:  # noqa: ANN401
    return await store.execute(ORIGIN, command, *(actor or (OPERATOR,)), **given)


async def register(store: EventStore, profile: Profile) -> Outcome[Any]:
    return await do(store, create_account, profile=profile, team=None, permissions=0, signups_default=True)


async def award_of(store: EventStore, *holders: int) -> int:
    """Create an award of a new team."""
    team = (await do(store, create_team, name="Azores")).value
    return (await do(store, create_award, title="Gold", image_url="g.png", team=team, accounts=holders)).value


async def test_an_outcome_says_where_the_events_are(database_url: str) -> None:
    async with opened(database_url) as store:
        first = await do(store, create_team, name="Azores")
        await register(store, INES)
        second = await do(store, create_award, title="A", image_url="a.png", team=first.value, accounts=[204])
    assert (first.position, second.position) == (1, 4)
    assert ask(database_url, "SELECT DISTINCT append_end FROM book.log ORDER BY 1") == [(1,), (2,), (4,)]


async def test_asked_twice_nothing_new_is_written(database_url: str) -> None:
    async with opened(database_url) as store:
        await register(store, INES)
        award = await award_of(store, 204)
        [before] = ask(database_url, COUNT)
        outcome = await do(store, grant_award, award=award, account=204)
    assert outcome.recorded_at is None
    assert ask(database_url, COUNT) == [before]


async def test_a_refusal_writes_nothing_of_what_was_already_said(database_url: str) -> None:
    async def say_and_refuse(book: Book) -> None:
        await create_team(book, OPERATOR, name="Azores")
        raise AwardNotHeldError

    async with opened(database_url) as store:
        with pytest.raises(AwardNotHeldError):
            await store.execute(ORIGIN, say_and_refuse)
    assert ask(database_url, COUNT) == [(0,)]


async def test_a_refusal_that_rests_on_stale_memory_is_decided_again(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        await do(there, delete_account, account=204)
        await register(here, INES)
        with pytest.raises(AccountAlreadyRegisteredError):
            await register(here, INES)


async def test_nothing_to_do_that_rests_on_stale_memory_is_decided_again(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        team = (await do(here, create_team, name="Azores")).value
        await here.peek(TEAM, team)
        await do(there, rename_team, team=team, name="Madeira")
        await do(here, rename_team, team=team, name="Azores")
        known = await there.load(TEAM, TEAM.stream(team))
    assert known.state.name == "Azores"


async def test_what_was_taken_elsewhere_is_given_again(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        award = await award_of(here, 204)
        await do(there, revoke_award, award=award, account=204)
        await do(here, grant_award, award=award, account=204)
        assert await there.peek(HOLDING, award, 204)


async def test_what_rests_on_something_that_is_gone_is_refused(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        award = await award_of(here)
        await here.peek(ACCOUNT, 204)
        await do(there, delete_account, account=204)
        with pytest.raises(UnknownError):
            await do(here, grant_award, award=award, account=204)


async def test_of_many_at_once_everyone_has_a_say(database_url: str) -> None:
    bits = [1, 2, 4, 8, 32, 64]
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        both = zip(bits, [here, there] * 3, strict=True)
        await asyncio.gather(*(do(store, edit_account, account=204, edit=Edit(grant=bit)) for bit, store in both))
        account = await here.load(ACCOUNT, "accounts-204")
    assert account.state.permissions == sum(bits)
    assert account.version == 1 + len(bits)


async def test_whoever_is_slower_every_time_is_told_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_store, "DECIDE_SECONDS_MAX", 0.2)
    tries = 0

    async with opened(database_url) as here, opened(database_url) as there:
        team = (await do(here, create_team, name="Azores")).value

        async def rename_slowly(book: Book) -> None:
            nonlocal tries
            tries += 1
            await rename_team(book, OPERATOR, team=team, name="Madeira")
            await do(there, rename_team, team=team, name=f"Azores {tries}")

        with pytest.raises(ConflictError):
            await here.execute(ORIGIN, rename_slowly)
        assert (await here.load(TEAM, TEAM.stream(team))).version == 1 + tries > 2


async def test_an_account_that_is_deleted_while_it_is_given_an_award_holds_none(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        award = await award_of(here)
        grants = iter([lambda: do(there, grant_award, award=award, account=204)])

        async def delete_slowly(book: Book) -> None:
            await delete_account(book, OPERATOR, account=204)
            for grant in grants:  # once: the second time there is nothing in between
                await grant()

        await here.execute(ORIGIN, delete_slowly)
        assert await there.preview(_nothing_is_held, award)


async def _nothing_is_held(book: Book, award: int) -> bool:
    return not await book.load_about(HOLDING, "accounts-204") and await book.load(HOLDING, award, 204) is None


async def test_deletions_and_grants_at_the_same_time_leave_no_holding_of_nobody(database_url: str) -> None:
    people = range(1, 31)
    async with opened(database_url) as here, opened(database_url) as there:
        await asyncio.gather(*(register(here, Profile(person, "x", "1", None)) for person in people))
        awards = [await award_of(here) for _ in range(3)]
        deletions = [do(here, delete_account, account=person) for person in people]
        grants = [do(there, grant_award, award=award, account=person) for person in people for award in awards]
        done = await asyncio.gather(*grants[::2], *deletions, *grants[1::2], return_exceptions=True)
    assert {type(answer) for answer in done} <= {Outcome, UnknownError}
    assert all(isinstance(answer, Outcome) for answer in done[len(grants[::2]) :][: len(deletions)])
    held = "SELECT stream FROM book.log WHERE stream ~ '^awards-.+-' GROUP BY stream HAVING count(*) % 2 = 1"
    assert ask(database_url, held) == []


async def test_all_of_a_command_is_written_or_nothing(database_url: str) -> None:
    """The award and its holders are one append: when a holder is gone meanwhile, there is no award either."""
    async with opened(database_url) as here, opened(database_url) as there:
        await register(here, INES)
        await register(here, RUI)
        team = (await do(here, create_team, name="Azores")).value
        deletions = iter([lambda: do(there, delete_account, account=205)])

        async def create_slowly(book: Book) -> None:
            await create_award(book, OPERATOR, title="A", image_url="a.png", team=team, accounts=[204, 205])
            for delete in deletions:
                await delete()

        with pytest.raises(UnknownError):
            await here.execute(ORIGIN, create_slowly)
    assert ask(database_url, "SELECT stream FROM book.log WHERE stream LIKE 'awards-%'") == []


async def test_ids_are_given_once(database_url: str) -> None:
    async with opened(database_url) as here, opened(database_url) as there:
        made = await asyncio.gather(*(do(store, create_team, name="x") for store in [here, there] * 50))
    assert len({outcome.value for outcome in made}) == 100


async def test_a_preview_writes_nothing(database_url: str) -> None:
    async with opened(database_url) as store:
        await store.preview(create_team, OPERATOR, name="Azores")
    assert ask(database_url, COUNT) == [(0,)]


async def test_memory_is_bounded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_store, "REMEMBERED_STREAMS_MAX", 3)
    async with opened(database_url) as store:
        award = await award_of(store)
        for account in range(1, 10):
            await register(store, Profile(account, "x", "1", None))
            await store.peek(ACCOUNT, account)
        assert store.recall(AWARD.stream(award)) is None
        assert store.recall(ACCOUNT.stream(9))
