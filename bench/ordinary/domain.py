"""Teams, accounts, awards and who holds them, as the eventsourcing library's aggregates."""

from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError


class Team(Aggregate):
    class Created(Aggregate.Created):
        team: int
        name: str

    @event(Created)
    def __init__(self, team: int, name: str) -> None:
        self.team = team
        self.name = name

    @staticmethod
    def create_id(team: int, **_: object) -> UUID:
        return uuid5(NAMESPACE_URL, f"/team/{team}")


class Account(Aggregate):
    class Created(Aggregate.Created):
        account: int
        name: str
        discriminator: str
        avatar_url: str | None
        team: int | None

    @event(Created)
    def __init__(self, account: int, name: str, discriminator: str, avatar_url: str | None, team: int | None) -> None:
        self.account = account
        self.name = name
        self.discriminator = discriminator
        self.avatar_url = avatar_url
        self.team = team

    @staticmethod
    def create_id(account: int, **_: object) -> UUID:
        return uuid5(NAMESPACE_URL, f"/account/{account}")


class Award(Aggregate):
    class Created(Aggregate.Created):
        award: int
        title: str
        image_url: str
        team: int | None

    @event(Created)
    def __init__(self, award: int, title: str, image_url: str, team: int | None) -> None:
        self.award = award
        self.title = title
        self.image_url = image_url
        self.team = team

    @staticmethod
    def create_id(award: int, **_: object) -> UUID:
        return uuid5(NAMESPACE_URL, f"/award/{award}")


class Holding(Aggregate):
    """One award held, or no longer held, by one account."""

    class Granted(Aggregate.Created):
        account: int
        award: int

    class GrantedAgain(Aggregate.Event):
        pass

    @event(Granted)
    def __init__(self, account: int, award: int) -> None:
        self.account = account
        self.award = award
        self.held = True

    @event(GrantedAgain)
    def grant_again(self) -> None:
        self.held = True

    @event("Revoked")
    def revoke(self) -> None:
        self.held = False

    @staticmethod
    def create_id(account: int, award: int) -> UUID:
        return uuid5(NAMESPACE_URL, f"/account/{account}/award/{award}")


class Tournament(Application[UUID]):
    """The application: it loads, lets the aggregate decide and saves."""

    def grant_award(self, account: int, award: int) -> bool:
        """Whether the award was not held before."""
        try:
            holding: Holding = self.repository.get(Holding.create_id(account, award))
        except AggregateNotFoundError:
            return self.grant_first_time(account, award)
        if holding.held:
            return False
        holding.grant_again()
        self.save(holding)
        return True

    def grant_first_time(self, account: int, award: int) -> bool:
        try:
            self.save(Holding(account=account, award=award))
        except IntegrityError:
            return False
        return True
