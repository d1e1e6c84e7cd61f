"""The operator's commands about people and their sessions."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.accounts.aggregate import Profile
from domain.processes.open_login import open_login
from domain.sessions.aggregate import Opening
from domain.sessions.commands import issue_token
from tests.books import ORIGIN, ask, opened, projecting, shown
from tests.cli.commands import done, refused
from tests.servers import MASTER_KEY

UUID = "6f0d0c0e-3a58-4c0e-9f6e-5f8a3f7f2b11"
END = datetime(2040, 1, 1, tzinfo=UTC)
Settings = dict[str, str]


@pytest.fixture
def book(database_url: str) -> Settings:
    """Return the settings of a book in which account 204 has logged in and issued a token."""
    asyncio.run(_log_in(database_url))
    return {"GUILDBOOK_DATABASE_URL": database_url, "GUILDBOOK_MASTER_KEY": MASTER_KEY}


async def _log_in(database_url: str) -> None:
    async with opened(database_url) as store, projecting(database_url):
        profile, login = Profile(204, "Ines", "0", None), Opening(UUID, "ab", END)
        made = await store.execute(ORIGIN, open_login, profile=profile, opening=login, signups_default=True)
        token = Opening(UUID.replace("6f", "7f"), "cd", None, "nightly export", ("settings:read",))
        await store.execute(ORIGIN, issue_token, issuer=made.value, opening=token, now=datetime.now(UTC))
        await shown(database_url)


def test_an_account_is_banned_and_let_in_again(book: Settings) -> None:
    done("users", "ban", "204", "--reason", "sells accounts", settings=book)
    done("users", "ban", "204", settings=book)
    done("users", "unban", "204", settings=book)
    *_, banned, unbanned = done("events", settings=book).splitlines()
    assert "accounts.AccountBanned" in banned
    assert "sells accounts" not in banned
    assert "accounts.AccountUnbanned" in unbanned
    assert "sells accounts" in done("events", "--reveal", settings=book)


def test_nobody_is_banned_who_is_not_known_or_for_no_reason(book: Settings) -> None:
    assert refused("users", "ban", "205", settings=book) == "guildbook: there is no account 205"
    assert refused("users", "unban", "205", settings=book) == "guildbook: there is no account 205"
    assert "printable" in refused("users", "ban", "204", "--reason", "", settings=book, code=2)


def test_sessions_are_listed_and_closed_by_uuid_and_by_number(book: Settings) -> None:
    head, login, token = done("sessions", "list", "204", settings=book).splitlines()
    assert head.split() == ["ID", "KIND", "UUID", "ENDS", "SCOPES", "NAME"]
    assert login.split() == ["1", "login", UUID, "2040-01-01T00:00:00+00:00", "all", "-"]
    assert token.split()[3:] == ["never", "settings:read", "nightly", "export"]
    done("sessions", "revoke", UUID, settings=book)
    done("sessions", "revoke", "S2", settings=book)
    assert done("sessions", "list", "204", settings=book).splitlines() == ["ID  KIND  UUID  ENDS  SCOPES  NAME"]
    closed = ask(book["GUILDBOOK_DATABASE_URL"], "SELECT count(*) FROM book.log WHERE type = 'sessions.SessionClosed'")
    assert closed == [(2,)]


def test_a_session_that_there_is_not_is_not_closed(book: Settings) -> None:
    assert refused("sessions", "revoke", "3", settings=book) == "guildbook: there is no session 3"
    other = UUID.replace("6f", "8f")
    assert refused("sessions", "revoke", other, settings=book) == f"guildbook: there is no session {other}"
    assert "is no session" in refused("sessions", "revoke", "S", settings=book, code=2)
