"""The rules of granting and revoking within one edit; who may grant what at all is in the permission matrix."""

import pytest
from msgspec import UNSET, UnsetType

from domain.accounts.aggregate import Edit
from domain.accounts.events import AccountCreated, DetailsChanged, PermissionsGranted, PermissionsRevoked, TeamChanged
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.edit_account import edit_account
from tests.domain.book import Story, given
from tests.domain.samples import AZORES, INES, MADEIRA, OWNER, RUI, STRANGER, account, app, session_of

AWARDER = app(1 | 64)
CLEARED = PermissionsRevoked(account=206, permissions=32, reason="team_change")


def granted(account_id: int, permissions: int) -> PermissionsGranted:
    return PermissionsGranted(account=account_id, permissions=permissions)


def revoked(account_id: int, permissions: int) -> PermissionsRevoked:
    return PermissionsRevoked(account=account_id, permissions=permissions, reason="requested")


def change(
    story: Story,
    actor: Actor,
    account_id: int,
    *,
    grant: int = 0,
    revoke: int = 0,
    team: int | UnsetType | None = UNSET,
) -> Story:
    return story.when(edit_account, actor, account=account_id, edit=Edit(grant=grant, revoke=revoke, team=team))


def test_a_permission_is_granted_and_revoked() -> None:
    story = change(given(INES), AWARDER, 204, grant=64).then(granted(204, 64)).again().says_nothing()
    change(story, AWARDER, 204, revoke=64).then(revoked(204, 64)).again().says_nothing()


def test_only_what_changes_is_said() -> None:
    story = change(given(account(204, permissions=64)), AWARDER, 204, grant=64 | 1).then(granted(204, 1))
    change(story, app(127), 204, revoke=64 | 8).then(revoked(204, 64))


@pytest.mark.parametrize(("before", "said"), [(0, []), (64, [revoked(204, 64)])], ids=["not held", "held"])
def test_what_is_granted_and_revoked_at_once_ends_revoked(before: int, said: list) -> None:
    story = change(given(account(204, permissions=before)), AWARDER, 204, grant=64, revoke=64)
    story.then(*said).again().says_nothing()


def test_grants_and_revocations_of_different_bits_both_happen() -> None:
    story = change(given(account(204, permissions=64)), AWARDER, 204, grant=1, revoke=64)
    story.then(granted(204, 1), revoked(204, 64)).again().says_nothing()


@pytest.mark.parametrize("wish", [{"grant": 64 | 8}, {"revoke": 64 | 8}, {"grant": 64, "revoke": 8}])
def test_one_bit_that_may_not_be_granted_refuses_all(wish: dict[str, int]) -> None:
    change(given(INES), AWARDER, 204, **wish).refuses(PermissionMissingError)


@pytest.mark.parametrize("wish", [{"grant": 64}, {"revoke": 8}])
def test_a_permission_is_needed_even_when_nothing_would_change(wish: dict[str, int]) -> None:
    change(given(account(204, permissions=64)), NOBODY, 204, **wish).refuses(PermissionMissingError)


def test_an_owner_promotes_and_demotes_mates() -> None:
    story = change(given(INES), session_of(OWNER), 204, grant=32).then(granted(204, 32)).again().says_nothing()
    change(story, session_of(OWNER), 204, revoke=32).then(revoked(204, 32)).again().says_nothing()


@pytest.mark.parametrize("target", [STRANGER, account(204)], ids=["other team", "no team"])
@pytest.mark.parametrize("actor", [OWNER, account(206, None, 32)], ids=["owner", "owner without a team"])
def test_an_owner_promotes_nobody_who_is_no_mate(actor: AccountCreated, target: AccountCreated) -> None:
    change(given(target), session_of(actor), target.account, grant=32).refuses(PermissionMissingError)


def test_a_manager_of_permissions_alone_does_not_make_owners() -> None:
    change(given(INES), app(1), 204, grant=32).refuses(PermissionMissingError)
    change(given(INES), app(1 | 8), 204, grant=32).then(granted(204, 32))


def test_somebody_may_revoke_what_lets_them_revoke() -> None:
    manager = account(204, permissions=1)
    story = change(given(manager), session_of(manager), 204, revoke=1).then(revoked(204, 1))
    change(story, session_of(account(204)), 204, grant=1).refuses(PermissionMissingError)


