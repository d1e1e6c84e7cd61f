"""The rules of an account by itself: sign-ups, the superuser, details and the identity provider's profile."""

import pytest

from domain.accounts.aggregate import Edit, OtherProfileError, Profile
from domain.accounts.commands import make_superuser, turn_signups
from domain.accounts.events import (
    AccountDeleted,
    DetailsChanged,
    ProfileSynced,
    SignupsClosed,
    SignupsOpened,
    SuperuserMade,
)
from domain.kernel import UnknownError
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.edit_account import edit_account
from tests.domain.book import given
from tests.domain.samples import INES, account, app, profile, session_of

EDITOR = app(4)
EVERYTHING_BUT_DETAILS = app(127 & ~4)


def test_signups_are_opened_and_closed_and_opened_again() -> None:
    story = given().when(turn_signups, is_open=True).then(SignupsOpened()).again().says_nothing()
    story.when(turn_signups, is_open=False).then(SignupsClosed()).again().says_nothing()
    story.when(turn_signups, is_open=True).then(SignupsOpened())


def test_signups_that_nobody_spoke_of_are_closed_in_words() -> None:
    given().when(turn_signups, is_open=False).then(SignupsClosed()).again().says_nothing()


def test_a_superuser_holds_all_that_an_account_can_hold() -> None:
    made = SuperuserMade(account=204, permissions=111)
    given(INES).when(make_superuser, account=204).then(made).again().says_nothing()


def test_a_superuser_is_made_of_an_account_that_exists() -> None:
    given(AccountDeleted(account=204)).when(make_superuser, account=204).refuses(UnknownError)


def test_details_are_edited() -> None:
    edit = Edit(name="Inês", discriminator="0413", avatar_url="j.png")
    changed = DetailsChanged(account=204, name="Inês", discriminator="0413", avatar_url="j.png")
    given(INES).when(edit_account, EDITOR, account=204, edit=edit).then(changed).again().says_nothing()


@pytest.mark.parametrize(
    ("edit", "changed"),
    [
        (Edit(name="Inês", discriminator="0412", avatar_url="i.png"), DetailsChanged(account=204, name="Inês")),
        (Edit(name="Ines", discriminator="0413"), DetailsChanged(account=204, discriminator="0413")),
        (Edit(discriminator="0412", avatar_url="j.png"), DetailsChanged(account=204, avatar_url="j.png")),
    ],
    ids=["name", "discriminator", "avatar"],
)
def test_only_the_detail_that_changes_is_said(edit: Edit, changed: DetailsChanged) -> None:
    given(INES).when(edit_account, EDITOR, account=204, edit=edit).then(changed).again().says_nothing()


@pytest.mark.parametrize("edit", [Edit(name="Ines"), Edit(discriminator="0412"), Edit(avatar_url="i.png")])
@pytest.mark.parametrize("actor", [NOBODY, EVERYTHING_BUT_DETAILS, session_of(INES)])
def test_each_detail_needs_the_permission_even_when_it_stays_the_same(actor: Actor, edit: Edit) -> None:
    given(INES).when(edit_account, actor, account=204, edit=edit).refuses(PermissionMissingError)


def test_an_empty_detail_is_not_supplied() -> None:
    edit = Edit(name="", discriminator="", avatar_url="")
    given(INES).when(edit_account, NOBODY, account=204, edit=edit).says_nothing()


def test_an_edit_without_a_wish_is_open_to_anybody_and_says_nothing() -> None:
    given(INES).when(edit_account, NOBODY, account=204, edit=Edit()).says_nothing()


@pytest.mark.parametrize("past", [[], [INES, AccountDeleted(account=204)]])
def test_an_account_that_does_not_exist_is_not_edited(past: list) -> None:
    given(*past).when(edit_account, EDITOR, account=204, edit=Edit(name="Rui")).refuses(UnknownError)


@pytest.mark.parametrize(
    "said",
    [profile(204, name="Inês"), profile(204, discriminator="0413"), profile(204, avatar_url="j.png")],
    ids=["name", "discriminator", "avatar"],
)
def test_a_profile_is_taken_over_without_any_permission(said: Profile) -> None:
    synced = ProfileSynced(account=204, name=said.name, discriminator=said.discriminator, avatar_url=said.avatar_url)
    story = given(INES).when(edit_account, NOBODY, account=204, edit=Edit(profile=said))
    story.then(synced).again().says_nothing()


def test_a_profile_that_is_known_already_says_nothing() -> None:
    given(INES).when(edit_account, NOBODY, account=204, edit=Edit(profile=profile(204))).says_nothing()


def test_a_profile_overrides_the_details_of_the_same_edit() -> None:
    edit = Edit(name="Zoe", discriminator="9999", avatar_url="z.png", profile=profile(204, name="Inês"))
    synced = ProfileSynced(account=204, name="Inês", discriminator="0412", avatar_url="i.png")
    given(INES).when(edit_account, EDITOR, account=204, edit=edit).then(synced).again().says_nothing()


def test_details_beside_a_profile_still_need_the_permission() -> None:
    edit = Edit(name="Zoe", profile=profile(204, name="Inês"))
    given(INES).when(edit_account, NOBODY, account=204, edit=edit).refuses(PermissionMissingError)


def test_the_profile_of_somebody_else_is_refused_and_nothing_of_the_edit_is_done() -> None:
    edit = Edit(name="Zoe", profile=profile(205))
    given(INES).when(edit_account, EDITOR, account=204, edit=edit).refuses(OtherProfileError)
    given(INES, account(205)).when(edit_account, NOBODY, account=204, edit=Edit(profile=profile(205))).refuses(
        OtherProfileError
    )


def test_a_missing_permission_is_refused_before_the_profile_is_looked_at() -> None:
    edit = Edit(name="Zoe", profile=profile(205))
    given(INES).when(edit_account, NOBODY, account=204, edit=edit).refuses(PermissionMissingError)
