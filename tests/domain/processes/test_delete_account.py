"""Deleting an account: its sessions and its holdings go with it, nobody else's do."""

import pytest

from domain.accounts.events import AccountDeleted
from domain.awards.events import AwardRevoked
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.delete_account import delete_account
from domain.sessions.events import SessionClosed
from tests.domain.book import given
from tests.domain.samples import AZORES, BRONZE, INES, OWNER, RUI, SILVER, app, holding, session, session_of

DELETED = AccountDeleted(account=204, team=3)


@pytest.mark.parametrize("actor", [app(4), session_of(INES)], ids=["manager of details", "own session"])
def test_an_account_is_deleted_once(actor: Actor) -> None:
    given(AZORES, INES).when(delete_account, actor, account=204).then(DELETED).again().refuses(UnknownError)


def test_a_deleted_account_leaves_no_session_and_no_holding() -> None:
    past = (INES, BRONZE, SILVER, session(41, 204), session(42, 204), holding(8, 204), holding(9, 204))
    given(*past).when(delete_account, app(4), account=204).then(
        DELETED,
        SessionClosed(session=41, reason="account_deleted"),
        SessionClosed(session=42, reason="account_deleted"),
        AwardRevoked(award=8, account=204, reason="account_deleted"),
        AwardRevoked(award=9, account=204, reason="account_deleted"),
    )


def test_what_had_ended_before_and_what_is_of_others_is_left_alone() -> None:
    closed = SessionClosed(session=41, reason="revoked")
    taken = AwardRevoked(award=8, account=204, reason="requested")
    past = (INES, RUI, session(41, 204), closed, session(42, 205), holding(8, 204), taken, holding(8, 205))
    given(*past).when(delete_account, app(4), account=204).then(DELETED)


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~4), session_of(OWNER), session_of(RUI)])
def test_nobody_else_deletes_an_account(actor: Actor) -> None:
    given(INES, session(41, 204)).when(delete_account, actor, account=204).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [app(4), NOBODY])
def test_an_account_that_does_not_exist_is_not_deleted(actor: Actor) -> None:
    given(RUI).when(delete_account, actor, account=204).refuses(UnknownError)
