"""What logging in and operators say, as rows: sessions, states and guild lists; and the same rows after a rebuild."""

import asyncio
from datetime import UTC, datetime

from domain.accounts.aggregate import Profile
from domain.accounts.commands import ban_account, refresh_guild_list, unban_account
from domain.accounts.events import ListedGuild
from domain.permissions import OPERATOR
from domain.processes.delete_account import delete_account
from domain.processes.open_login import open_login
from domain.sessions.aggregate import Opening
from domain.sessions.commands import close_own_session, issue_token, reset_token
from projections.accounts.queries import guild_list_of
from projections.catalogue import PROJECTORS
from projections.credentials import sessions_by_token
from projections.rebuild import rebuild
from projections.sessions.queries import live_sessions_of, session_known_as
from store.event_store import EventStore
from tests.books import ORIGIN, ask, dump, opened, projecting, shown
from tests.projections.poison import smuggle_in

NOW = datetime(2027, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)
AZORES = ListedGuild(2**64 - 1, "Azores Gaming", None, 2**63)


async def enter(store: EventStore, account: int = 204, word: str = "login") -> int:
    """Log in."""
    wishes = {"opening": Opening(f"uuid-{word}", word, LATER), "signups_default": True}
    return (await store.execute(ORIGIN, open_login, profile=Profile(account, "Ines", "0", None), **wishes)).value


async def issue(store: EventStore, issuer: int, word: str = "api", scopes: tuple[str, ...] | None = None) -> int:
    opening = Opening(f"uuid-{word}", word, None, word, scopes)
    return (await store.execute(ORIGIN, issue_token, issuer=issuer, opening=opening, now=NOW)).value


async def test_a_login_and_its_tokens_are_found_by_token_by_uuid_and_by_account(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        login = await enter(store)
        token = await issue(store, login, "api", ())
        await enter(store, 205, "other")
        await shown(database_url)
        async with store.pool.connection() as connection:
            found = await sessions_by_token(connection, ["login", "api", "nobody's"])
            assert {word: each.session for word, each in found.items()} == {"login": login, "api": token}
            assert (found["login"].kind, found["login"].scopes, found["login"].state) == ("login", None, "normal")
            assert (found["api"].kind, found["api"].scopes, found["api"].expires_at) == ("api", [], None)
            assert await session_known_as(connection, "uuid-api") == token
            live = await live_sessions_of(connection, 204, NOW)
            assert [each.id for each in live] == [token, login]
            assert [each.id for each in await live_sessions_of(connection, 204, LATER)] == [token]


OLD = b'{"session":77,"kind":"api","account":204,"token_hash":"old","name":"from before","uuid":"uuid-old"}'


async def test_a_token_is_shown_by_its_name_while_there_is_a_key_and_one_from_before_that_was_sealed_anyway(
    database_url: str,
) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            await issue(store, await enter(store), "nightly export")
            smuggle_in(database_url, OLD, "sessions-77", "sessions.SessionOpened")
            await shown(database_url)
            async with store.pool.connection() as connection:
                shown_as = {each.name for each in await live_sessions_of(connection, 204, NOW)}
            assert shown_as == {None, "nightly export", "from before"}
        ask(database_url, "DELETE FROM book.keys")
        store.keyring.forget()
        changed = await rebuild(database_url, store.keyring, PROJECTORS)
        assert {each.table for each in changed} == {"accounts", "sessions"}
        named = "SELECT name FROM projections.sessions WHERE name IS NOT NULL"
        assert ask(database_url, named) == [("from before",)]


async def test_a_session_that_was_closed_or_changed_opens_nothing_while_its_row_is_behind(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            login = await enter(store)
            token = await issue(store, login)
            await shown(database_url)
        await store.execute(ORIGIN, close_own_session, account=204, session=login)
        await store.execute(ORIGIN, reset_token, session=token, token_hash="new", expires_at=None)
        async with store.pool.connection() as connection:
            assert await sessions_by_token(connection, ["login", "api", "new"]) == {}
        async with projecting(database_url):
            await shown(database_url)
            async with store.pool.connection() as connection:
                assert list(await sessions_by_token(connection, ["login", "api", "new"])) == ["new"]


async def test_a_ban_and_a_guild_list_are_rows_until_the_account_is_gone(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        await enter(store)
        await store.execute(ORIGIN, refresh_guild_list, account=204, guilds=(AZORES,))
        await store.execute(ORIGIN, ban_account, account=204, reason="spam")
        await shown(database_url)
        assert ask(database_url, "SELECT state FROM projections.accounts") == [("banned",)]
        async with store.pool.connection() as connection:
            assert await guild_list_of(connection, 204) == (AZORES,)
            assert await guild_list_of(connection, 205) is None
        await store.execute(ORIGIN, unban_account, account=204)
        await shown(database_url)
        assert ask(database_url, "SELECT state FROM projections.accounts") == [("normal",)]
        await store.execute(ORIGIN, delete_account, OPERATOR, account=204)
        await shown(database_url)
        assert ask(database_url, "SELECT count(*) FROM projections.guild_lists") == [(0,)]
        assert ask(database_url, "SELECT count(*) FROM projections.sessions") == [(0,)]


async def test_the_rows_are_the_same_after_a_rebuild(database_url: str) -> None:
    async with opened(database_url) as store:
        async with projecting(database_url):
            login = await enter(store)
            await asyncio.gather(
                *(issue(store, login, f"api-{number}", ("sessions:read", "settings:read")) for number in range(5))
            )
            await store.execute(ORIGIN, refresh_guild_list, account=204, guilds=(AZORES,))
            await store.execute(ORIGIN, ban_account, account=204, reason=None)
            await shown(database_url)
        rows = dump(database_url)
        assert await rebuild(database_url, store.keyring, PROJECTORS) == []
        assert dump(database_url) == rows
