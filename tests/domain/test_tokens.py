"""API tokens: issued by a session that is open, for no more than it may do, and not too many at once."""

from datetime import datetime, timedelta

import msgspec
import pytest

from domain.kernel import UnknownError
from domain.sessions.aggregate import (
    SCOPES,
    SESSION,
    TOKENS_MAX,
    USUAL_SCOPES,
    Opening,
    ScopeMissingError,
    Session,
    TooManyTokensError,
)
from domain.sessions.commands import close_own_session, issue_token
from domain.sessions.events import SessionClosed, SessionOpened
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import LATER, SOON, session

NOW = SOON - timedelta(days=1)
LOGIN = SessionOpened(session=41, kind="login", account=204, token_hash="ab", expires_at=SOON, uuid="u-41")


def token(
    number: int = FIRST_NEW_ID,
    scopes: tuple[str, ...] | None = None,
    account: int = 204,
    expires_at: datetime | None = LATER,
) -> SessionOpened:
    """Say that an account has an API token."""
    return SessionOpened(
        session=number,
        kind="api",
        account=account,
        token_hash="cd",
        expires_at=expires_at,
        scopes=scopes or (),
        uuid="u-new",
        scoped=scopes is not None,
        label="nightly export",
    )


def issue(story: Story, scopes: tuple[str, ...] | None = None, issuer: int = 41) -> Story:
    opening = Opening("u-new", "cd", LATER, "nightly export", scopes)
    return story.when(issue_token, issuer=issuer, opening=opening, now=NOW)


@pytest.mark.parametrize("scopes", [None, (), ("settings:read",), tuple(sorted(SCOPES))])
def test_a_login_issues_tokens_for_anything(scopes: tuple[str, ...] | None) -> None:
    story = issue(given(LOGIN), scopes).then(token(scopes=scopes)).answers(FIRST_NEW_ID)
    state = story.book.state(SESSION, f"sessions-{FIRST_NEW_ID}")
    assert state == Session(FIRST_NEW_ID, 204, "cd", LATER, "api", "u-new", scopes, "nightly export")


@pytest.mark.parametrize(
    ("names", "called"),
    [
        ({"name": "nightly export"}, "nightly export"),
        ({"label": "nightly export"}, "nightly export"),
        ({"name": "before", "label": "since"}, "since"),
        ({}, None),
    ],
    ids=["before it was sealed", "sealed", "both", "erased, or none"],
)
def test_a_token_is_called_what_its_owner_said_also_before_that_was_sealed(
    names: dict[str, str], called: str | None
) -> None:
    state = SESSION.fold([msgspec.structs.replace(LOGIN, **names)])
    assert state is not None
    assert state.name == called


def test_who_asks_twice_gets_two_tokens() -> None:
    story = issue(given(LOGIN)).then(token())
    story.again().then(token(FIRST_NEW_ID + 1)).answers(FIRST_NEW_ID + 1)


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (None, None),
        (None, USUAL_SCOPES),
        (("sessions:write", "settings:read"), ("settings:read",)),
        (("sessions:write",), ()),
        (USUAL_SCOPES, None),
        (("guilds:list", "sessions:write"), ("guilds:list",)),
    ],
)
def test_a_token_issues_tokens_for_what_it_may_do_itself(
    own: tuple[str, ...] | None, wanted: tuple[str, ...] | None
) -> None:
    issue(given(token(41, own)), wanted).then(token(scopes=wanted))


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        ((), ("settings:read",)),
        (("sessions:write",), ("sessions:write", "settings:read")),
        (("sessions:write",), None),
        (None, ("guilds:list",)),
        (USUAL_SCOPES, ("guilds:list",)),
    ],
)
def test_a_token_gives_nothing_away_that_it_may_not_do(
    own: tuple[str, ...] | None, wanted: tuple[str, ...] | None
) -> None:
    issue(given(token(41, own)), wanted).refuses(ScopeMissingError)


def test_an_account_has_a_hundred_live_tokens_at_most() -> None:
    ninety_nine = [token(1000 + number) for number in range(TOKENS_MAX - 1)]
    issue(given(LOGIN, *ninety_nine)).then(token()).again().refuses(TooManyTokensError)


def test_tokens_that_ended_were_closed_or_are_somebody_elses_do_not_count() -> None:
    full = [token(1000 + number) for number in range(TOKENS_MAX)]
    issue(given(LOGIN, *full)).refuses(TooManyTokensError)
    issue(given(LOGIN, *full, SessionClosed(session=1000, reason="revoked"))).then(token())
    issue(given(LOGIN, *full[1:], token(1000, expires_at=NOW))).then(token())
    issue(given(LOGIN, *full[1:], token(1000, account=205))).then(token())
    issue(given(LOGIN, *full[1:], session(1000, 204))).then(token())


def test_tokens_without_an_end_count() -> None:
    full = [token(1000 + number, expires_at=None) for number in range(TOKENS_MAX)]
    issue(given(LOGIN, *full)).refuses(TooManyTokensError)


@pytest.mark.parametrize("past", [[], [LOGIN, SessionClosed(session=41, reason="revoked")]])
def test_a_session_that_is_not_open_issues_nothing(past: list) -> None:
    issue(given(*past)).refuses(UnknownError)


def test_an_account_closes_its_own_session_once() -> None:
    story = given(LOGIN).when(close_own_session, account=204, session=41)
    story.then(SessionClosed(session=41, reason="revoked")).again().refuses(UnknownError)


@pytest.mark.parametrize("session_id", [41, 42])
def test_nobody_closes_the_session_of_somebody_else_or_learns_of_it(session_id: int) -> None:
    given(LOGIN).when(close_own_session, account=205, session=session_id).refuses(UnknownError)
