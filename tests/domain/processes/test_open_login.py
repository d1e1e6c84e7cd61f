"""Logging in through the identity provider: who is new gets an account, who is known is brought up to date."""

from domain.accounts.aggregate import SignupsClosedError
from domain.accounts.events import AccountDeleted, ProfileSynced, SignupsClosed, SignupsOpened
from domain.processes.open_login import open_login
from domain.sessions.aggregate import Opening
from domain.sessions.events import SessionOpened
from tests.domain.book import FIRST_NEW_ID, Story, given
from tests.domain.samples import INES, SOON, account, profile

OPENED = SessionOpened(
    session=FIRST_NEW_ID, kind="login", account=204, token_hash="ab", expires_at=SOON, uuid="a-uuid", scoped=False
)
SYNCED = ProfileSynced(account=204, name="Inês", discriminator="0412", avatar_url="i.png")


def enter(story: Story, *, is_open: bool = True, name: str = "Ines") -> Story:
    opening = Opening("a-uuid", "ab", SOON)
    return story.when(open_login, profile=profile(204, name), opening=opening, signups_default=is_open)


def test_who_is_new_gets_an_account_and_a_session() -> None:
    enter(given()).then(account(204), OPENED).answers(FIRST_NEW_ID)


def test_who_is_known_and_as_before_gets_a_session_only() -> None:
    enter(given(INES), is_open=False).then(OPENED)


def test_who_has_changed_is_brought_up_to_date_once() -> None:
    story = enter(given(INES), name="Inês").then(SYNCED, OPENED)
    again = SessionOpened(
        session=FIRST_NEW_ID + 1, kind="login", account=204, token_hash="ab", expires_at=SOON, uuid="a-uuid"
    )
    story.again().then(again)


def test_who_is_new_stays_outside_while_signups_are_closed() -> None:
    enter(given(), is_open=False).refuses(SignupsClosedError)
    enter(given(SignupsClosed())).refuses(SignupsClosedError)
    enter(given(SignupsOpened()), is_open=False).then(account(204), OPENED)
    enter(given(INES, AccountDeleted(account=204)), is_open=False).refuses(SignupsClosedError)
