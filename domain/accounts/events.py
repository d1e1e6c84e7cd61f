"""The events of an account, and of the one stream that says whether sign-ups are open."""

from typing import Annotated, ClassVar, Literal

import msgspec

from domain.kernel import SEALED, Event, stream_name

TeamChangeReason = Literal["self", "kicked", "moved", "team_deleted"]


class AccountEvent(Event, frozen=True):
    """Something that happened to one account."""

    account: int

    def subject(self) -> str:
        return stream_name("accounts", self.account)


class AccountCreated(AccountEvent, frozen=True):
    """Somebody became known, possibly already in a team and with permissions."""

    stored_type: ClassVar[str] = "accounts.AccountCreated"
    name: Annotated[str, SEALED]
    discriminator: Annotated[str, SEALED]
    avatar_url: Annotated[str | None, SEALED] = None
    team: int | None = None
    permissions: int = 0

    def about(self) -> tuple[str, ...]:
        return teams_spoken_of(self.team)


class DetailsChanged(AccountEvent, frozen=True):
    """Somebody edited the details; None is a detail that stayed as it was."""

    stored_type: ClassVar[str] = "accounts.DetailsChanged"
    name: Annotated[str | None, SEALED] = None
    discriminator: Annotated[str | None, SEALED] = None
    avatar_url: Annotated[str | None, SEALED] = None


class ProfileSynced(AccountEvent, frozen=True):
    """The details were taken from the identity provider."""

    stored_type: ClassVar[str] = "accounts.ProfileSynced"
    name: Annotated[str, SEALED]
    discriminator: Annotated[str, SEALED]
    avatar_url: Annotated[str | None, SEALED]


class TeamChanged(AccountEvent, frozen=True):
    """The account is now in another team, or in none."""

    stored_type: ClassVar[str] = "accounts.TeamChanged"
    left: int | None = msgspec.field(name="from")
    joined: int | None = msgspec.field(name="to")
    reason: TeamChangeReason

    def about(self) -> tuple[str, ...]:
        return teams_spoken_of(self.left, self.joined)


class PermissionsGranted(AccountEvent, frozen=True):
    """Permissions that were not held before are held now."""

    stored_type: ClassVar[str] = "accounts.PermissionsGranted"
    permissions: int


class PermissionsRevoked(AccountEvent, frozen=True):
    """Permissions that were held before are not any more."""

    stored_type: ClassVar[str] = "accounts.PermissionsRevoked"
    permissions: int
    reason: Literal["requested", "team_change"]


class SuperuserMade(AccountEvent, frozen=True):
    """The operator gave the account everything that an account can hold."""

    stored_type: ClassVar[str] = "accounts.SuperuserMade"
    permissions: int


class AccountBanned(AccountEvent, frozen=True):
    """The operator shut the account out of the API; the reason is for operators."""

    stored_type: ClassVar[str] = "accounts.AccountBanned"
    reason: Annotated[str | None, SEALED] = None


class AccountUnbanned(AccountEvent, frozen=True):
    """The operator let the account in again."""

    stored_type: ClassVar[str] = "accounts.AccountUnbanned"


class ListedGuild(msgspec.Struct, frozen=True):
    """A guild as the identity provider lists it for one of its members; `icon` is a hash."""

    id: int
    name: str
    icon: str | None
    permissions: int


class GuildListRefreshed(AccountEvent, frozen=True):
    """The identity provider said which guilds the account is in; None when that was erased."""

    stored_type: ClassVar[str] = "accounts.GuildListRefreshed"
    guilds: Annotated[tuple[ListedGuild, ...] | None, SEALED]


class AccountDeleted(AccountEvent, frozen=True):
    """The account is gone; its id may be registered again. `team` is where it was."""

    stored_type: ClassVar[str] = "accounts.AccountDeleted"
    team: int | None = None


class SignupsOpened(Event, frozen=True):
    """New accounts are welcome."""

    stored_type: ClassVar[str] = "accounts.SignupsOpened"


class SignupsClosed(Event, frozen=True):
    """No new accounts for now."""

    stored_type: ClassVar[str] = "accounts.SignupsClosed"


EVENTS: tuple[type[Event], ...] = (
    AccountCreated,
    DetailsChanged,
    ProfileSynced,
    TeamChanged,
    PermissionsGranted,
    PermissionsRevoked,
    SuperuserMade,
    AccountBanned,
    AccountUnbanned,
    GuildListRefreshed,
    AccountDeleted,
    SignupsOpened,
    SignupsClosed,
)


def teams_spoken_of(*teams: int | None) -> tuple[str, ...]:
    """Name the streams of the teams that are not None."""
    return tuple(stream_name("teams", team) for team in teams if team is not None)
