"""The rules of changing an account's team: who may, and what becomes of `manage_own_team`."""

import pytest

from domain.accounts.aggregate import Edit
from domain.accounts.events import AccountCreated, PermissionsRevoked, TeamChanged, TeamChangeReason
from domain.permissions import NOBODY, Actor, PermissionMissingError
from domain.processes.edit_account import edit_account
from tests.domain.book import Story, given
from tests.domain.samples import AZORES, INES, LONER, MADEIRA, OWNER, STRANGER, account, app, session_of

MOVER = app(2)
EVERYTHING_BUT_MOVING = app(127 & ~2)
ISLANDS = (AZORES, MADEIRA)


def move(story: Story, actor: Actor, account_id: int, team: int | None) -> Story:
    return story.when(edit_account, actor, account=account_id, edit=Edit(team=team))


def moved(account_id: int, left: int | None, joined: int | None, reason: TeamChangeReason) -> TeamChanged:
    return TeamChanged(account=account_id, left=left, joined=joined, reason=reason)


def cleared(account_id: int) -> PermissionsRevoked:
    return PermissionsRevoked(account=account_id, permissions=32, reason="team_change")


@pytest.mark.parametrize(
    ("who", "team"),
    [(LONER, 3), (STRANGER, 3), (STRANGER, None)],
    ids=["joins", "switches", "leaves"],
)
def test_somebody_joins_switches_and_leaves_on_their_own(who: AccountCreated, team: int | None) -> None:
    story = move(given(*ISLANDS, who), session_of(who), who.account, team)
    story.then(moved(who.account, who.team, team, "self")).again().says_nothing()


@pytest.mark.parametrize(
    ("before", "team"),
    [(None, 3), (4, 3), (3, None)],
    ids=["joins", "switches", "leaves"],
)
def test_who_changes_team_on_their_own_loses_the_right_to_manage_it(before: int | None, team: int | None) -> None:
    holder = account(206, before, 32 | 64)
    story = move(given(*ISLANDS, holder), session_of(holder), 206, team)
    story.then(moved(206, before, team, "self"), cleared(206))


def test_who_changes_team_keeps_every_other_permission() -> None:
    who = account(206, 3, 111 & ~32 & ~2)
    move(given(*ISLANDS, who), session_of(who), 206, 4).then(moved(206, 3, 4, "self"))


@pytest.mark.parametrize("before", [None, 3, 4])
@pytest.mark.parametrize("team", [None, 3, 4])
def test_a_mover_of_accounts_keeps_the_right_wherever_they_go(before: int | None, team: int | None) -> None:
    holder = account(206, before, 32 | 2)
    story = move(given(*ISLANDS, holder), session_of(holder), 206, team)
    story.then(*([] if before == team else [moved(206, before, team, "self")])).again().says_nothing()


@pytest.mark.parametrize("team", [None, 4])
def test_a_mover_of_accounts_moves_others_and_leaves_them_the_right(team: int | None) -> None:
    story = move(given(*ISLANDS, OWNER), MOVER, 206, team)
    story.then(moved(206, 3, team, "moved")).again().says_nothing()


def test_an_owner_kicks_a_mate() -> None:
    story = move(given(*ISLANDS, INES), session_of(OWNER), 204, None)
    story.then(moved(204, 3, None, "kicked")).again().refuses(PermissionMissingError)


def test_an_owner_who_is_kicked_by_another_loses_the_right() -> None:
    other = account(209, 3, 32)
    story = move(given(*ISLANDS, OWNER, other), session_of(OWNER), 209, None)
    story.then(moved(209, 3, None, "kicked"), cleared(209))


def test_an_owner_who_leaves_does_so_on_their_own() -> None:
    story = move(given(*ISLANDS, OWNER), session_of(OWNER), 206, None)
    story.then(moved(206, 3, None, "self"), cleared(206))


def test_an_owner_who_moves_accounts_does_not_kick_but_move() -> None:
    owner = account(206, 3, 32 | 2)
    other = account(209, 3, 32)
    move(given(*ISLANDS, owner, other), session_of(owner), 209, None).then(moved(209, 3, None, "moved"))


@pytest.mark.parametrize(
    ("target", "team"),
    [(INES, 4), (STRANGER, 3), (STRANGER, None), (LONER, 3), (LONER, None)],
    ids=["sends a mate elsewhere", "pulls in", "kicks from another team", "pulls in a loner", "kicks a loner"],
)
def test_an_owner_may_do_nothing_but_kick_a_mate(target: AccountCreated, team: int | None) -> None:
    story = move(given(*ISLANDS, target), session_of(OWNER), target.account, team)
    story.refuses(PermissionMissingError)


def test_an_owner_without_a_team_kicks_nobody() -> None:
    owner = account(206, None, 32)
    move(given(LONER), session_of(owner), 208, None).refuses(PermissionMissingError)


def test_a_mate_who_does_not_own_the_team_kicks_nobody() -> None:
    mate = account(209, 3, 127 & ~32 & ~2)
    move(given(AZORES, INES), session_of(mate), 204, None).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [NOBODY, EVERYTHING_BUT_MOVING, session_of(STRANGER)])
@pytest.mark.parametrize("team", [3, 4, None])
def test_a_team_needs_the_permission_even_when_it_stays_the_same(actor: Actor, team: int | None) -> None:
    move(given(*ISLANDS, INES), actor, 204, team).refuses(PermissionMissingError)


@pytest.mark.parametrize("actor", [session_of(OWNER), MOVER])
def test_to_stay_where_one_is_says_nothing_and_keeps_the_right(actor: Actor) -> None:
    move(given(AZORES, OWNER), actor, 206, 3).says_nothing()


def test_who_left_and_comes_back_does_not_own_the_team_again() -> None:
    story = move(given(AZORES, OWNER), session_of(OWNER), 206, None)
    move(story, session_of(account(206)), 206, 3).then(moved(206, None, 3, "self"))
    edit = Edit(team=None)
    mate = session_of(account(206, 3))
    given(AZORES, INES).when(edit_account, mate, account=204, edit=edit).refuses(PermissionMissingError)
