"""The people and things of the rule tests."""

from datetime import UTC, datetime

from domain.accounts.aggregate import Profile
from domain.accounts.events import AccountCreated
from domain.apps.events import AppCreated
from domain.awards.events import AwardCreated, AwardGranted
from domain.callbacks.events import CallbackRegistered
from domain.permissions import Actor
from domain.sessions.events import SessionOpened
from domain.teams.events import TeamCreated

SOON = datetime(2027, 1, 1, tzinfo=UTC)
LATER = datetime(2027, 2, 1, tzinfo=UTC)

AZORES = TeamCreated(team=3, name="Azores")
MADEIRA = TeamCreated(team=4, name="Madeira")

BRONZE = AwardCreated(award=8, title="Bronze", image_url="b.png", team=3)
SILVER = AwardCreated(award=9, title="Silver", image_url="s.png", team=4)

BOT = AppCreated(app=1, name="Bot", permissions=95, token_hash="ab")
BOTS_CALLBACK = CallbackRegistered(callback=5, app=1, event="team_deleted", url="https://a.example.org", secret="x")


def account(account_id: int, team: int | None = None, permissions: int = 0) -> AccountCreated:
    """Say that somebody is known, in that team and with those permissions."""
    return AccountCreated(
        account=account_id, name="Ines", discriminator="0412", avatar_url="i.png", team=team, permissions=permissions
    )


def profile(account_id: int, name: str = "Ines", discriminator: str = "0412", avatar_url: str = "i.png") -> Profile:
    """Say what the identity provider says; by default it is what is known already."""
    return Profile(account_id, name, discriminator, avatar_url)


def holding(award: int, account_id: int) -> AwardGranted:
    """Say that an account holds an award."""
    return AwardGranted(award=award, account=account_id)


def session(session_id: int, account_id: int) -> SessionOpened:
    """Say that an account has a session."""
    return SessionOpened(session=session_id, kind="polympics", account=account_id, token_hash="ab", expires_at=SOON)


def app(permissions: int = 0) -> Actor:
    """Return an app as the actor of a command."""
    return Actor(app=1, permissions=permissions)


def session_of(created: AccountCreated) -> Actor:
    """Return a session of an account, which is still as it was created, as the actor of a command."""
    return Actor(account=created.account, team=created.team, permissions=created.permissions)


INES = account(204, team=3)
RUI = account(205, team=3)
OWNER = account(206, team=3, permissions=32)
STRANGER = account(207, team=4)
LONER = account(208)
