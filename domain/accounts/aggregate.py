"""The rules of an account: details, team moves, permissions and sign-ups."""

import hashlib
from typing import Literal

import msgspec

from domain.accounts.events import (
    AccountBanned,
    AccountCreated,
    AccountDeleted,
    AccountUnbanned,
    DetailsChanged,
    GuildListRefreshed,
    ListedGuild,
    PermissionsGranted,
    PermissionsRevoked,
    ProfileSynced,
    SignupsClosed,
    SignupsOpened,
    SuperuserMade,
    TeamChanged,
    TeamChangeReason,
)
from domain.kernel import Entity, Event, RefusalError
from domain.permissions import SUPERUSER_BITS, Actor, Permission, may_grant, require


class Account(msgspec.Struct, frozen=True):
    """An account that exists. Of its guild list only a digest is kept in mind."""

    id: int
    name: str
    discriminator: str
    avatar_url: str | None
    team: int | None
    permissions: int
    state: Literal["normal", "banned"] = "normal"
    guild_list: str = ""


class Profile(msgspec.Struct, frozen=True):
    """Who somebody is, as an app or an identity provider says."""

    id: int
    name: str
    discriminator: str
    avatar_url: str | None


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to change an account. Empty and 0 mean "leave as it is"; team None leaves the team."""

    name: str = ""
    discriminator: str = ""
    avatar_url: str = ""
    team: int | msgspec.UnsetType | None = msgspec.UNSET
    grant: int = 0
    revoke: int = 0
    profile: Profile | None = None

    def details(self) -> dict[str, str]:
        """Return the details that are to be set."""
        wanted = {"name": self.name, "discriminator": self.discriminator, "avatar_url": self.avatar_url}
        return {key: value for key, value in wanted.items() if value}


class SignupsClosedError(RefusalError):
    """Sign-ups are closed."""


class AccountAlreadyRegisteredError(RefusalError):
    """An account with this id exists already."""


class OtherProfileError(RefusalError):
    """The profile belongs to another account."""


# How events change an account. The names of the events are stored for ever.


def evolve(account: Account | None, event: Event) -> Account | None:
    """Apply one event."""
    if isinstance(event, AccountCreated):
        return _created(event)
    return None if account is None else _changed(account, event)


def _created(event: AccountCreated) -> Account:
    details = (event.name, event.discriminator, event.avatar_url)
    return Account(event.account, *details, event.team, event.permissions)


def _changed(account: Account, event: Event) -> Account | None:
    match event:
        case DetailsChanged():
            return _replace(account, **_details(event))
        case ProfileSynced(name=name, discriminator=discriminator, avatar_url=avatar_url):
            return _replace(account, name=name, discriminator=discriminator, avatar_url=avatar_url)
        case TeamChanged(joined=team):
            return _replace(account, team=team)
        case PermissionsGranted(permissions=bits):
            return _replace(account, permissions=account.permissions | bits)
        case PermissionsRevoked(permissions=bits):
            return _replace(account, permissions=account.permissions & ~bits)
        case SuperuserMade(permissions=bits):
            return _replace(account, permissions=bits)
        case AccountDeleted():
            return None
        case _:
            return _stood(account, event)


def _stood(account: Account, event: Event) -> Account:
    match event:
        case AccountBanned():
            return _replace(account, state="banned")
        case AccountUnbanned():
            return _replace(account, state="normal")
        case GuildListRefreshed(guilds=guilds):
            return _replace(account, guild_list=_digest(guilds))
        case _:
            return account


def _digest(guilds: tuple[ListedGuild, ...] | None) -> str:
    return "" if guilds is None else hashlib.sha256(msgspec.json.encode(guilds)).hexdigest()


def _replace(account: Account, **changes: object) -> Account:
    return msgspec.structs.replace(account, **changes)


def _details(event: DetailsChanged) -> dict[str, str]:
    wanted = {"name": event.name, "discriminator": event.discriminator, "avatar_url": event.avatar_url}
    return {key: value for key, value in wanted.items() if value is not None}


def evolve_signups(is_open: bool | None, event: Event) -> bool | None:  # noqa: FBT001 - the state is a bool
    """Apply one event of the sign-ups stream; None: never said, the operator's setting counts."""
    match event:
        case SignupsOpened():
            return True
        case SignupsClosed():
            return False
        case _:
            return is_open


ACCOUNT = Entity[Account]("accounts", evolve)
SIGNUPS = Entity[bool]("accounts", evolve_signups)


# What may happen next.


def require_signups(*, recorded: bool | None, default: bool) -> None:
    """Refuse when sign-ups are closed; the recorded word counts more than the operator's setting."""
    if not (default if recorded is None else recorded):
        raise SignupsClosedError


def turn_signups(recorded: bool | None, *, is_open: bool) -> list[Event]:  # noqa: FBT001 - the state is a bool
    """Open or close sign-ups."""
    if recorded is is_open:
        return []
    return [SignupsOpened() if is_open else SignupsClosed()]


def create_account(
    state: Account | None, actor: Actor, profile: Profile, *, team: int | None, permissions: int
) -> list[Event]:
    """Register somebody; permissions are judged by the granting rule with the requested team as the target's."""
    require(actor.holds(Permission.MANAGE_ACCOUNT_DETAILS) and may_grant(actor, permissions, team))
    if state is not None:
        raise AccountAlreadyRegisteredError
    return [_creation(profile, team, permissions)]


