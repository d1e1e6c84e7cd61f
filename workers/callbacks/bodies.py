"""What callbacks are told of an event: which kinds it is, whom it is about, and the body as things then were."""

from typing import NamedTuple

import msgspec

from domain.accounts.events import AccountCreated, AccountDeleted, TeamChanged
from domain.awards.events import AwardGranted, AwardRevoked
from domain.kernel import Event
from domain.teams.events import TeamDeleted
from schemas.polympics import Account, AccountTeamUpdate, AccountUpdate, Award, AwardUpdate, Team, TeamUpdate

Body = AccountTeamUpdate | AwardUpdate | AccountUpdate | TeamUpdate


class AwardOfTeam(NamedTuple):
    """An award and the id of the team that it belongs to."""

    award: Award
    team: int | None


class Snapshot(msgspec.Struct, frozen=True):
    """What the query tables show of the objects that an append speaks of."""

    accounts: dict[int, Account]
    teams: dict[int, Team]
    awards: dict[int, AwardOfTeam]

    def followed_by(self, after: "Snapshot") -> "Snapshot":
        """Return what is told: the state afterwards, and what is gone as it last was, accounts without a team."""
        gone = {key: msgspec.structs.replace(account, team=None) for key, account in self.accounts.items()}
        return Snapshot(gone | after.accounts, self.teams | after.teams, self.awards | after.awards)


def kinds_of(event: Event) -> tuple[str, ...]:
    """Return the kinds of callback that are told of an event."""
    match event:
        case AccountCreated(team=team):
            return ("account_created",) if team is None else ("account_team_update", "account_created")
        case AccountDeleted(team=team):
            return ("account_deleted",) if team is None else ("account_team_update", "account_deleted")
        case TeamChanged():
            return ("account_team_update",)
        case AwardGranted():
            return ("award_granted",)
        case AwardRevoked(reason=reason):
            return () if reason == "account_deleted" else ("award_revoked",)
        case TeamDeleted():
            return ("team_deleted",)
        case _:
            return ()


def entity_of(event: Event) -> str:
    """Return whom an event is about: deliveries about one entity keep their order."""
    match event:
        case AccountCreated() | AccountDeleted() | TeamChanged() | AwardGranted() | AwardRevoked():
            return f"accounts-{event.account}"
        case TeamDeleted():
            return f"teams-{event.team}"
        case _:
            raise AssertionError(event)


def state_of(event: Event) -> str:
    """Return of what the body is the state: an account's team, but each award that it holds by itself."""
    match event:
        case AwardGranted() | AwardRevoked():
            return f"awards-{event.award}-{event.account}"
        case _:
            return entity_of(event)


def body_of(kind: str, event: Event, shown: Snapshot) -> Body:
    """Return what one kind of callback is told. Errors: KeyError when the tables do not show it any more."""
    match event:
        case AwardGranted() | AwardRevoked():
            award, team = shown.awards[event.award]
            return AwardUpdate(award, shown.accounts[event.account], None if team is None else shown.teams[team])
        case AccountCreated() | AccountDeleted() | TeamChanged():
            account = shown.accounts[event.account]
            return AccountTeamUpdate(account, account.team) if kind == "account_team_update" else AccountUpdate(account)
        case TeamDeleted():
            return TeamUpdate(shown.teams[event.team])
        case _:
            raise AssertionError(event)
