"""The rules of a session by itself: its token is replaced, and it is closed for good."""

from datetime import timedelta

import pytest

from domain.kernel import UnknownError
from domain.sessions.aggregate import SESSION, Session
from domain.sessions.commands import close_expired_session, close_session, reset_token
from domain.sessions.events import SessionClosed, SessionTokenReset
from tests.domain.book import given
from tests.domain.samples import LATER, session

CLOSED = SessionClosed(session=41, reason="revoked")


def test_a_session_gets_a_new_token_and_a_new_end() -> None:
    story = given(session(41, 204)).when(reset_token, session=41, token_hash="cd", expires_at=LATER)
    story.then(SessionTokenReset(session=41, token_hash="cd", expires_at=LATER))
    assert story.book.state(SESSION, "sessions-41") == Session(41, 204, "cd", LATER)


def test_a_session_that_has_the_token_and_the_end_already_says_nothing() -> None:
    story = given(session(41, 204)).when(reset_token, session=41, token_hash="cd", expires_at=LATER)
    story.again().says_nothing()


def test_a_session_is_closed_once() -> None:
    story = given(session(41, 204)).when(close_session, session=41, reason="revoked")
    story.then(CLOSED).again().refuses(UnknownError)


def test_one_session_of_an_account_is_closed_and_the_other_stays_open() -> None:
    story = given(session(41, 204), session(42, 204)).when(close_session, session=41, reason="expired")
    story.then(SessionClosed(session=41, reason="expired"))
    story.when(close_session, session=42, reason="revoked").then(SessionClosed(session=42, reason="revoked"))


@pytest.mark.parametrize("past", [[], [session(41, 204), CLOSED]])
def test_a_session_that_is_not_open_gets_no_token(past: list) -> None:
    given(*past).when(reset_token, session=41, token_hash="cd", expires_at=LATER).refuses(UnknownError)


def test_a_session_whose_end_has_passed_is_closed_once() -> None:
    renewed = SessionTokenReset(session=41, token_hash="cd", expires_at=LATER)
    story = given(session(41, 204), renewed).when(close_expired_session, session=41, now=LATER)
    story.then(SessionClosed(session=41, reason="expired")).again().says_nothing()


def test_a_session_whose_end_is_to_come_stays_open() -> None:
    renewed = SessionTokenReset(session=41, token_hash="cd", expires_at=LATER)
    given(session(41, 204), renewed).when(
        close_expired_session, session=41, now=LATER - timedelta(seconds=1)
    ).says_nothing()
