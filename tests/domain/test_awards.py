"""The rules of an award by itself: deleting it takes it from all who hold it."""

import pytest

from domain.awards.commands import delete_award
from domain.awards.events import AwardDeleted, AwardRevoked
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from tests.domain.book import given
from tests.domain.samples import BRONZE, OWNER, SILVER, app, holding, session_of

MANAGER = app(64)


def revoked(account: int) -> AwardRevoked:
    return AwardRevoked(award=8, account=account, reason="award_deleted")


def test_an_award_is_deleted_once() -> None:
    given(BRONZE).when(delete_award, MANAGER, award=8).then(AwardDeleted(award=8)).again().refuses(UnknownError)


def test_a_deleted_award_is_taken_from_all_who_hold_it() -> None:
    gone = AwardRevoked(award=8, account=206, reason="requested")
    past = (BRONZE, SILVER, holding(8, 204), holding(8, 205), holding(8, 206), gone, holding(9, 204))
    story = given(*past).when(delete_award, MANAGER, award=8)
    story.then(AwardDeleted(award=8), revoked(204), revoked(205))


@pytest.mark.parametrize("actor", [NOBODY, app(127 & ~64), session_of(OWNER)])
def test_only_a_manager_of_awards_deletes_one(actor: Actor) -> None:
    given(BRONZE, holding(8, 204)).when(delete_award, actor, award=8).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [MANAGER, NOBODY])
def test_an_award_that_does_not_exist_is_not_deleted(actor: Actor) -> None:
    given(SILVER).when(delete_award, actor, award=8).refuses(UnknownError)
