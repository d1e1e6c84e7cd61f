"""The rules of an award, and of the holding of one award by one account (a stream of its own)."""

import msgspec

from domain.awards.events import (
    AwardCreated,
    AwardDeleted,
    AwardDetachedFromTeam,
    AwardEdited,
    AwardGranted,
    AwardMovedToTeam,
    AwardRevoked,
    RevokeReason,
)
from domain.kernel import Entity, Event, RefusalError
from domain.permissions import Actor, Permission, require


class Award(msgspec.Struct, frozen=True):
    """An award that exists."""

    id: int
    title: str
    image_url: str
    team: int | None


class Holding(msgspec.Struct, frozen=True):
    """The fact that an account holds an award."""

    award: int
    account: int


class AwardNotHeldError(RefusalError):
    """The account does not hold the award."""


# How events change an award and a holding. The names of the events are stored for ever.


def evolve(award: Award | None, event: Event) -> Award | None:
    """Apply one event of an award."""
    match event:
        case AwardCreated():
            return Award(event.award, event.title, event.image_url, event.team)
        case AwardEdited() if award:
            return Award(award.id, *_edited(award, event), award.team)
        case AwardMovedToTeam() if award:
            return msgspec.structs.replace(award, team=event.team)
        case AwardDetachedFromTeam() if award:
            return msgspec.structs.replace(award, team=None)
        case AwardDeleted():
            return None
        case _:
            return award


def _edited(award: Award, event: AwardEdited) -> tuple[str, str]:
    title = award.title if event.title is None else event.title
    return title, award.image_url if event.image_url is None else event.image_url


def evolve_holding(holding: Holding | None, event: Event) -> Holding | None:
    """Apply one event of a holding."""
    match event:
        case AwardGranted():
            return Holding(event.award, event.account)
        case AwardRevoked():
            return None
        case _:
            return holding


AWARD = Entity[Award]("awards", evolve)
HOLDING = Entity[Holding]("awards", evolve_holding, usually_new=True)


# What may happen next.


def require_manager(actor: Actor) -> None:
    """Refuse an actor that may not write awards."""
    require(actor.holds(Permission.MANAGE_AWARDS))


def create_award(award: int, title: str, image_url: str, team: int | None) -> list[Event]:
    """Create an award."""
    return [AwardCreated(award=award, title=title, image_url=image_url, team=team)]


def edit_award(award: Award, *, title: str | None = None, image_url: str | None = None) -> list[Event]:
    """Change title or image; None and "" leave it as it is."""
    edited = AwardEdited(
        award=award.id,
        title=title if title and title != award.title else None,
        image_url=image_url if image_url and image_url != award.image_url else None,
    )
    return [] if edited.title is None and edited.image_url is None else [edited]


def move_award(award: Award, team: int | None) -> list[Event]:
    """Make the award one of another team, or of none."""
    if award.team == team:
        return []
    if team is None:
        return detach_award(award)
    return [AwardMovedToTeam(award=award.id, team=team)]


def detach_award(award: Award) -> list[Event]:
    """Make the award of a team one of no team."""
    return [AwardDetachedFromTeam(award=award.id, team=award.team)] if award.team is not None else []


def delete_award(award: Award) -> list[Event]:
    """Delete the award."""
    return [AwardDeleted(award=award.id)]


def grant_award(holding: Holding | None, award: int, account: int) -> list[Event]:
    """Give the award to the account."""
    return [] if holding else [AwardGranted(award=award, account=account)]


def revoke_award(holding: Holding | None, reason: RevokeReason) -> list[Event]:
    """Take the award from the account that holds it."""
    if holding is None:
        raise AwardNotHeldError
    return [AwardRevoked(award=holding.award, account=holding.account, reason=reason)]