def test_nobody_grants_themselves_what_they_do_not_hold() -> None:
    manager = account(204, permissions=1)
    change(given(manager), session_of(manager), 204, grant=64).refuses(PermissionMissingError)
    change(given(manager), session_of(manager), 204, grant=1 | 8).refuses(PermissionMissingError)


def test_who_joins_a_team_does_not_promote_themselves_in_the_same_edit() -> None:
    owner_of_nothing = account(206, None, 32)
    for who in (OWNER, owner_of_nothing):
        story = change(given(AZORES, MADEIRA, who), session_of(who), 206, grant=32, team=4)
        story.refuses(PermissionMissingError)


def test_a_mover_who_joins_a_team_owns_it_at_once() -> None:
    mover = account(206, None, 32 | 2)
    story = change(given(AZORES, mover), session_of(mover), 206, grant=32, team=3)
    story.then(TeamChanged(account=206, left=None, joined=3, reason="self")).again().says_nothing()


def test_a_mover_pulls_somebody_in_and_promotes_them() -> None:
    mover = account(209, 3, 32 | 2)
    story = change(given(AZORES, MADEIRA, STRANGER), session_of(mover), 207, grant=32, team=3)
    story.then(TeamChanged(account=207, left=4, joined=3, reason="moved"), granted(207, 32)).again().says_nothing()


def test_a_mate_who_is_sent_away_is_not_promoted_in_the_same_edit() -> None:
    mover = account(209, 3, 32 | 2)
    change(given(AZORES, MADEIRA, INES), session_of(mover), 204, grant=32, team=4).refuses(PermissionMissingError)
    change(given(AZORES, RUI), session_of(OWNER), 205, grant=32, team=None).refuses(PermissionMissingError)


def test_a_mate_who_is_sent_away_may_be_demoted_in_the_same_edit() -> None:
    mover, mate = account(209, 3, 32 | 2), account(204, 3, 32)
    story = change(given(AZORES, MADEIRA, mate), session_of(mover), 204, revoke=32, team=4)
    story.then(TeamChanged(account=204, left=3, joined=4, reason="moved"), revoked(204, 32))


def test_somebody_who_is_pulled_in_is_not_demoted_in_the_same_edit() -> None:
    mover, stranger = account(209, 3, 32 | 2), account(207, 4, 32)
    change(given(AZORES, stranger), session_of(mover), 207, revoke=32, team=3).refuses(PermissionMissingError)


def test_what_leaving_took_away_is_not_revoked_again() -> None:
    story = change(given(AZORES, OWNER), session_of(OWNER), 206, revoke=32, team=None)
    story.then(TeamChanged(account=206, left=3, joined=None, reason="self"), CLEARED)


def test_what_leaving_took_away_may_be_given_back_by_who_manages_teams_and_permissions() -> None:
    manager = account(206, 3, 1 | 8 | 32)
    story = change(given(AZORES, manager), session_of(manager), 206, grant=32, team=None)
    story.then(TeamChanged(account=206, left=3, joined=None, reason="self"), CLEARED, granted(206, 32))


def test_a_whole_edit_is_said_in_order() -> None:
    edit = Edit(name="Inês", team=4, grant=64, revoke=1)
    story = given(MADEIRA, account(204, 3, 1)).when(edit_account, app(127), account=204, edit=edit)
    story.then(
        DetailsChanged(account=204, name="Inês"),
        TeamChanged(account=204, left=3, joined=4, reason="moved"),
        granted(204, 64),
        revoked(204, 1),
    )
    story.again().says_nothing()


@pytest.mark.parametrize(
    "edit",
    [
        Edit(name="Zoe", team=4, grant=64, revoke=2),
        Edit(name="Zoe", team=4, grant=16, revoke=1),
        Edit(name="Zoe", team=4, revoke=16),
    ],
)
def test_one_thing_that_is_refused_refuses_the_whole_edit(edit: Edit) -> None:
    given(MADEIRA, INES).when(edit_account, app(127 & ~2), account=204, edit=edit).refuses(PermissionMissingError)