def register_on_login(state: Account | None, profile: Profile) -> list[Event]:
    """Create the account of somebody who logs in for the first time; known accounts are not synchronised."""
    return [] if state is not None else [_creation(profile, None, 0)]


def _creation(profile: Profile, team: int | None, permissions: int) -> AccountCreated:
    return AccountCreated(
        account=profile.id,
        name=profile.name,
        discriminator=profile.discriminator,
        avatar_url=profile.avatar_url,
        team=team,
        permissions=permissions,
    )


def edit_account(account: Account, actor: Actor, edit: Edit) -> list[Event]:
    """Decide a whole edit: details (a profile overrides them), team with clearing, permissions; all or nothing.

    Grants are judged on the state after the team step, revocations on the state before it.
    """
    actor = _as_now(actor, account)
    require(not edit.details() or actor.holds(Permission.MANAGE_ACCOUNT_DETAILS))
    moved = _move(account, actor, edit)
    after = ACCOUNT.fold(moved, account) or account
    require(may_grant(actor, edit.revoke, account.team))
    require(may_grant(_as_now(actor, after), edit.grant, after.team))
    if edit.profile is not None and edit.profile.id != account.id:
        raise OtherProfileError
    return [*_edit_details(account, edit), *moved, *_edit_permissions(after, edit)]


def _edit_details(account: Account, edit: Edit) -> list[Event]:
    if edit.profile is not None:
        return sync_profile(account, edit.profile)
    changes = {key: value for key, value in edit.details().items() if value != getattr(account, key)}
    return [DetailsChanged(account=account.id, **changes)] if changes else []


def sync_profile(account: Account, profile: Profile) -> list[Event]:
    """Take the details from the identity provider."""
    synced = ProfileSynced(
        account=account.id, name=profile.name, discriminator=profile.discriminator, avatar_url=profile.avatar_url
    )
    return [] if evolve(account, synced) == account else [synced]


def _move(account: Account, actor: Actor, edit: Edit) -> list[Event]:
    if edit.team is msgspec.UNSET:
        return []
    kicks = edit.team is None and actor.owns_team(account.team)
    require(actor.holds(Permission.MANAGE_ACCOUNT_TEAMS) or actor.is_account(account.id) or kicks)
    return change_team(account, actor, edit.team, _reason(account, actor))


def _reason(account: Account, actor: Actor) -> TeamChangeReason:
    if actor.is_account(account.id):
        return "self"
    return "moved" if actor.holds(Permission.MANAGE_ACCOUNT_TEAMS) else "kicked"


def change_team(account: Account, actor: Actor, team: int | None, reason: TeamChangeReason) -> list[Event]:
    """Move the account; a mover without `manage_account_teams` takes `manage_own_team` off the moved account."""
    if team == account.team:
        return []
    changed = TeamChanged(account=account.id, left=account.team, joined=team, reason=reason)
    clears = account.permissions & Permission.MANAGE_OWN_TEAM and not actor.holds(Permission.MANAGE_ACCOUNT_TEAMS)
    if not clears:
        return [changed]
    own_team = int(Permission.MANAGE_OWN_TEAM)
    return [changed, PermissionsRevoked(account=account.id, permissions=own_team, reason="team_change")]


def _as_now(actor: Actor, account: Account) -> Actor:
    if not actor.is_account(account.id):
        return actor
    return msgspec.structs.replace(actor, permissions=account.permissions, team=account.team)


def _edit_permissions(account: Account, edit: Edit) -> list[Event]:
    granted = edit.grant & ~edit.revoke & ~account.permissions
    revoked = edit.revoke & account.permissions
    events: list[Event] = []
    if granted:
        events.append(PermissionsGranted(account=account.id, permissions=granted))
    if revoked:
        events.append(PermissionsRevoked(account=account.id, permissions=revoked, reason="requested"))
    return events


def make_superuser(account: Account) -> list[Event]:
    """Give the account all that an account can hold."""
    if account.permissions == SUPERUSER_BITS:
        return []
    return [SuperuserMade(account=account.id, permissions=SUPERUSER_BITS)]


def ban_account(account: Account, reason: str | None) -> list[Event]:
    """Shut the account out of the API."""
    return [] if account.state == "banned" else [AccountBanned(account=account.id, reason=reason)]


def unban_account(account: Account) -> list[Event]:
    """Let the account in again."""
    return [AccountUnbanned(account=account.id)] if account.state == "banned" else []


def refresh_guild_list(account: Account, guilds: tuple[ListedGuild, ...]) -> list[Event]:
    """Take note of the guilds that the account is in."""
    refreshed = GuildListRefreshed(account=account.id, guilds=guilds)
    return [] if evolve(account, refreshed) == account else [refreshed]


def delete_account(account: Account, actor: Actor) -> list[Event]:
    """Delete the account, for a manager of details or a session of its own; nobody sheds a ban like that."""
    require(account.state != "banned" or not actor.is_account(account.id))
    require(actor.holds(Permission.MANAGE_ACCOUNT_DETAILS) or actor.is_account(account.id))
    return [AccountDeleted(account=account.id, team=account.team)]
