"""Erasing somebody: they go as if they were deleted, in the same append; who is held stays."""

import pytest

from domain.accounts.events import AccountDeleted
from domain.apps.events import AppCreated, AppDeleted
from domain.awards.events import AwardRevoked
from domain.callbacks.events import CallbackRegistered, CallbackRemoved
from domain.kernel import UnknownError
from domain.privacy.aggregate import HeldError
from domain.privacy.events import HoldPlaced, HoldReleased, SubjectErased
from domain.processes.erase_subject import erase_subject
from domain.sessions.events import SessionClosed
from tests.domain.book import given
from tests.domain.samples import AZORES, BRONZE, INES, holding, session

WHO = "accounts-204"
ERASED = SubjectErased(of=WHO)
HELD = HoldPlaced(of=WHO, reference="case 7")


def test_an_account_goes_with_all_that_hangs_on_it() -> None:
    past = (AZORES, INES, BRONZE, session(41, 204), holding(8, 204))
    given(*past).when(erase_subject, subject=WHO, has_key=True, reference="ticket 12").then(
        SubjectErased(of=WHO, reference="ticket 12"),
        AccountDeleted(account=204, team=3),
        SessionClosed(session=41, reason="account_deleted"),
        AwardRevoked(award=8, account=204, reason="account_deleted"),
    )


def test_who_is_only_a_member_somewhere_is_erased_by_the_key_alone() -> None:
    given().when(erase_subject, subject=WHO, has_key=True).then(ERASED).answers(answer=True)


def test_erasing_twice_says_nothing_new_unless_there_is_a_new_key() -> None:
    story = given(ERASED)
    story.when(erase_subject, subject=WHO, has_key=False).says_nothing().answers(answer=False)
    story.when(erase_subject, subject=WHO, has_key=True).then(ERASED)
    given(ERASED).when(erase_subject, subject=WHO, has_key=True, erasures=1).then(ERASED)


def test_of_several_who_erase_at_once_the_first_does() -> None:
    late = given(ERASED).when(erase_subject, subject=WHO, has_key=True, erasures=0)
    late.says_nothing().answers(answer=False)


def test_an_app_is_deleted_with_its_callbacks() -> None:
    app = AppCreated(app=7, name="relay", permissions=0, token_hash="")
    callback = CallbackRegistered(callback=1, app=7, event="1", url="https://a.example", secret="s")
    given(app, callback).when(erase_subject, subject="apps-7", has_key=True).then(
        SubjectErased(of="apps-7"), AppDeleted(app=7), CallbackRemoved(callback=1, app=7, event="1")
    )


def test_of_a_guild_only_what_is_sealed_goes() -> None:
    given().when(erase_subject, subject="guilds-guild-920", has_key=True).then(SubjectErased(of="guilds-guild-920"))


def test_who_is_held_is_not_erased_until_every_hold_is_released() -> None:
    other = HoldPlaced(of=WHO, reference="case 8")
    released = HoldReleased(of=WHO, reference="case 7")
    given(INES, HELD).when(erase_subject, subject=WHO, has_key=True).refuses(HeldError)
    given(INES, HELD, other, released).when(erase_subject, subject=WHO, has_key=True).refuses(HeldError)
    given(HELD, released).when(erase_subject, subject=WHO, has_key=True).then(ERASED)


@pytest.mark.parametrize("subject", [WHO, "accounts-x", "teams-3", ""])
def test_nobody_can_erase_whom_nobody_knows(subject: str) -> None:
    given().when(erase_subject, subject=subject, has_key=False).refuses(UnknownError)
