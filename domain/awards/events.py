"""The events of an award, and of each holding of it by an account."""

from typing import ClassVar, Literal

from domain.kernel import Event, stream_name

RevokeReason = Literal["requested", "award_deleted", "account_deleted"]


class AwardCreated(Event, frozen=True):
    """There is a new award, of a team or of none."""

    stored_type: ClassVar[str] = "awards.AwardCreated"
    award: int
    title: str
    image_url: str
    team: int | None = None

    def about(self) -> tuple[str, ...]:
        return () if self.team is None else (stream_name("teams", self.team),)


class AwardEdited(Event, frozen=True):
    """Title or image changed; None is what stayed as it was."""

    stored_type: ClassVar[str] = "awards.AwardEdited"
    award: int
    title: str | None = None
    image_url: str | None = None


class AwardMovedToTeam(Event, frozen=True):
    """The award is now of this team."""

    stored_type: ClassVar[str] = "awards.AwardMovedToTeam"
    award: int
    team: int

    def about(self) -> tuple[str, ...]:
        return (stream_name("teams", self.team),)


class AwardDetachedFromTeam(Event, frozen=True):
    """The award is of no team any more; `team` is whose it was."""

    stored_type: ClassVar[str] = "awards.AwardDetachedFromTeam"
    award: int
    team: int


class AwardDeleted(Event, frozen=True):
    """The award is gone; its holdings are revoked in the same append."""

    stored_type: ClassVar[str] = "awards.AwardDeleted"
    award: int


class AwardGranted(Event, frozen=True):
    """The account holds the award."""

    stored_type: ClassVar[str] = "awards.AwardGranted"
    award: int
    account: int

    def about(self) -> tuple[str, ...]:
        return (stream_name("accounts", self.account), stream_name("awards", self.award))


class AwardRevoked(Event, frozen=True):
    """The account does not hold the award any more."""

    stored_type: ClassVar[str] = "awards.AwardRevoked"
    award: int
    account: int
    reason: RevokeReason


EVENTS: tuple[type[Event], ...] = (
    AwardCreated,
    AwardEdited,
    AwardMovedToTeam,
    AwardDetachedFromTeam,
    AwardDeleted,
    AwardGranted,
    AwardRevoked,
)
