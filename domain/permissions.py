"""Who may do what: the permission bits, the actor of a command, and the rule for granting."""

from enum import IntFlag

import msgspec

from domain.kernel import RefusalError, stream_name


class Permission(IntFlag):
    """The bits of an account's or app's permissions, as stored and as on the wire."""

    MANAGE_PERMISSIONS = 1
    MANAGE_ACCOUNT_TEAMS = 2
    MANAGE_ACCOUNT_DETAILS = 4
    MANAGE_TEAMS = 8
    AUTHENTICATE_USERS = 16
    MANAGE_OWN_TEAM = 32
    MANAGE_AWARDS = 64


ALL_BITS = 127
APP_BITS = ALL_BITS & ~Permission.MANAGE_OWN_TEAM
SUPERUSER_BITS = ALL_BITS & ~Permission.AUTHENTICATE_USERS


class PermissionMissingError(RefusalError):
    """The actor does not have the permission that this needs."""


class Actor(msgspec.Struct, frozen=True):
    """Who issues a command: a session (`account`, `team`), an app (`app`), or an operator, who holds all bits.

    `session` is the id by which the session's owner knows it; the log keeps it beside the name.
    """

    permissions: int = 0
    app: int | None = None
    account: int | None = None
    team: int | None = None
    label: str = "nobody"
    session: str | None = None

    def name(self) -> str:
        """Name the actor as the log does: by the stream of the app or account."""
        if self.app is not None:
            return stream_name("apps", self.app)
        return self.label if self.account is None else stream_name("accounts", self.account)

    def holds(self, permission: int) -> bool:
        """Tell whether every bit of `permission` is held."""
        return self.permissions & permission == permission

    def is_account(self, account: int) -> bool:
        """Tell whether this is a session of that account."""
        return self.account == account

    def owns_team(self, team: int | None) -> bool:
        """Tell whether this is a session in that team that may manage it."""
        return self.in_team(team) and self.holds(Permission.MANAGE_OWN_TEAM)

    def in_team(self, team: int | None) -> bool:
        """Tell whether this is a session in that (real) team."""
        return self.account is not None and team is not None and self.team == team


NOBODY = Actor()
OPERATOR = Actor(permissions=ALL_BITS, label="operator")


def require(allowed: bool) -> None:  # noqa: FBT001 - the condition is the one thing this takes
    """Refuse with PermissionMissingError unless the condition holds."""
    if not allowed:
        raise PermissionMissingError


def bits_of(permissions: int) -> list[int]:
    """Split a mask into its single bits, lowest first."""
    return [1 << n for n in range(permissions.bit_length()) if permissions >> n & 1]


def may_grant(actor: Actor, permissions: int, team: int | None) -> bool:
    """Tell whether the actor may grant or revoke every bit of `permissions` on an account of that team."""
    return all(_may_grant_bit(actor, bit, team) for bit in bits_of(permissions))


def _may_grant_bit(actor: Actor, bit: int, team: int | None) -> bool:
    if bit == Permission.AUTHENTICATE_USERS:
        return False
    if actor.holds(Permission.MANAGE_PERMISSIONS | bit):
        return True
    if bit != Permission.MANAGE_OWN_TEAM:
        return False
    return actor.holds(Permission.MANAGE_PERMISSIONS | Permission.MANAGE_TEAMS) or actor.owns_team(team)
