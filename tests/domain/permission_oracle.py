"""Who may do what, said once more straight from the contract's words and from nothing of the product."""

from typing import NamedTuple

MANAGE_PERMISSIONS, MANAGE_ACCOUNT_TEAMS, MANAGE_ACCOUNT_DETAILS, MANAGE_TEAMS = 0, 1, 2, 3
AUTHENTICATE_USERS, MANAGE_OWN_TEAM, MANAGE_AWARDS = 4, 5, 6


class Caller(NamedTuple):
    """An app, or a session of an account in a team or in none."""

    bits: frozenset[int]
    is_session: bool
    team: int | None = None

    def __str__(self) -> str:
        kind = f"session in team {self.team}" if self.is_session else "app"
        return f"{kind} with bits {sorted(self.bits)}"


class Target(NamedTuple):
    """The account that something is done to."""

    team: int | None
    is_caller: bool = False

    def __str__(self) -> str:
        return f"{'itself' if self.is_caller else 'an account'} in team {self.team}"


def bits_in(mask: int) -> frozenset[int]:
    """Return the numbers of the bits that are set."""
    return frozenset(number for number in range(8) if mask & 2**number)


def may_grant(caller: Caller, target: Target, mask: int) -> bool:
    """Every set bit must pass."""
    return all(_may_grant_bit(caller, target, bit) for bit in bits_in(mask))


def _may_grant_bit(caller: Caller, target: Target, bit: int) -> bool:
    if bit == AUTHENTICATE_USERS:
        return False
    manages_permissions = MANAGE_PERMISSIONS in caller.bits
    if manages_permissions and bit in caller.bits and bit != MANAGE_OWN_TEAM:
        return True
    if bit == MANAGE_OWN_TEAM:
        holds_it_too = manages_permissions and MANAGE_OWN_TEAM in caller.bits
        manages_teams_too = manages_permissions and MANAGE_TEAMS in caller.bits
        return holds_it_too or manages_teams_too or is_owner_of(caller, target.team)
    return False


def is_owner_of(caller: Caller, team: int | None) -> bool:
    """A session holding bit 5 whose account is in the same (non-null) team."""
    return caller.is_session and MANAGE_OWN_TEAM in caller.bits and team is not None and caller.team == team


def may_create(caller: Caller, team: int | None, mask: int) -> bool:
    """`manage_account_details`; non-zero `permissions`: the granting rule with the requested team as the target's."""
    return MANAGE_ACCOUNT_DETAILS in caller.bits and may_grant(caller, Target(team), mask)


def may_move(caller: Caller, target: Target, team: int | None) -> bool:
    """`manage_account_teams`; or a session of this account; or removal by a session that owns the same team."""
    removes = team is None and is_owner_of(caller, target.team)
    return MANAGE_ACCOUNT_TEAMS in caller.bits or target.is_caller or removes


def may_edit_details(caller: Caller) -> bool:
    """`manage_account_details`."""
    return MANAGE_ACCOUNT_DETAILS in caller.bits


def may_delete_account(caller: Caller, target: Target) -> bool:
    """`manage_account_details` or a session of that account."""
    return MANAGE_ACCOUNT_DETAILS in caller.bits or target.is_caller


def may_create_team(caller: Caller) -> bool:
    """`manage_teams`."""
    return MANAGE_TEAMS in caller.bits


def may_manage_team(caller: Caller, team: int) -> bool:
    """`manage_teams`, or session in that team with `manage_own_team`."""
    return MANAGE_TEAMS in caller.bits or is_owner_of(caller, team)


def may_write_awards(caller: Caller) -> bool:
    """`manage_awards`."""
    return MANAGE_AWARDS in caller.bits


def may_open_sessions(caller: Caller) -> bool:
    """`authenticate_users`."""
    return AUTHENTICATE_USERS in caller.bits
